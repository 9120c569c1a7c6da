"""A page of the record: what was asked for, which entries that is, and how each is told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from unicodedata import normalize
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from audit import reading
from audit.models import Entry
from audit.reading import Named
from audit.search import finding, grams
from audit.search.pieces import Read, read
from audit.templatetags.ui import day_long

PAGE = 50
AROUND = 40
"""Characters of a text that are shown on either side of a word."""


@dataclass(frozen=True)
class Wanted:
    """Which entries are asked for; what is empty doesn't narrow.

    `subject` and `person` as the ledger names them, `unit` an id: whose business it was done as.
    """

    words: str = ""
    kind: str = ""
    first: date | None = None
    last: date | None = None
    subject: str = ""
    person: str = ""
    unit: str = ""
    evidence: str = ""

    @property
    def asked(self) -> finding.Asked:
        tags = {"kind": self.kind, "about": self.subject, "by": self.person, "unit": self.unit}
        tags["evidence"] = self.evidence
        return finding.Asked(
            words=tuple(grams.words(self.words)),
            tags=tuple(f"{name}:{value}" for name, value in tags.items() if value),
            first=_midnight(self.first) if self.first else None,
            before=_midnight(self.last + timedelta(days=1)) if self.last else None,
        )

    @property
    def is_all(self) -> bool:
        return self.asked == finding.Asked()


@dataclass(frozen=True)
class Found:
    """A page of entries, newest first, and the place where older ones go on."""

    entries: list[Entry]
    older: str


def entries(organisation: UUID, wanted: Wanted, before: str = "") -> Found:
    """One page, by keyset: as quick on the last page as on the first.

    What was asked for is found once it is in the log, a second or two after it was recorded; the
    whole record shows what is still waiting, too.
    """
    if wanted.is_all:
        return _newest(organisation, before)
    below = int(before) if before.isdecimal() and len(before) < 19 else None
    hits = finding.hits(organisation, wanted.asked, below=below, limit=PAGE + 1)
    page = hits[:PAGE]
    return Found(in_order(organisation, page), str(page[-1].index) if len(hits) > PAGE else "")


def in_order(organisation: UUID, hits: Sequence[finding.Hit]) -> list[Entry]:
    known = Entry.objects.filter(organisation=organisation).select_related("leaf")
    found = known.in_bulk([hit.entry for hit in hits])
    return [found[hit.entry] for hit in hits]


def _newest(organisation: UUID, before: str) -> Found:
    found = Entry.objects.filter(organisation=organisation)
    if place := _place(before):
        at, entry = place
        found = found.filter(Q(at__lt=at) | Q(at=at, id__lt=entry))
    page = list(found.select_related("leaf").order_by("-at", "-id")[: PAGE + 1])
    last = page[PAGE - 1] if len(page) > PAGE else None
    return Found(page[:PAGE], f"{last.at.isoformat()}_{last.pk}" if last else "")


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _place(text: str) -> tuple[datetime, UUID] | None:
    """Where a page ended; None for anything else that stands in the address."""
    at, _colon, entry = text.partition("_")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(entry)) if moment.tzinfo else None
    except ValueError:
        return None


# How an entry is told

Part = tuple[str, bool]
"""A stretch of text, and whether it was searched for."""


@dataclass(frozen=True)
class Quote:
    """Words of an entry around what was searched for; `label` says what they are."""

    label: str
    parts: list[Part]


@dataclass(frozen=True)
class Row:
    """An entry as a sentence, with what the page links to."""

    entry: Entry
    kind: str
    sentence: list[Part]
    subject: Named
    subject_parts: list[Part]
    actor: Named
    capacity: str
    evidence: str
    quotes: list[Quote]
    read: Read

    @property
    def index(self) -> int | None:
        leaf = getattr(self.entry, "leaf", None)
        return leaf.leaf_index if leaf else None

    @property
    def said(self) -> str:
        return "".join(text for text, _hit in self.sentence)

    @property
    def texts(self) -> list[str]:
        """What people wrote in it, each with what it is."""
        written = [said for said in self.read.said if said.place in WRITTEN or said.opening]
        return list(
            dict.fromkeys(
                f"{label}: {said.text}" if (label := _label(said.place)) else said.text
                for said in written
                if said.text and said.place not in NAMES
            )
        )


EVIDENCE: dict[str, str | Promise] = {
    "passkey": pgettext_lazy("evidence of a sign-off", "personally signed"),
    "password": pgettext_lazy("evidence of a sign-off", "server-attested, password repeated"),
    "session": pgettext_lazy("evidence of a sign-off", "server-attested"),
}
PLACES: dict[str, str | Promise] = {
    "who": gettext_lazy("Name then"),
    "about": gettext_lazy("Called then"),
    "capacity": gettext_lazy("In the capacity of"),
    "document": gettext_lazy("Text of the document"),
    "comment": gettext_lazy("Comment"),
    "reason": gettext_lazy("Reason"),
    "name": gettext_lazy("Name"),
    "account": gettext_lazy("Account"),
    "email": gettext_lazy("Mail address"),
    "text": gettext_lazy("Report"),
    "answer": gettext_lazy("Answer"),
    "title": gettext_lazy("Title"),
    "opinion": gettext_lazy("Opinion"),
}
NAMES = frozenset({"who", "about"})
WRITTEN = frozenset({"title"})
UNQUOTED = frozenset({"kind", "decision"})
"""What the sentence says in its own words."""


def rows(organisation: UUID, found: Sequence[Entry], words: str = "") -> list[Row]:
    """Entries in sentences, with the words marked and quoted from wherever they stand."""
    reader, asked = reading.reader(), grams.words(words)
    known = read(organisation, found)
    bodies = {one.entry.pk: one.body for one in known}
    names = reader.name(organisation, {n for one in found for n in (one.subject, one.actor)})
    sentences = reader.sentences(organisation, found, bodies)
    return [_row(one, reader, names, sentences[one.entry.pk], asked) for one in known]


def _row(
    one: Read, reader: reading.Reader, names: dict[str, Named], sentence: str, asked: list[str]
) -> Row:
    entry = one.entry
    subject = names.get(entry.subject, Named(entry.subject))
    capacity = next((said.text for said in one.said if said.place == "capacity"), "")
    level = next((tag for tag in one.tags if tag.startswith("evidence:")), "").partition(":")[2]
    shown = [sentence, subject.text, capacity]
    return Row(
        entry=entry,
        kind=str(reader.kinds.get(entry.kind, entry.kind)),
        sentence=parts(sentence, asked),
        subject=subject,
        subject_parts=parts(subject.text, asked),
        actor=names.get(entry.actor, Named(entry.actor)),
        capacity=capacity,
        evidence=str(EVIDENCE.get(level, level)),
        quotes=list(_quotes(one, shown, asked)),
        read=one,
    )


def _quotes(one: Read, shown: list[str], asked: list[str]) -> Iterator[Quote]:
    """For each word that the row doesn't show anyway, the first text that holds it; each once."""
    visible, quoted = [grams.folded(text) for text in shown], set[str]()
    for word in asked:
        if any(word in text for text in visible):
            continue
        for said in one.said:
            if said.place not in UNQUOTED and word in grams.folded(said.text):
                if said.text not in quoted:
                    yield Quote(_label(said.place), around(said.text, word, asked))
                quoted.add(said.text)
                break


def _label(place: str) -> str:
    last = place.rpartition(".")[2]
    return str(_("File") if place.startswith("evidence.") else PLACES.get(last, ""))


def parts(text: str, asked: Iterable[str]) -> list[Part]:
    """The text cut at the words that were searched for."""
    text, cut, done = normalize("NFC", text), list[Part](), 0
    for start, end in grams.places(text, asked):
        cut += [(text[done:start], False)] if start > done else []
        cut.append((text[start:end], True))
        done = end
    return [*cut, (text[done:], False)] if done < len(text) or not text else cut


def around(text: str, word: str, asked: Iterable[str]) -> list[Part]:
    """The words in the stretch of text that holds the first of one of them."""
    text = " ".join(normalize("NFC", text).split())
    place = max(grams.folded(text).find(word), 0)
    start, end = max(place - AROUND, 0), min(place + len(word) + AROUND, len(text))
    found = parts(text[start:end], asked)
    before = [("…", False)] if start else []
    return [*before, *found, *([("…", False)] if end < len(text) else [])]


# What was asked for, in words


@dataclass(frozen=True)
class Chip:
    """One condition in words, and the field that it stands in."""

    field: str
    text: str


def told(organisation: UUID, wanted: Wanted) -> list[Chip]:
    """The conditions, in the order in which they are read out."""
    reader = reading.reader()
    named = {"subject": wanted.subject, "person": wanted.person}
    named["unit"] = f"unit:{wanted.unit}" if wanted.unit else ""
    names = reader.name(organisation, filter(None, named.values()))

    def name(field: str) -> str:
        return names[named[field]].text if named[field] in names else named[field]

    chips = {
        "q": _("with the words “%s”") % wanted.words if wanted.words else "",
        "kind": reader.kinds.get(wanted.kind, wanted.kind),
        "person": _("by %s") % name("person") if wanted.person else "",
        "unit": _("in the capacity of %s") % name("unit") if wanted.unit else "",
        "subject": _("about %s") % name("subject") if wanted.subject else "",
        "evidence": EVIDENCE.get(wanted.evidence, wanted.evidence),
        "first": _("from %s on") % day_long(wanted.first) if wanted.first else "",
        "last": _("up to %s") % day_long(wanted.last) if wanted.last else "",
    }
    return [Chip(field, str(text)) for field, text in chips.items() if text]

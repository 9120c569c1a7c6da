"""The pages on which routes are written, as their templates take them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approvals.actions.routes import problems_outside
from approvals.forms.editor import LISTS, SignersForm, StageForm
from approvals.models import Route, RouteDraft
from approvals.queries import routing
from approvals.routes import drawing, editing, specs, wording
from approvals.routes.changes import Compared, changes_of
from approvals.routes.specs import Plain, StageSpec
from audit.spacing import in_a_row

KNOWN = ("post", "person")
"""Selectors of which the number of seats is known whatever is submitted."""


@dataclass(frozen=True)
class Line:
    """One line of signers of the open stage."""

    number: int
    text: str
    weight: int


@dataclass(frozen=True)
class Trouble:
    """What is wrong: in full, and beside the `field` of the stage that it is about."""

    text: str
    beside: str
    field: str


@dataclass(frozen=True)
class Card:
    """A stage in the editor: closed it is read, open it is a form."""

    position: int
    name: str
    who: Sequence[str]
    rule: str
    notes: Sequence[str]
    problems: Sequence[Trouble]
    hints: Sequence[str]
    is_first: bool
    is_last: bool
    form: StageForm | None = None
    lines: Mapping[str, Sequence[Line]] | None = None
    adders: Mapping[str, SignersForm] | None = None
    is_unfolded: bool = False
    """Whether the form shows what most stages leave as it is: something of it is set, or amiss."""


@dataclass(frozen=True)
class Preset:
    name: str
    label: str


@dataclass(frozen=True)
class Editor:
    """The whole page: cards, picture, and what is still missing."""

    route: Route
    draft: RouteDraft
    kind: str
    cards: Sequence[Card]
    picture: SafeString
    problems: Sequence[str]
    opened: int
    focus: str
    presets: Sequence[Preset]
    directory: routing.Directory | None
    in_force: int | None
    """The number of the version that this one replaces."""
    changes: Sequence[Compared]
    """What it would change against that version."""
    instead_of: str
    """The name of the other route that new approvals of the kind follow until then."""
    has_route: bool
    """Whether anything says who approves routes here."""

    @property
    def hints(self) -> list[str]:
        """What of each stage is hardly on purpose, though it may be put forward."""
        return [
            pgettext("a stage and what is wrong with it", "%(stage)s: %(problem)s")
            % {"stage": wording.stage_name(card.position, card.name), "problem": hint}
            for card in self.cards
            for hint in card.hints
        ]

    @property
    def is_ready(self) -> bool:
        return not self.problems and not any(card.problems for card in self.cards)

    @property
    def may_submit(self) -> bool:
        return self.is_ready and self.has_route


def presets() -> list[Preset]:
    labels = {
        "deputy": _("Deputy in charge"),
        "principal": _("Principal"),
        "cooperating": _("Cooperating units"),
        "vote": _("A vote, such as 2 of 3"),
        "office": _("An office"),
        "empty": _("An empty stage"),
    }
    return [Preset(name, labels[name]) for name in editing.PRESETS]


def editor(
    draft: RouteDraft,
    *,
    edited: editing.Edited | None = None,
    form: StageForm | None = None,
    adders: Mapping[str, SignersForm] | None = None,
    directory: routing.Directory | None = None,
) -> Editor:
    """The editor for a draft; `form` and `adders` come back as they were sent."""
    opened = edited.open if edited and edited.open <= len(draft.stages) else 0
    route, organisation = draft.route, draft.route.organisation
    stages = [StageSpec.of(one) for one in draft.stages]
    words = Words.of(stages, route)
    if opened:
        directory = directory or routing.directory_of(organisation.pk)
        form = form or StageForm(
            None,
            stage=draft.stages[opened - 1],
            before=draft.stages[: opened - 1],
            of_tasks=routing.is_of_tasks(route),
            plans=routing.plans_to_choose(route),
        )
        adders = {
            name: (adders or {}).get(name)
            or SignersForm(
                None,
                directory=directory,
                prefix=name,
                role="reviewer" if stages[opened - 1].rule == "quorum" else "principal",
            )
            for name in LISTS
        }
        _focus(form, adders, edited.focus if edited else "")
    cards = [
        card(
            words,
            position,
            form if position == opened else None,
            adders if position == opened else None,
        )
        for position in range(1, len(stages) + 1)
    ]
    newest = route.versions.order_by("-number").first()
    return Editor(
        route,
        draft,
        wording.kind(route.subject_kind),
        cards,
        picture(words, route.name),
        [one.text for one in words.problems.get(0, [])],
        opened,
        edited.focus if edited and edited.focus else "" if stages else "add-deputy",
        presets(),
        directory,
        newest.number if newest else None,
        changes_of(draft, newest) if newest else [],
        (routing.followed_instead(route) or ("", ""))[1],
        routing.approves_routes(organisation.pk),
    )


def _focus(form: StageForm, adders: Mapping[str, SignersForm], place: str) -> None:
    """Put the keyboard where the last button was, or where one goes on."""
    verb, _dash, name = place.partition("-")
    fields: Mapping[str, tuple[StageForm | SignersForm | None, str]] = {
        "stage": (form, "name"),
        "where": (adders.get(name), "where"),
        "person": (adders.get(name), "person"),
    }
    found, field = fields.get(verb, (None, ""))
    if found:
        found.fields[field].widget.attrs["autofocus"] = True


@dataclass(frozen=True)
class Words:
    """The stages with all that is needed to speak of them."""

    stages: Sequence[StageSpec]
    names: Mapping[str, str]
    seats: Mapping[tuple[str, str], int]
    problems: Mapping[int, Sequence[Trouble]]

    @classmethod
    def of(cls, stages: Sequence[StageSpec], route: Route) -> "Words":
        organisation = route.organisation
        found: dict[int, list[Trouble]] = {}
        for one in [*specs.problems(stages), *problems_outside(stages, organisation)]:
            said = Trouble(wording.problem(one, stages), wording.complaint(one), one.field)
            found.setdefault(one.position, []).append(said)
        return cls(
            stages,
            routing.names_in(stages, organisation.pk),
            routing.seats_today(stages, organisation.pk),
            found,
        )

    def signer(self, one: specs.Selector) -> str:
        """With how many posts a unit has of that role today, where that isn't one."""
        said = wording.selector(one, self.names)
        if one.get("select") != "post":
            return said
        seats = self.seats.get((str(one["unit"]), one["role"]), 0)
        if seats == 1:
            return said
        posts = ngettext("%(n)d post", "%(n)d posts", seats) % {"n": seats}
        return pgettext("signers and how many posts", "%(who)s (%(posts)s)") % {
            "who": said,
            "posts": posts if seats else _("no post yet"),
        }

    def votes(self, spec: StageSpec) -> int:
        """How many votes today's posts have together; 0 where that isn't known, or none."""
        if any(one["select"] not in KNOWN for one in spec.approvers):
            return 0
        return sum(
            one.get("weight", 1) * self.seats.get((str(one.get("unit")), str(one.get("role"))), 1)
            for one in spec.approvers
        )

    def rule(self, spec: StageSpec) -> str:
        """What makes the stage pass: of a vote with how many there are today."""
        needed, votes = spec.quorum_number, self.votes(spec)
        if not needed or spec.refusal == "advice" or votes < needed:
            return wording.rule(spec)
        return ngettext(
            "%(needed)s of %(votes)s vote is needed.",
            "%(needed)s of %(votes)s votes are needed.",
            votes,
        ) % {"needed": needed, "votes": votes}

    def hints(self, spec: StageSpec) -> list[str]:
        """What may be as it is, but hardly on purpose: a vote that today's posts can't win."""
        seats = self.votes(spec)
        if not seats or seats >= (spec.quorum_number or 0):
            return []
        return [
            ngettext(
                "Only %(seats)d vote can be cast today, and %(needed)d are needed.",
                "Only %(seats)d votes can be cast today, and %(needed)d are needed.",
                seats,
            )
            % {"seats": seats, "needed": spec.quorum_number}
        ]


def card(
    words: Words,
    position: int,
    form: StageForm | None = None,
    adders: Mapping[str, SignersForm] | None = None,
) -> Card:
    spec = words.stages[position - 1]
    lines = {
        name: [
            Line(number, words.signer(_unweighed(one)), one.get("weight", 1))
            for number, one in enumerate(getattr(spec, name), 1)
        ]
        for name in LISTS
    }
    return Card(
        position,
        spec.name,
        [words.signer(one) for one in spec.approvers],
        in_a_row([words.rule(spec), wording.refusal(spec)]),
        wording.notes(spec, words.stages, words.names),
        words.problems.get(position, []),
        words.hints(spec),
        position == 1,
        position == len(words.stages),
        form,
        lines if form else None,
        adders,
        _is_unfolded(spec, form, adders),
    )


FOLDED = (
    "returns_to", "after_return", "repeat_signer", "evidence", "due_in", "escalate_to", "fallback",
    "may", "condition",
)  # fmt: skip
"""What the form of a stage folds away while all of it is as usual."""
USUAL = StageSpec("", []).plain


def _is_unfolded(
    spec: StageSpec, form: StageForm | None, adders: Mapping[str, SignersForm] | None
) -> bool:
    folded = {*FOLDED, "unit_kinds", "priorities", "plans"}
    amiss = bool(form and folded & set(form.errors)) or any(
        one.errors for name, one in (adders or {}).items() if name in FOLDED
    )
    return amiss or any(spec.plain[name] != USUAL[name] for name in FOLDED)


def _unweighed(one: specs.Selector) -> Plain:
    return {key: value for key, value in one.items() if key != "weight"}


def sentences(spec: StageSpec) -> str:
    """What makes the stage pass, and what a return does."""
    return in_a_row([wording.rule(spec), wording.refusal(spec)])


def picture(words: Words, label: str, name: str = "route") -> SafeString:
    """The route as SVG; every text in it is escaped."""
    boxes = [
        drawing.Box(
            spec.name or "…",
            [words.signer(one) for one in spec.approvers] or [_("nobody yet")],
            words.rule(spec),
            wording.notes(spec, words.stages, words.names)[:3],
            spec.returns_to,
            maybe=bool(spec.condition),
            wrong=position in words.problems,
        )
        for position, spec in enumerate(words.stages, 1)
    ]
    drawn = drawing.picture(
        boxes,
        label=_("Stages of “%(route)s”") % {"route": label},
        description=wording.in_words(words.stages, words.names) or _("It has no stage yet."),
        start=pgettext("where a route begins", "submitted"),
        end=pgettext("where a route ends", "passed"),
        name=name,
    )
    return mark_safe(drawn)  # noqa: S308 drawing escapes

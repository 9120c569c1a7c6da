"""What people were told."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from audit import reading
from audit.reading import Named
from directory.models import Person
from notices import details, wording
from notices.models import Notice


@dataclass(frozen=True)
class Shown:
    """A notice in the reader's language, and where it leads."""

    notice: Notice
    text: str
    url: str
    detail: str = ""


def of(person: Person) -> QuerySet[Notice]:
    """The person's notices, newest first."""
    return Notice.objects.filter(person=person).order_by("-at", "-id")


def unread_count(person: Person) -> int:
    return Notice.objects.filter(person=person, read_at=None).count()


def worded(notices: Iterable[Notice]) -> list[Shown]:
    """Notices of one organisation with their subjects' names; one query a kind of subject, and
    three where any is about a passkey.
    """
    found = list(notices)
    if not found:
        return []
    organisation = found[0].organisation_id
    names = reading.reader().name(organisation, {one.subject for one in found})
    added = details.of(found)
    shown = []
    for one in found:
        named = names.get(one.subject, Named(one.subject))
        url = reverse(wording.PAGES[one.kind]) if one.kind in wording.PAGES else named.url
        text = wording.sentence(one.kind, named.text)
        shown.append(Shown(one, text, url, added.get(one.pk, "")))
    return shown

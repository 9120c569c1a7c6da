"""What a notice adds to its sentence: which passkey, when, from where, and why."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from audit.models import Entry, Leaf
from audit.queries import read_openings
from audit.templatetags.ui import moment_long
from directory.models import Passkey
from notices.models import Notice

ABOUT = "passkey."
LEAF = "leaf:"


def of(notices: Iterable[Notice]) -> dict[UUID, str]:
    """By notice; those without anything to add are missing. Three queries, or none."""
    found = [one for one in notices if one.kind.startswith(ABOUT) and one.cause.startswith(LEAF)]
    if not found:
        return {}
    organisation = found[0].organisation_id
    entries = _entries(organisation, {int(one.cause.removeprefix(LEAF)) for one in found})
    facts = {index: json.loads(bytes(entry.body))["facts"] for index, entry in entries.items()}
    ids = {one["passkey"]["id"] for one in facts.values()}
    known = {str(one.pk): one for one in Passkey.objects.filter(pk__in=ids)}
    reasons = read_openings(organisation, [_reason(one) for one in facts.values()])
    said = {}
    for one in found:
        index = int(one.cause.removeprefix(LEAF))
        if about := known.get(facts[index]["passkey"]["id"]) if index in facts else None:
            why = reasons.get(_reason(facts[index]) or b"")
            said[one.pk] = _words(one, about, why)
    return said


def _words(notice: Notice, passkey: Passkey, why: str | None) -> str:
    words = {
        "name": passkey.name,
        "at": moment_long(notice.at),
        "place": passkey.enrolled_from or "–",
        "reason": why,
    }
    if notice.kind in ("passkey.enrolled", "passkey.waiting"):
        return _("“%(name)s”, on %(at)s, from %(place)s.") % words
    if why:
        return _("“%(name)s”, on %(at)s. Reason: %(reason)s") % words
    return _("“%(name)s”, on %(at)s.") % words


def _entries(organisation: UUID, indexes: Iterable[int]) -> dict[int, Entry]:
    leaves = Leaf.objects.filter(organisation=organisation, leaf_index__in=indexes)
    return {leaf.leaf_index: leaf.entry for leaf in leaves.select_related("entry")}


def _reason(facts: Mapping[str, Any]) -> bytes | None:
    reason = facts.get("reason")
    return bytes.fromhex(reason["commitment"]) if reason else None

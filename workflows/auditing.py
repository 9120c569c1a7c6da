"""What the ledger's subjects, actors and kinds are called, and who may read all of it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from approvals.models import Route
from approvals.queries import personally_signed, statements
from approvals.queries.record import acts_before
from audit.models import Entry
from audit.reading import Named, Searchable
from directory import policy
from directory.models import Organisation, Person, Unit
from directory.queries import roles_of
from workflows import clear_words, files, searching
from workflows.models import Plan, Task
from workflows.queries.events import sentences

log = logging.getLogger("duban.files")

MODELS: dict[str, type[Model]] = {
    model._meta.model_name or "": model for model in (Organisation, Unit, Person, Route, Plan, Task)
}
KINDS = {
    "amendment.abandoned": _("Amendment abandoned"),
    "amendment.drafted": _("Amendment drafted"),
    "amendment.revised": _("Draft of an amendment revised"),
    "amendment.submitted": _("Amendment put forward"),
    "amendment.withdrawn": _("Amendment withdrawn from approval"),
    "appointment.ended": _("Appointment ended"),
    "appointment.made": _("Appointment made"),
    "approval.asked_again": _("Blocked stage asked again"),
    "approval.signed_off": _("Signed off"),
    "approval.revoked": _("Decision taken back"),
    "approval.signer_added": _("Signer added"),
    "approval.transferred": _("Turn handed on"),
    "approval.consulted": _("Opinion asked for"),
    "approval.opinion_given": _("Opinion given"),
    "approval.intervention_proposed": _("Intervention proposed"),
    "approval.intervention_confirmed": _("Intervention confirmed"),
    "approval.intervention_declined": _("Intervention declined"),
    "approval.escalated": _("Others asked because it is overdue"),
    "approval.time_is_up": _("Advisory stage over in time"),
    "calendar.day_cleared": _("Calendar day cleared"),
    "calendar.day_set": _("Calendar day set"),
    "calendar.seeded": _("Holidays filled in"),
    "contribution.sent": _("Part of a cooperating unit sent"),
    "delegation.given": _("Delegation given"),
    "delegation.revoked": _("Delegation revoked"),
    "directory.imported": _("Directory sheet imported"),
    "extension.ended": _("Request for an extension ended"),
    "extension.requested": _("Extension asked for"),
    "extension.withdrawn": _("Request for an extension taken back"),
    "group.changed": _("Unit group changed"),
    "group.created": _("Unit group created"),
    "import.discarded": _("Import discarded"),
    "import.uploaded": _("Plan document uploaded"),
    "ledger.exported": _("Bundle of the record exported"),
    "ledger.listed": _("List of entries exported"),
    "log.origin_opened": _("Signing of the log begun under a new name"),
    "organisation.created": _("Organisation created"),
    "organisation.passkeys_set": _("Rule about passkeys set"),
    "organisation.renamed": _("Organisation renamed"),
    "passkey.approved": _("Passkey approved"),
    "passkey.enrolled": _("Passkey set up"),
    "passkey.renamed": _("Passkey renamed"),
    "passkey.revoked": _("Passkey revoked or declined"),
    "person.address_changed": _("Mail address changed"),
    "person.created": _("Account created"),
    "person.deactivated": _("Account deactivated"),
    "person.password_set": _("Password set"),
    "person.reactivated": _("Account reactivated"),
    "person.renamed": _("Name changed"),
    "personal_data.erased": _("Texts erased"),
    "personal_data.erasure_requested": _("Erasing of texts asked for"),
    "plan.approval_opened": _("Plan put forward for approval"),
    "plan.cancelled": _("Plan cancelled"),
    "plan.completed": _("Plan completed"),
    "plan.drafted": _("Plan drafted"),
    "plan.in_force": _("Plan in force"),
    "plan.issued": _("Plan issued"),
    "plan.received": _("Plan received by a unit"),
    "plan.revised": _("Draft of a plan revised"),
    "plan.withdrawn": _("Plan withdrawn from approval"),
    "post.abolished": _("Post abolished"),
    "post.created": _("Post created"),
    "reopening.ended": _("Request for reopening ended"),
    "reopening.requested": _("Reopening asked for"),
    "reopening.withdrawn": _("Request for reopening taken back"),
    "route.draft_abandoned": _("Draft of a route abandoned"),
    "route.draft_begun": _("Draft of a route begun"),
    "route.draft_submitted": _("Draft of a route put forward"),
    "route.draft_withdrawn": _("Draft of a route withdrawn"),
    "route.published": _("Route published"),
    "session.signed_in": _("Signed in"),
    "statistics.exported": _("Table of statistics exported"),
    "task.accepted": _("Task accepted"),
    "task.amended": _("Task changed by an amendment"),
    "task.cancelled": _("Task cancelled"),
    "task.closed": _("Task closed"),
    "task.created": _("Task assigned"),
    "task.declined": _("Task declined"),
    "task.due_date_set": _("Deadline changed"),
    "task.priority_set": _("Priority changed"),
    "task.handlers_named": _("Handlers named"),
    "task.insisted": _("Decline rejected"),
    "task.reassigned": _("Task reassigned"),
    "task.received": _("Task received by a cooperating unit"),
    "task.reopened": _("Task reopened"),
    "task.submitted": _("Report submitted"),
    "task.withdrawn": _("Report withdrawn"),
    "unit.abolished": _("Unit abolished"),
    "unit.changed": _("Unit changed"),
    "unit.created": _("Unit created"),
}


class HouseReader:
    """Reads the ledger with the words of the directory and of the work."""

    kinds: Mapping[str, str | Promise] = KINDS

    def may_read(self, user: Any, at: datetime) -> bool:
        return bool(policy.may_read_everything(roles_of(user, at)))

    def name(self, organisation: UUID, subjects: Iterable[str]) -> dict[str, Named]:
        wanted: dict[str, set[str]] = {}
        for subject in subjects:
            kind, _colon, key = subject.partition(":")
            if _is_id(key):  # whatever an address may say
                wanted.setdefault(kind, set()).add(key)
        names = {
            "operator": Named(gettext("The server's operator")),
            "worker": Named(gettext("The system")),
            "engine": Named(gettext("The system")),
        }
        for kind in wanted.keys() & MODELS.keys():
            for row in _of(organisation, kind).filter(pk__in=wanted[kind]):
                names[f"{kind}:{row.pk}"] = Named(str(row), _url(kind, row.pk))
        return names

    def units(self, organisation: UUID) -> list[tuple[str, str]]:
        known = _of(organisation, "unit").order_by("pinyin")
        return [(str(pk), name) for pk, name in known.values_list("pk", "name")]

    def together(self, organisation: UUID, subject: str) -> set[str]:
        kind, _colon, key = subject.partition(":")
        tasks = Task._default_manager.filter(organisation=organisation)
        match kind if _is_id(key) else None:
            case "plan":
                parts = tasks.filter(plan=key)
            case "unit":
                parts = tasks.filter(assignments__unit=key)
            case _:
                parts = tasks.none()
        return {subject, *(f"task:{pk}" for pk in parts.values_list("pk", flat=True))}

    def clear(self, body: Mapping[str, Any]) -> list[tuple[str, str]]:
        return clear_words.clear(body)

    def acts(self, entry: Entry, body: Mapping[str, Any]) -> list[Entry]:
        return acts_before(entry, body.get("facts") or {})

    def searched(
        self, organisation: UUID, entries: Sequence[Entry], bodies: Mapping[UUID, Mapping[str, Any]]
    ) -> dict[UUID, Searchable]:
        named = self.name(organisation, {one.subject for one in entries})
        return searching.searched(organisation, entries, bodies, self.kinds, named)

    def sentences(
        self, organisation: UUID, entries: Sequence[Entry], bodies: Mapping[UUID, Mapping[str, Any]]
    ) -> dict[UUID, str]:
        return sentences(organisation, entries, bodies, self.kinds)

    def statements(self, organisation: UUID, sign_offs: Iterable[str]) -> dict[str, bytes]:
        return statements(organisation, sign_offs)

    def file(self, organisation: UUID, sha256: bytes) -> IO[bytes] | None:
        try:
            return files.open_verified(organisation, sha256)
        except files.FileDamaged as damaged:
            log.error("The stored file %s is damaged or missing", damaged)
            return None

    def personally_signed(self, organisation: UUID) -> tuple[int, int]:
        return personally_signed(organisation)


def _is_id(key: str) -> bool:
    try:
        return bool(UUID(key))
    except ValueError:
        return False


def _of(organisation: UUID, kind: str) -> Any:
    key = "pk" if kind == "organisation" else "organisation"
    return MODELS[kind]._default_manager.filter(**{key: organisation}).order_by()


def _url(kind: str, pk: UUID) -> str:
    try:
        return reverse(kind, args=[pk])
    except NoReverseMatch:
        return ""

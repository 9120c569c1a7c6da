"""How passkeys, and the organisation's rule about them, follow from ledger entries."""

from collections.abc import Iterator
from uuid import UUID

from audit.replay import Record, Table, Values, columns, digest
from directory.models import Organisation

Told = Iterator[tuple[str, Values]]
GIVEN = (
    "credential",
    "public_key",
    "algorithm",
    "aaguid",
    "backup_eligible",
    "rp_id",
    "origins",
    "needs_approval",
)
"""What is said once, when a passkey is set up. Whether it is synced may change later, untold."""


def passkey(record: Record) -> Told:
    facts = record.facts.get("passkey", {})
    match record.kind:
        case "passkey.enrolled":
            yield (
                facts["id"],
                {name: facts[name] for name in GIVEN}
                | {
                    "person": record.subject_id,
                    "name": digest(facts["name"]),
                    "enrolled_at": record.at,
                    "approved_at": None,
                    "approved_by": None,
                    "revoked_at": None,
                    "revoked_by": None,
                },
            )
        case "passkey.approved":
            yield facts["id"], {"approved_at": record.at, "approved_by": record.actor_id}
        case "passkey.revoked":
            yield facts["id"], {"revoked_at": record.at, "revoked_by": record.actor_id or None}
        case "passkey.renamed":
            yield facts["id"], {"name": digest(facts["name"])}


def organisation(record: Record) -> Told:
    match record.kind:
        case "organisation.created":
            yield record.subject_id, {"passkeys_need_approval": False}
        case "organisation.passkeys_set":
            rule = "passkeys_need_approval"
            yield record.subject_id, {rule: record.facts[rule]}


class Organisations(Table):
    """The tenant itself, which belongs to none."""

    def rows(self, organisation: UUID) -> Iterator[tuple[str, Values]]:
        for one in Organisation.objects.filter(pk=organisation):
            yield str(one.pk), {"passkeys_need_approval": one.passkeys_need_approval}


TABLES = (
    Table(
        "directory.Passkey",
        passkey,
        columns(
            "person",
            "public_key",
            "algorithm",
            "aaguid",
            "backup_eligible",
            "rp_id",
            "origins",
            "needs_approval",
            "enrolled_at",
            "approved_at",
            "approved_by",
            "revoked_at",
            "revoked_by",
        )
        | {"credential": "credential_id", "name": "name_commitment"},
    ),
    Organisations("directory.Organisation", organisation),
)

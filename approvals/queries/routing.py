"""Routes as they are written and published: drafts, versions, whom they name."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from approvals.specs import StageSpec
from directory.models import Person, Unit


def stages_with_strangers(stages: Sequence[StageSpec], organisation_id: UUID) -> list[int]:
    """The positions of stages that name a unit or a person the organisation doesn't have."""
    units = _ids(one.get("unit") for spec in stages for one in spec.selectors)
    people = _ids(one.get("person") for spec in stages for one in spec.selectors)
    known = {""}
    for model, wanted in ((Unit, units), (Person, people)):
        if wanted:
            rows = model._default_manager.filter(organisation=organisation_id, pk__in=wanted)
            known |= {str(pk) for pk in rows.order_by().values_list("pk", flat=True)}
    return [
        position
        for position, spec in enumerate(stages, 1)
        if any(
            str(one.get(name) or "") not in known
            for one in spec.selectors
            for name in ("unit", "person")
        )
    ]


def _ids(values: Iterable[object]) -> set[UUID]:
    """Those that are ids at all; the others belong to nobody anyway."""
    found = set()
    for value in values:
        try:
            found.add(UUID(str(value)))
        except ValueError:
            continue
    return found

"""How plans follow from ledger entries: where each is, and what was put forward."""

from collections.abc import Iterator

from django.db.models import Case, CharField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast
from viewflow.workflow.models import Task as Active
from viewflow.workflow.status import PROCESS, STATUS

from audit.replay import Record, Sha256, Table, Values, columns
from workflows.plan_policy import ENDS

NODE = "workflows/flows.PlanFlow."
"""How viewflow writes a node's name."""

STEP = Case(
    When(process__status=PROCESS.DONE, then=Value("completed")),
    When(process__status=PROCESS.CANCELED, then=Value("cancelled")),
    default=Subquery(
        Active.objects.filter(process=OuterRef("process"), status=STATUS.NEW)
        .annotate(node=Cast("flow_task", CharField()))
        .values("node")[:1]
    ),
)


def step(record: Record) -> Iterator[tuple[str, Values]]:
    """`facts.step` of an entry on a plan: every move of its process."""
    if record.subject.startswith("plan:") and (move := record.facts.get("step")):
        to = move["to"]
        yield record.subject_id, {"step": to if to in ENDS else NODE + to}


def put_forward(record: Record) -> Iterator[tuple[str, Values]]:
    """The digest of the version for which an approval was opened."""
    if record.kind == "plan.approval_opened":
        document = record.facts["document"]
        yield document["id"], {"content": document["digest"]}


def amendment(record: Record) -> Iterator[tuple[str, Values]]:
    """`facts.amendment` of an entry on a plan: its draft, and every step since."""
    if record.subject.startswith("plan:"):
        one = record.facts.get("amendment")
        for said in [*([one] if one else []), *record.facts.get("amendments", ())]:
            yield said["id"], {name: said[name] for name in AMENDMENT}


AMENDMENT = ("number", "title", "state", "revision")


def amendment_put_forward(record: Record) -> Iterator[tuple[str, Values]]:
    if record.kind == "amendment.submitted":
        document = record.facts["document"]
        yield document["id"], {"content": document["digest"]}


def superseded(record: Record) -> Iterator[tuple[str, Values]]:
    """What measures said until the entry's amendment."""
    for one in record.facts.get("amended", ()) if record.subject.startswith("plan:") else ():
        if "before" in one:
            yield one["before"], {"measure": one["measure"], "number": one["revision"] - 1}


PLAN_TABLES = [
    Table("workflows.amendment", amendment, columns(*AMENDMENT)),
    Table("workflows.measurerevision", superseded, columns("measure", "number")),
    Table(
        "workflows.amendmentversion",
        told=amendment_put_forward,
        columns={"content": Sha256(F("content"))},
    ),
    Table("workflows.plan", step, {"step": STEP}, where=Q(process__isnull=False)),
    Table("workflows.planversion", told=put_forward, columns={"content": Sha256(F("content"))}),
]

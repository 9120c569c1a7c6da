"""How plans follow from ledger entries: where each is, and what was put forward."""

from collections.abc import Iterator

from django.db.models import Case, CharField, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast
from viewflow.workflow.models import Task as Active
from viewflow.workflow.status import PROCESS, STATUS

from audit.replay import Record, Sha256, Table, Values
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


PLAN_TABLES = [
    Table("workflows.plan", step, {"step": STEP}, where=Q(process__isnull=False)),
    Table("workflows.planversion", told=put_forward, columns={"content": Sha256(F("content"))}),
]

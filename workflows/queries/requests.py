"""What was asked for a task besides its completion, in plain words, and what became of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from approvals.choosing import Choice, choices, kept
from approvals.models import Approval, Round
from approvals.queries.progress import Progress, progress
from approvals.subjects import Context
from audit.queries import read_openings
from directory.models import Person
from workflows.models import Task, TaskRequest
from workflows.policy import Facts
from workflows.queries.reports import returning
from workflows.queries.standing import pending
from workflows.request_subjects import participants

Kind = TaskRequest.Kind


@dataclass(frozen=True)
class Asked:
    """A request: `state` and `word` say what became of it.

    `by`, `at` and `why` are those of the decision that returned it, if one did.
    """

    request: TaskRequest
    reason: str
    state: str
    word: str
    round: Round
    by: str = ""
    at: datetime | None = None
    why: str = ""

    @property
    def approval(self) -> UUID:
        found: UUID = self.round.approval_id
        return found

    @property
    def chosen(self) -> list[str]:
        """Whom the asker chose to sign, as a form keeps them."""
        return kept(Context.thawed(self.round.context).chosen)

    @property
    def is_extension(self) -> bool:
        return self.request.kind == Kind.EXTENSION

    @property
    def is_granted(self) -> bool:
        return self.state == "reviewed"

    @property
    def is_returned(self) -> bool:
        return self.state == "returned"


@dataclass(frozen=True)
class UnderWay:
    """A request whose approval has not ended, for somebody who may see the task."""

    asked: Asked
    progress: Progress
    your_item: UUID | None

    @property
    def action(self) -> str:
        """What the policy and the addresses call it."""
        return "extension" if self.asked.is_extension else "reopening"


def asked(task: Task) -> list[Asked]:
    """Every request for the task, newest first. One query where there is none, else four."""
    found = list(TaskRequest.objects.filter(task=task).select_related("asked_by").order_by("-at"))
    if not found:
        return []
    rounds = {
        one.document_id: one
        for one in Round.objects.filter(document_id__in=[one.pk for one in found])
        .select_related("approval__version__route")
        .prefetch_related("openings__work_items__sign_off__person")
    }
    returns = {pk: returning(one) for pk, one in rounds.items()}
    comments = [row.comment for row in returns.values() if row]
    texts = read_openings(task.organisation_id, [*[one.reason for one in found], *comments])

    def words(digest: bytes | memoryview | None) -> str:
        text = texts.get(bytes(digest)) if digest else ""
        return _("(erased)") if text is None else text

    rows, newer = [], set()
    for one in found:
        round_, row = rounds[one.pk], returns[one.pk]
        state, word = _became(round_.approval, is_last=round_.approval_id not in newer)
        newer.add(round_.approval_id)
        back = (row.person.name, row.at, words(row.comment)) if row else ()
        rows.append(Asked(one, words(one.reason), state, word, round_, *back))
    return rows


def _became(approval: Approval, *, is_last: bool) -> tuple[str, str]:
    """A state as `state` shows it, and the word for it. Only what came back has a later round."""
    if not is_last or approval.state == Approval.State.WITH_SUBMITTER:
        return "returned", pgettext("request", "returned")
    return {
        Approval.State.PASSED: ("reviewed", pgettext("request", "granted")),
        Approval.State.WITHDRAWN: ("cancelled", pgettext("request", "taken back")),
        Approval.State.CANCELLED: ("cancelled", pgettext("request", "ended")),
    }.get(Approval.State(approval.state), ("submitted", pgettext("request", "under approval")))


def signers_to_choose(task: Task, kind: str, person: Person, at: datetime) -> Sequence[Choice]:
    """The stages at which this person chooses who signs, if they ask for this."""
    asking = participants(task, person.pk, pending(task).get(kind))
    return choices(kind, task.pk, task.organisation_id, asking, at)


def under_way(rows: Iterable[Asked], facts: Facts, person: Person, at: datetime) -> list[UnderWay]:
    """Those among the requests that have not ended, and who is asked. About ten queries each."""
    found: dict[str, Asked] = {}
    for row in rows:  # the newest of a kind comes first
        if row.request.kind in facts.pending:
            found.setdefault(row.request.kind, row)
    return [_under_way(row, facts, person, at) for row in found.values()]


def _under_way(row: Asked, facts: Facts, person: Person, at: datetime) -> UnderWay:
    shown = progress(row.round.approval, at=at, person=person)
    mine = [seat.item.pk for seat in shown.now.seats if seat.is_you] if shown.now else []
    is_own = person.pk in facts.pending[row.request.kind].askers
    return UnderWay(row, shown, mine[0] if mine and not is_own else None)

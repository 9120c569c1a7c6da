"""Reading reports: their words behind commitments, their evidence, what became of each version."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import pgettext

from approvals.models import Approval, Intervention, Opening, Round, SignOff
from approvals.sentences import erased, listed
from audit.queries import read_openings
from directory.models import Person
from workflows.models import Contribution, Evidence, IncludedContribution, Submission, Task

Words = Callable[[bytes | memoryview | None], str]


@dataclass(frozen=True)
class File:
    """A file as `includes/evidence.html` shows it."""

    name: str
    url: str
    size: int
    uploader: str
    at: datetime
    digest: bytes
    icon: str = "file"
    change: str = ""


@dataclass(frozen=True)
class Part:
    """A unit's contribution in plain words."""

    unit: str
    author: str
    version: int
    at: datetime
    text: str
    files: list[File] = field(default_factory=list)


@dataclass(frozen=True)
class Report:
    """A version of a report in plain words; "" stands for what was never written."""

    submission: Submission
    text: str
    answer: str
    without_units_reason: str
    files: list[File]
    parts: list[Part]

    @property
    def whole(self) -> str:
        """Everything that was written, as one text to compare versions by."""
        return "\n".join([self.text, *(f"{part.unit}\n{part.text}" for part in self.parts)])

    @property
    def all_files(self) -> list[File]:
        return [*self.files, *(one for part in self.parts for one in part.files)]

    def marked(self, older: "Report | None") -> "Report":
        """The same report, each file saying what became of it since the older version."""
        if older is None:
            return self
        before = {one.name: one.digest for one in older.all_files}
        parts = [replace(part, files=_marked(part.files, before)) for part in self.parts]
        return replace(self, files=_marked(self.files, before), parts=parts)


def _marked(files: Iterable[File], before: dict[str, bytes]) -> list[File]:
    return [replace(one, change=_change(one, before)) for one in files]


def _change(file: File, before: dict[str, bytes]) -> str:
    if file.digest in before.values():
        return "same"
    return "replaced" if file.name in before else "new"


def read_reports(submissions: Sequence[Submission]) -> dict[UUID, Report]:
    """Versions in plain words, by submission. Four queries however many there are."""
    ids = [one.pk for one in submissions]
    links = IncludedContribution.objects.filter(submission__in=ids).select_related(
        "contribution__unit", "contribution__author"
    )
    included: dict[UUID, list[Contribution]] = {pk: [] for pk in ids}
    for link in links.order_by("contribution__unit__pinyin"):
        included[link.submission_id].append(link.contribution)
    contributions = {one.pk: one for parts in included.values() for one in parts}
    found = Evidence.objects.select_related("file", "uploaded_by")
    evidence = [*found.filter(submission__in=ids), *found.filter(contribution__in=contributions)]
    words = _words(submissions, contributions.values(), evidence)
    files: dict[UUID, list[File]] = {}
    for one in evidence:
        document = one.submission_id or one.contribution_id
        files.setdefault(document, []).append(_file(one, words))
    return {
        one.pk: Report(
            submission=one,
            text=words(one.text),
            answer=words(one.answer),
            without_units_reason=words(one.without_units_reason),
            files=files.get(one.pk, []),
            parts=[_part(part, words, files.get(part.pk, [])) for part in included[one.pk]],
        )
        for one in submissions
    }


def read_contributions(task: Task) -> list[Part]:
    """The newest contribution of each unit in plain words."""
    newest = list(
        Contribution.objects.filter(task=task)
        .order_by("unit_id", "-version")
        .distinct("unit_id")
        .select_related("unit", "author")
    )
    found = Evidence.objects.filter(contribution__in=newest).select_related("file", "uploaded_by")
    evidence = list(found)
    words = _words([], newest, evidence)
    return [
        _part(
            one, words, [_file(file, words) for file in evidence if file.contribution_id == one.pk]
        )
        for one in newest
    ]


def _words(
    submissions: Iterable[Submission],
    contributions: Iterable[Contribution],
    evidence: Iterable[Evidence],
) -> Words:
    """How to read the commitments of these documents; what was erased says so."""
    digests: list[bytes | memoryview | None] = []
    organisation: UUID | None = None
    for report in submissions:
        digests += [report.text, report.answer, report.without_units_reason]
        organisation = report.organisation_id
    for part in contributions:
        digests.append(part.text)
        organisation = part.organisation_id
    digests += [file.name for file in evidence]
    texts = read_openings(organisation, digests) if organisation else {}

    def words(digest: bytes | memoryview | None) -> str:
        if digest is None:
            return ""
        found = texts.get(bytes(digest))
        return erased() if found is None else found

    return words


def _file(evidence: Evidence, words: Words) -> File:
    kind = evidence.file.media_type
    return File(
        name=words(evidence.name),
        url=reverse("evidence", args=[evidence.pk]),
        size=evidence.file.size,
        uploader=evidence.uploaded_by.name,
        at=evidence.uploaded_at,
        digest=bytes(evidence.file.sha256),
        icon=icon_of(kind),
    )


def icon_of(media_type: str) -> str:
    if media_type.startswith("image/"):
        return "image"
    return "sheet" if "spreadsheet" in media_type else "file"


def _part(one: Contribution, words: Words, files: list[File]) -> Part:
    return Part(one.unit.name, one.author.name, one.version, one.at, words(one.text), files)


@dataclass(frozen=True)
class Version:
    """A submission in the list of a task: what became of it, by whom."""

    submission: Submission
    files: int
    state: str
    word: str
    by: str = ""
    at: datetime | None = None


def versions(task: Task) -> list[Version]:
    """Every submission of the task, newest first. Three queries."""
    submissions = list(
        Submission.objects.filter(task=task)
        .select_related("submitter")
        .prefetch_related("evidence")
        .order_by("-version")
    )
    rounds = {
        one.document_id: one
        for one in Round.objects.filter(document_id__in=[s.pk for s in submissions])
        .select_related("approval")
        .prefetch_related("openings__work_items__sign_off__person")
    }
    return [_version(one, rounds.get(one.pk)) for one in submissions]


def _version(submission: Submission, round_: Round | None) -> Version:
    files = len(submission.evidence.all())
    if round_ is None:
        return Version(submission, files, "submitted", pgettext("report", "under approval"))
    returned = returning(round_)
    if returned:
        word = pgettext("report", "returned")
        return Version(submission, files, "returned", word, returned.person.name, returned.at)
    state, word = {
        Approval.State.PASSED: ("reviewed", pgettext("report", "passed")),
        Approval.State.WITHDRAWN: ("cancelled", pgettext("report", "withdrawn")),
        Approval.State.CANCELLED: ("cancelled", pgettext("report", "cancelled")),
    }.get(
        Approval.State(round_.approval.state), ("submitted", pgettext("report", "under approval"))
    )
    return Version(submission, files, state, word, at=round_.approval.ended_at)


def returning(round_: Round) -> SignOff | None:
    """The last return of a round that ended with the submitter."""
    openings = [one for one in round_.openings.all() if one.outcome == Opening.Outcome.RETURNED]
    signed = [
        item.sign_off
        for opening in openings
        for item in opening.work_items.all()
        if hasattr(item, "sign_off") and item.sign_off.decision == SignOff.Decision.RETURN
    ]
    last = max(signed, key=lambda one: one.at, default=None)
    return last if last and not last.target else None


@dataclass(frozen=True)
class Return:
    """Why the newest report came back."""

    by: str
    at: datetime
    reason: str
    version: int


def last_return(task: Task, before: Submission | None = None) -> Return | None:
    """The return that the next report answers, if the newest report (before one) came back."""
    reports = Submission.objects.filter(task=task).order_by("-version")
    if before is not None:
        reports = reports.filter(version__lt=before.version)
    newest = reports.first()
    if newest is None:
        return None
    round_ = Round.objects.filter(document_id=newest.pk).select_related("approval").first()
    if round_ is None:
        return None
    row = returning(round_)
    if row is None:
        return _sent_back(round_.approval, newest.version)
    texts = read_openings(task.organisation_id, [row.comment])
    reason = texts.get(bytes(row.comment)) if row.comment else ""
    return Return(
        row.person.name, row.at, reason if reason is not None else erased(), newest.version
    )


def _sent_back(approval: Approval, version: int) -> Return | None:
    """The intervention by which two administrators had it begin anew, if that is what ended it."""
    if approval.state != Approval.State.CANCELLED:
        return None
    made = (
        approval.interventions.filter(
            kind=Intervention.Kind.SEND_BACK, state=Intervention.State.CONFIRMED
        )
        .select_related("proposed_by", "settled_by")
        .first()
    )
    if made is None:
        return None
    reason = read_openings(approval.organisation_id, [made.reason])[bytes(made.reason)]
    by = listed([made.proposed_by.name, made.settled_by.name])
    return Return(by, made.settled_at, reason if reason is not None else erased(), version)


def seen_before(submission: Submission, person: Person) -> Submission | None:
    """The version to compare with: the last one that the person signed, else the one before."""
    earlier = Submission.objects.filter(
        task=submission.task_id, version__lt=submission.version
    ).order_by("-version")
    rounds = SignOff.objects.filter(
        person=person, approval__subject_id=submission.task_id
    ).values_list("work_item__opening__round__document_id", flat=True)
    signed = earlier.filter(pk__in=list(rounds)).first()
    return signed or earlier.first()

"""What a version changes against another, stage by stage."""

from approvals.routes import wording
from approvals.routes.differences import compare
from approvals.routes.specs import StageSpec

DEPUTY = {"select": "post_of_lead", "role": "deputy"}
PRINCIPAL = {"select": "post_of_lead", "role": "principal"}


def kinds(old: list[StageSpec], new: list[StageSpec]) -> list[str]:
    changes = compare(old, new, wording.spoken({}))
    return [f"{one.kind} {one.name} {one.was}→{one.position}" for one in changes]


A, B, C = (
    StageSpec(name, [DEPUTY | {"weight": n}], rule="quorum", quorum_number=1)
    for n, name in enumerate("ABC", 1)
)


def test_the_same_stages_are_the_same() -> None:
    assert kinds([A, B], [A, B]) == ["same A 1→1", "same B 2→2"]


def test_a_stage_comes_and_goes() -> None:
    assert kinds([A, B], [A, C]) == ["same A 1→1", "changed C 2→2"]
    assert kinds([A], [A, C]) == ["same A 1→1", "added C 0→2"]
    assert kinds([A, B, C], [A, C]) == ["same A 1→1", "same C 3→2", "removed B 2→0"]


def test_a_stage_that_moved_is_named_once() -> None:
    assert kinds([A, B, C], [B, C, A]) == ["same B 2→1", "same C 3→2", "moved A 1→3"]


def test_a_renamed_stage_is_known_by_its_signers() -> None:
    renamed = StageSpec("Chief", A.approvers, rule="quorum", quorum_number=1)
    [change] = compare([A], [renamed], wording.spoken({}))
    assert change.kind == "changed"
    assert [(one.before, one.after) for one in change.aspects] == [("A", "Chief")]


def test_what_changed_is_said_in_sentences() -> None:
    after = StageSpec("A", [PRINCIPAL], due_in=3, evidence="password")
    [change] = compare([StageSpec("A", [DEPUTY])], [after], wording.spoken({}))
    said = {one.label: (one.before, one.after) for one in change.aspects}
    assert said["Signs"] == ("deputy in charge of the lead unit", "principal of the lead unit")
    assert said["Deadline"] == ("", "Due within 3 working days.")
    assert said["Otherwise"] == ("", "Whoever signs enters their password again.")

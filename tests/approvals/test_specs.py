"""What keeps a route from ever being published, and how stages move."""

from typing import Any

import pytest

from approvals.routes import specs, wording
from approvals.routes.specs import StageSpec
from tests.approvals.routing import stage

SEAT = {"select": "post_of_lead", "role": "deputy"}
CHOSEN = {"select": "chosen_by_submitter", "from": SEAT}
BROKEN: dict[str, list[dict[str, Any]]] = {
    "it has no stage": [],
    "opinions only": [stage(refusal="advice")],
    "every stage has a condition": [stage(condition={"unit_kinds": ["street"]})],
    "stage 1 “Principal”: a vote needs": [stage(rule="quorum")],
    "only a vote has": [stage(quorum_number=2)],
    "say who signs": [stage(approvers=[])],
    "posts that sign nothing off": [stage(approvers=[{**SEAT, "role": "auditor"}])],
    "doesn't say whom": [stage(approvers=[{"select": "person", "person": ""}])],
    "selects its signers in an unknown way": [
        stage(approvers=[{"select": "chosen_by_submitter", "from": CHOSEN}])
    ],
    "neither substitutes nor": [stage(fallback=[CHOSEN])],
    "earlier one": [stage(), stage("Second", returns_to=[2])],
    "working days": [stage(due_in=0)],
    "has no deadline": [stage(escalate_to=[SEAT])],
    "pass by itself": [stage(), stage("Opinions", refusal="advice", due_in=3)],
    "unknown right": [stage(may=["sign_twice"])],
    "condition is incomplete": [stage(), stage("Second", condition={"moon": ["full"]})],
    "give it a name": [stage("")],
    "a weight is": [stage(approvers=[{**SEAT, "weight": 0}])],
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_route_that_could_never_work_says_why(sentence: str) -> None:
    stages = [StageSpec.of(one) for one in BROKEN[sentence]]
    found = [wording.problem(one, stages) for one in specs.problems(stages)]
    assert any(sentence in one for one in found), found


def test_every_problem_has_a_sentence() -> None:
    known = set(specs.CHOICES)
    assert {f"unknown_{name}" for name in known} <= set(wording.PROBLEMS)


def test_every_field_survives_being_kept() -> None:
    whole = StageSpec(
        name="All",
        approvers=[SEAT | {"weight": 2}],
        rule="quorum",
        quorum_percent=60,
        refusal="vote",
        sequential=True,
        returns_to=[1],
        after_return="resume",
        repeat_signer="carry",
        due_in=3,
        escalate_to=[SEAT],
        fallback=[SEAT],
        evidence="passkey",
        may=["transfer"],
        condition={"unit_kinds": ["street"]},
    )
    assert StageSpec.of(whole.plain) == whole
    assert specs.problems([StageSpec("First", [SEAT]), whole, StageSpec("Last", [SEAT])]) == []
    assert specs.problems([StageSpec("One", [SEAT]), whole]) == []


def test_a_stage_that_moves_keeps_its_returns_as_far_as_they_lead_back() -> None:
    stages = [stage("A"), stage("B", returns_to=[1]), stage("C", returns_to=[1, 2])]
    order = [(one["name"], one["returns_to"]) for one in specs.moved(stages, 3, 2)]
    assert order == [("A", []), ("C", [1]), ("B", [1])]
    order = [(one["name"], one["returns_to"]) for one in specs.moved(stages, 1, 3)]
    assert order == [("B", []), ("C", [1]), ("A", [])]


def test_a_stage_that_goes_takes_the_returns_to_it_along() -> None:
    stages = [stage("A"), stage("B", returns_to=[1]), stage("C", returns_to=[1, 2])]
    order = [(one["name"], one["returns_to"]) for one in specs.without(stages, 1)]
    assert order == [("B", []), ("C", [1])]

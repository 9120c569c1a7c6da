"""What the editor's buttons do to the stages, and what its forms make of words."""

import re
from typing import Any
from uuid import uuid4
from xml.sax.saxutils import unescape

import pytest
from defusedxml.ElementTree import fromstring

from approvals.forms import editor
from approvals.forms.editor import SignersForm, StageForm
from approvals.queries.routing import Directory
from approvals.routes import drawing, editing
from approvals.routes.drawing import Box
from tests.approvals.routing import LEAD, stage

ANA, BEN, TWIN = uuid4(), uuid4(), uuid4()
PEOPLE = [(ANA, "Ana", "ana1"), (BEN, "Li", "li1"), (TWIN, "Li", "li2")]
THREE = [stage("A"), stage("B"), stage("C", returns_to=[1])]


def names(edited: editing.Edited) -> str:
    return "".join(one["name"] for one in edited.stages)


@pytest.mark.parametrize(
    ("button", "order", "opened", "focus"),
    [
        ("up-2", "BAC", 0, "up-1"),
        ("down-1", "BAC", 0, "down-2"),
        ("drop-3-1", "CAB", 0, "open-1"),
        ("remove-2", "AC", 0, "open-2"),
        ("open-2", "ABC", 2, "stage-name"),
        ("up-1", "ABC", 0, ""),
        ("down-3", "ABC", 0, ""),
        ("remove-9", "ABC", 0, ""),
        ("up-x", "ABC", 0, ""),
        ("add-nonsense", "ABC", 0, ""),
        ("nonsense", "ABC", 0, ""),
        ("", "ABC", 0, ""),
    ],
)
def test_a_button_moves_opens_and_removes(button: str, order: str, opened: int, focus: str) -> None:
    edited = editing.press(THREE, 0, button)
    assert (names(edited), edited.open, edited.focus) == (order, opened, focus)


@pytest.mark.parametrize(
    ("button", "opened", "still"),
    [("up-2", 1, 2), ("up-2", 2, 1), ("drop-1-3", 2, 1), ("remove-1", 2, 1), ("remove-2", 2, 0)],
)
def test_the_open_stage_stays_open_wherever_it_goes(button: str, opened: int, still: int) -> None:
    assert editing.press(THREE, opened, button).open == still


def test_a_preset_that_asks_nobody_yet_opens_itself() -> None:
    assert editing.press([], 0, "add-principal").open == 0
    added = editing.press(THREE, 0, "add-vote")
    assert (added.open, added.stages[3]["quorum_number"]) == (4, 2)


def test_lines_of_signers_go_and_change_places() -> None:
    lines = [{"select": "post_of_lead", "role": role} for role in ("deputy", "principal")]
    opened = [stage("A", approvers=lines)]
    raised = editing.press(opened, 1, "raise-approvers-2")
    assert [one["role"] for one in raised.stages[0]["approvers"]] == ["principal", "deputy"]
    gone = editing.press(opened, 1, "unsign-approvers-1")
    assert gone.stages[0]["approvers"] == lines[1:]
    assert editing.with_lines(opened[0], "approvers", [lines[0]]) == opened[0]


def signers(prefix: str = "approvers", *, is_pressed: bool = False, **sent: str) -> SignersForm:
    data = {f"{prefix}-{name}": value for name, value in sent.items()}
    directory = Directory([], [], PEOPLE)
    return SignersForm(data, directory=directory, prefix=prefix, is_pressed=is_pressed)


def test_a_person_is_found_by_name_or_account_and_never_guessed() -> None:
    for words in ("Ana", "ana1", "Ana (ana1)"):
        assert signers(where="person", person=words).lines() == [
            {"select": "person", "person": str(ANA)}
        ]
    for words in ("Li", "Nobody", "Ana, Nobody"):
        form = signers(where="person", person=words)
        assert form.lines() == []
        assert "person" in form.errors
    assert signers(where="person", person="li2").lines()[0]["person"] == str(TWIN)


def test_several_people_are_named_at_once_and_whoever_is_unknown_is_said() -> None:
    for words in ("Ana, li2", "Ana、li2", "ana1，Li (li2)；"):
        named = [one["person"] for one in signers(where="person", person=words).lines()]
        assert named == [str(ANA), str(TWIN)]
    form = signers(where="person", person="Ana, Nobody, Li")
    assert "called “Nobody, Li”" in form.errors["person"][0]


def test_no_name_is_asked_for_only_where_one_is_to_be_added() -> None:
    idle = signers(where="person", person=" ")
    assert (idle.lines(), idle.errors) == ([], {})
    assert "person" in signers(where="person", person="", is_pressed=True).errors


def test_nothing_chosen_is_no_line_and_a_place_is_a_role_there() -> None:
    assert signers(where="", role="principal").lines() == []
    assert signers(where="superior-2", role="principal").lines() == [
        {"select": "post_of_superior", "levels": 2, "role": "principal"}
    ]


def test_a_line_may_be_left_to_the_submitters_choice() -> None:
    line = {"select": "post_of_lead", "role": "deputy"}
    ticked = signers(where="lead", role="deputy", chosen="on")
    assert ticked.lines() == [{"select": "chosen_by_submitter", "from": line}]
    assert signers("fallback", where="lead", role="deputy", chosen="on").lines() == [line]


def sent(**more: Any) -> dict[str, Any]:
    form = {
        "name": "A",
        "rule": "quorum",
        "quorum": "60",
        "quorum_in": "percent",
        "refusal": "vote",
        "sequential": "no",
        "after_return": "restart",
        "repeat_signer": "ask",
        "evidence": "session",
    }
    return form | more


def test_a_vote_keeps_its_number_or_its_percentage_and_nothing_else_has_one() -> None:
    taken = StageForm(sent(), stage=stage(), before=[]).taken()
    assert (taken["quorum_number"], taken["quorum_percent"]) == (None, 60)
    taken = StageForm(sent(rule="any"), stage=stage(), before=[]).taken()
    assert (taken["quorum_number"], taken["quorum_percent"]) == (None, None)


def test_what_is_wrong_stays_as_it_was_and_the_rest_is_kept() -> None:
    form = StageForm(sent(due_in="soon", name="New"), stage=stage("Old", due_in=5), before=[])
    taken = form.taken()
    assert (taken["name"], taken["due_in"]) == ("New", 5)
    assert "due_in" in form.errors


def test_weights_are_kept_in_a_vote_alone() -> None:
    vote = stage(rule="quorum", approvers=[LEAD])
    assert editor.weighed(vote, {"weight-1": "3"})["approvers"] == [LEAD | {"weight": 3}]
    assert editor.weighed(stage(), {"weight-1": "3"})["approvers"] == [LEAD]
    for nonsense in ("x", "0", "99999", "1"):
        assert editor.weighed(vote, {"weight-1": nonsense})["approvers"] == [LEAD]


def test_a_plan_that_is_over_stays_in_the_condition_though_nobody_can_tick_it() -> None:
    kept = stage(condition={"plans": ["over"]})
    form = StageForm(sent(plans=["new"]), stage=kept, before=[], plans=[("new", "New plan")])
    assert form.taken()["condition"] == {"plans": ["over", "new"]}


def test_a_stage_may_be_for_tasks_of_one_priority() -> None:
    kept = stage(condition={"priorities": ["high"]})
    asked = StageForm(sent(priorities=["low"]), stage=kept, before=[], of_tasks=True)
    assert asked.taken()["condition"] == {"priorities": ["low"]}
    elsewhere = StageForm(sent(priorities=["low"]), stage=kept, before=[])
    assert elsewhere.taken()["condition"] == {"priorities": ["high"]}


def drawn(*boxes: Box) -> str:
    return drawing.picture(boxes, label="L", description="D & d", start="s", end="e")


def test_a_picture_is_sound_says_everything_and_carries_no_styles() -> None:
    hostile = '<script>"&'
    svg = drawn(Box("A", [hostile], "One."), Box("B", ["x"], "All.", returns_to=[1], maybe=True))
    root = fromstring(svg)
    said = " ".join(text for text in root.itertext())
    assert hostile in said
    assert "2 · B" in said
    assert (root.findtext("title"), root.findtext("desc")) == ("L", "D & d")
    assert not re.search(r"style=|<script|on\w+=", svg)
    assert svg.count('class="wire-back"') == 1
    assert unescape("&lt;") in said


def test_lines_fit_their_box_and_lose_nothing() -> None:
    for text in (
        "党政综合办公室的主要负责人、分管负责人和审核人会签本环节事项",
        "word " * 30,
        "x" * 99,
        "",
    ):
        lines = drawing.wrapped(text)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(len(line) <= 40 for line in lines)

"""Names against the directory: exact, alias, completed prefix, and never a guess."""

import pytest

from tests.importing.plans import DIRECTORY, codes, proposal
from workflows.importing import DirectorySnapshot
from workflows.importing.resolve import Resolver


@pytest.mark.parametrize(
    ("text", "unit", "how"),
    [
        ("市委宣传部", "u-press", "exact"),
        ("市发展改革委", "u-reform", "alias"),
        ("审批服务局", "u-approve", "prefix"),
        ("区公安分局", "u-police", "prefix"),
        ("云岭市审批服务局", "u-approve", "prefix"),
    ],
)
def test_names_resolve_in_order_of_certainty(text: str, unit: str, how: str) -> None:
    found = Resolver(DIRECTORY).unit(text)
    assert (found.resolved, found.how) == (unit, how)


def test_a_unit_of_another_level_is_never_taken_for_ours() -> None:
    assert Resolver(DIRECTORY).unit("省审批服务局").resolved is None
    assert Resolver(DIRECTORY).unit("区审批服务局").resolved is None


def test_the_level_of_the_first_name_carries_along() -> None:
    found = Resolver(DIRECTORY).unit("宣传部", before="市委组织部")
    assert (found.resolved, found.how) == ("u-press", "prefix")


def test_similar_names_are_only_suggested() -> None:
    found = Resolver(DIRECTORY).unit("市发展改革局")
    assert found.resolved is None
    assert "u-reform" in found.suggestions


def test_an_alias_of_two_units_is_asked_about() -> None:
    result = proposal("一、任务\n1.清淤。（责任单位：发改局）")
    (question,) = [q for q in result.questions if q.code == "ambiguous_alias"]
    assert question.params["suggestions"] == ["u-energy", "u-reform"]
    assert result.measures[0].units[0].resolved is None


def test_an_unknown_unit_is_asked_about_once_for_all_measures() -> None:
    result = proposal("一、任务\n1.清淤。（市水务局负责）\n2.截污。（市水务局负责）")
    (question,) = [q for q in result.questions if q.code == "unknown_unit"]
    assert question.measure_keys == ("1.1", "1.2")
    assert question.default is None


def test_an_inferred_prefix_is_asked_about() -> None:
    assert "inferred_prefix" in codes(proposal("一、任务\n1.清淤。（责任单位：审批服务局）"))


def test_a_group_is_asked_about_with_its_members() -> None:
    result = proposal("一、任务\n1.清淤。（责任单位：各街道办事处）")
    (question,) = [q for q in result.questions if q.code == "group"]
    assert question.params["members"] == ["s-1", "s-2"]
    assert question.default == {"group": "g-street", "mode": "each"}
    assert result.measures[0].lead is None


def test_an_empty_directory_resolves_nothing() -> None:
    found = Resolver(DirectorySnapshot()).unit("市教育局")
    assert (found.resolved, found.suggestions) == (None, ())


def test_a_snapshot_survives_json() -> None:
    assert DirectorySnapshot.from_dict(DIRECTORY.to_dict()) == DIRECTORY

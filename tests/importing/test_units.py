"""Splitting lists of names."""

import pytest

from workflows.importing import units
from workflows.importing.folding import fold


def names(text: str) -> list[str]:
    folded = fold(text)
    return [text[name.start : name.end] for name in units.split(folded, 0, len(folded)).names]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("工业和信息化局、文化和旅游局", ["工业和信息化局", "文化和旅游局"]),
        ("市教育局和市民政局", ["市教育局", "市民政局"]),
        ("市教育局及各街道", ["市教育局", "各街道"]),
        ("各区、县级市，市水务局", ["各区、县级市", "市水务局"]),
        ("各镇、街道办事处", ["各镇、街道办事处"]),
        ("各街道党工委、办事处", ["各街道党工委、办事处"]),
        ("各县（市、区）人民政府、开发区管委会", ["各县（市、区）人民政府", "开发区管委会"]),
        ("市教育局等部门和单位", ["市教育局"]),
        ("各地区、各部门", ["各地区", "各部门"]),
        ("市交通委（市道运局）、市水务局", ["市交通委（市道运局）", "市水务局"]),
        ("市水务局 市教育局", ["市水务局", "市教育局"]),
        ("市教　育局", ["市教　育局"]),
        ("高等教育处、市教育局", ["高等教育处", "市教育局"]),
        ("各级党委和人民政府、市教育局", ["各级党委和人民政府", "市教育局"]),
        ("/", []),
        ("无", []),
    ],
)
def test_lists_are_split_where_a_name_ends(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "各街道",
        "区直各部门",
        "各有关单位",
        "市直有关部门",
        "县（市、区）人民政府",
        "领导小组成员单位",
    ],
)
def test_groups_are_never_units(text: str) -> None:
    assert units.kind_of(text) == "group"


@pytest.mark.parametrize(
    "text", ["市教育局", "市政府", "区政府办公室", "总工会", "国网云岭供电公司"]
)
def test_single_bodies_are_units(text: str) -> None:
    assert units.kind_of(text) == "unit"

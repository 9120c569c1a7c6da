"""What a sheet would change, without a database."""

from directory.differences import Known, KnownPerson, KnownUnit, compare
from directory.sheets import Row

KNOWN = Known(
    units={
        "甲局": KnownUnit("party", aliases=("甲",), groups=frozenset({"各部门"})),
        "乙局": KnownUnit("government", parent="甲局"),
        "旧局": KnownUnit("other", abolished=True),
    },
    groups=frozenset({"各部门"}),
    posts={("甲局", "审核岗"): "reviewer"},
    people={"wang": KnownPerson("王远"), "gone": KnownPerson("李去", active=False)},
    holders={("甲局", "审核岗"): "wang"},
    foreign=frozenset({"theirs"}),
)


def kinds(*rows: Row) -> list[str]:
    difference = compare(rows, KNOWN)
    assert difference.problems == []
    return [change.kind for change in difference.changes]


def problems(*rows: Row) -> list[str]:
    return [one.sentence % one.params for one in compare(rows, KNOWN).problems]


def test_what_the_directory_says_already_changes_nothing() -> None:
    assert (
        kinds(Row(2, "甲局", "party", post="审核岗", role="reviewer", name="王远", account="wang"))
        == []
    )


def test_what_the_sheet_leaves_empty_stays() -> None:
    assert kinds(Row(2, "乙局"), Row(3, "甲局", post="审核岗")) == []


def test_a_new_person_in_a_new_post_of_a_new_unit_comes_in_the_order_of_doing_it() -> None:
    assert kinds(
        Row(2, "丙局", groups=("各街道",), post="岗", role="handler", name="赵", account="zhao")
    ) == [
        "unit.added",
        "group.added",
        "post.added",
        "person.added",
        "appointment.made",
    ]


def test_superiors_come_before_what_lies_below_them() -> None:
    rows = [Row(2, "丁科", parent="丙局"), Row(3, "丙局", parent="甲局")]

    assert [change.name for change in compare(rows, KNOWN).changes] == ["丙局", "丁科"]


def test_a_post_with_a_holder_gets_a_successor() -> None:
    rows = [Row(2, "甲局", post="审核岗", name="周新", account="zhou")]
    change = compare(rows, KNOWN).changes[-1]

    assert (change.kind, change.before) == ("appointment.replaced", {"name": "王远"})


def test_aliases_and_members_are_added_and_none_is_taken_away() -> None:
    difference = compare([Row(2, "乙局", aliases=("乙",), groups=("各部门",))], KNOWN)

    assert difference.changes[0].values == {"aliases": ("乙",)}
    assert (difference.changes[1].kind, difference.changes[1].values) == (
        "group.extended",
        {"units": ("乙局",)},
    )


def test_contradictions_are_named_with_their_rows() -> None:
    assert problems(Row(2, "丙局", "party"), Row(3, "丙局", "street")) == [
        "“丙局” is described differently in row 2: “party”."
    ]
    assert problems(
        Row(2, "甲局", post="一岗", role="handler", name="赵", account="zhao"),
        Row(3, "甲局", post="二岗", role="handler", name="钱", account="zhao"),
    ) == ["The account “zhao” is 赵 in row 2."]
    assert problems(
        Row(2, "甲局", post="一岗", role="handler"), Row(3, "甲局", post="一岗", role="handler")
    ) == ["The post “一岗” stands in row 2 already."]


def test_what_can_not_be_is_a_problem() -> None:
    assert (
        "below itself" in problems(Row(2, "丙局", parent="丁局"), Row(3, "丁局", parent="丙局"))[0]
    )
    assert "below itself" in problems(Row(2, "甲局", parent="乙局"))[0]
    assert "not in the directory" in problems(Row(2, "丙局", parent="无局"))[0]
    assert "abolished" in problems(Row(2, "旧局"))[0]
    assert "needs a role" in problems(Row(2, "甲局", post="新岗"))[0]
    assert "another role" in problems(Row(2, "甲局", post="审核岗", role="handler"))[0]
    assert "is taken" in problems(Row(2, "甲局", post="审核岗", name="他", account="theirs"))[0]
    assert "deactivated" in problems(Row(2, "甲局", post="审核岗", name="李去", account="gone"))[0]


def test_the_fingerprint_changes_with_what_would_be_done() -> None:
    new = Row(2, "丙局")

    assert compare([new], KNOWN).fingerprint == compare([new], KNOWN).fingerprint
    assert compare([new], KNOWN).fingerprint != compare([Row(2, "丁局")], KNOWN).fingerprint

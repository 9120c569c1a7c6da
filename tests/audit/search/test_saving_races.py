"""Saved searches of one person under real commits, from two windows at once."""

import pytest

from audit.models import Root
from audit.search import saving
from audit.search.models import SavedFilter
from tests.factories import NOW
from tests.racing import outcomes
from tests.workflows.factories import World, make_world

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def world() -> World:
    return make_world()


def save(world: World, name: str, actor: Root | None = None) -> SavedFilter:
    return saving.save_search(
        organisation=world.organisation.pk,
        name=name,
        asked={"q": name},
        is_shared=False,
        actor=actor or world.auditor,
        at=NOW,
    )


def names(world: World) -> list[str]:
    own = SavedFilter.objects.filter(owner=world.auditor.subject)
    return sorted(own.values_list("name", flat=True))


def test_one_name_is_kept_once_and_the_other_window_is_told(world: World) -> None:
    found = outcomes(*[lambda: save(world, "Returns")] * 4)
    assert found == ["NameTaken"] * 3 + ["done"]
    assert names(world) == ["Returns"]


def test_the_last_free_place_is_given_away_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "MOST", 2)
    save(world, "First")
    found = outcomes(*[lambda name=name: save(world, name) for name in ("A", "B", "C", "D")])
    assert found == ["TooManySaved"] * 3 + ["done"]
    assert len(names(world)) == 2


def test_two_searches_that_are_renamed_alike_don_t_both_get_the_name(world: World) -> None:
    rows = [save(world, name) for name in ("A", "B")]

    def rename(row: SavedFilter) -> SavedFilter:
        return saving.rename_search(
            search_id=row.pk, name="Same", is_shared=False, actor=world.auditor, at=NOW
        )

    assert outcomes(*[lambda row=row: rename(row) for row in rows]) == ["NameTaken", "done"]
    assert "Same" in names(world)


def test_a_search_that_is_deleted_twice_at_once_is_gone_once(world: World) -> None:
    row = save(world, "A")

    def delete() -> None:
        saving.delete_search(search_id=row.pk, actor=world.auditor, at=NOW)

    assert outcomes(delete, delete) == ["DoesNotExist", "done"]
    assert names(world) == []

"""A file's own database: what was made for the file, and nothing that another test has left."""

import pytest

from directory.models import Organisation
from tests.conftest import MakeForFile
from tests.factories import make_organisation


@pytest.fixture(scope="module")
def made(make_for_file: MakeForFile) -> Organisation:
    return make_for_file(lambda: make_organisation("Made once"))


@pytest.mark.parametrize("_again", range(2))
def test_each_test_finds_what_was_made_for_the_file_and_nothing_else(
    made: Organisation, db: None, _again: int
) -> None:
    organisation = Organisation.objects.get()
    assert (organisation, organisation.name) == (made, "Made once")
    Organisation.objects.update(name="Changed")
    make_organisation()


def test_what_is_committed_stays_for_the_file(made: Organisation, committed_db: None) -> None:
    Organisation.objects.filter(pk=made.pk).update(name="Committed")
    assert list(Organisation.objects.values_list("name", flat=True)) == ["Committed"]

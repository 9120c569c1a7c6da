"""What each role may do in the database, tried for real."""

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, models

from config import roles


def insert_only_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if getattr(model, "insert_only", False)]


@pytest.mark.django_db
def test_tests_speak_as_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (roles.users()["app"],)


@pytest.mark.django_db
@pytest.mark.parametrize("model", insert_only_models(), ids=lambda model: model._meta.label)
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {0}", "TRUNCATE {0}", "UPDATE {0} SET {1} = {1}"]
)
def test_the_application_cannot_change_what_is_insert_only(
    model: type[models.Model], statement: str
) -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute(statement.format(model._meta.db_table, model._meta.pk.column))

"""What each role may do in the database, tried for real."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import psycopg2.errors
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from audit.models import Opening
from config import roles
from config.postgres import ROLES

RUNTIME = [role for role in ROLES if role != "owner"]
Speaking = Callable[[str], AbstractContextManager[None]]
Role = Callable[[str], AbstractContextManager[None]]

# Whatever would change or remove a row, or the guard in front of it; {0} is the table, {1} its key.
ON_A_TABLE = [
    "UPDATE {0} SET {1} = {1}",
    "DELETE FROM {0}",
    "TRUNCATE {0} CASCADE",
    "MERGE INTO {0} USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
    "INSERT INTO {0} SELECT * FROM {0} ON CONFLICT ({1}) DO UPDATE SET {1} = excluded.{1}",
    "ALTER TABLE {0} DISABLE TRIGGER ALL",
    "ALTER TABLE {0} DISABLE TRIGGER USER",
    "ALTER TABLE {0} OWNER TO CURRENT_USER",
    "ALTER TABLE {0} RENAME TO {0}_old",
    "ALTER TABLE {0} ADD COLUMN more integer",
    "ALTER TABLE {0} ALTER COLUMN {1} DROP DEFAULT",
    "DROP TABLE {0} CASCADE",
    "CREATE TRIGGER late BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()",
    "CREATE RULE away AS ON INSERT TO {0} DO INSTEAD NOTHING",
    "CREATE INDEX ON {0} ({1})",
    "COPY {0} FROM '/dev/null'",
    "COPY {0} FROM PROGRAM 'true'",
    "COPY {0} TO '/tmp/{0}'",
    "COPY {0} TO PROGRAM 'true'",
]
ON_THE_DATABASE = [
    "SET session_replication_role = replica",
    "SET LOCAL session_replication_role = local",
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "GRANT {owner} TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE ROLE helper",
    "REASSIGN OWNED BY {owner} TO CURRENT_USER",
    "DROP OWNED BY {owner}",
    "ALTER DATABASE {database} OWNER TO CURRENT_USER",
    "DROP SCHEMA public CASCADE",
    "ALTER SCHEMA public OWNER TO CURRENT_USER",
    "CREATE TABLE public.mine (id integer)",
    "CREATE FUNCTION public.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NEW; END'",
    "DROP FUNCTION audit_refuse_change() CASCADE",
    "ALTER FUNCTION audit_refuse_change() OWNER TO CURRENT_USER",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "UPDATE pg_class SET relowner = 10",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "DO $$ BEGIN EXECUTE 'SET session_replication_role = replica'; END $$",
]


def insert_only_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if getattr(model, "insert_only", False)]


@pytest.fixture
def as_role(committed_db: None, speaking_as: Speaking) -> Role:
    return lambda role: nullcontext() if role == "app" else speaking_as(role)


ERASE = f"DELETE FROM {Opening._meta.db_table}"  # noqa: S608 - from the model


def into_itself(model: type[models.Model]) -> str:
    table = model._meta.db_table
    return f"INSERT INTO {table} SELECT * FROM {table}"  # noqa: S608 - from the model


def not_refused(statements: list[str]) -> Iterator[str]:
    """Those that the database would have done; nothing of it is kept."""
    for statement in statements:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
                yield statement
                transaction.set_rollback(True)
        except DatabaseError as error:
            refusals = (
                psycopg2.errors.InsufficientPrivilege,
                psycopg2.errors.InvalidParameterValue,  # SET ROLE says so
            )
            if not isinstance(error.__cause__, refusals):
                yield f"{statement}: {error}"


@pytest.mark.django_db
def test_tests_speak_as_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == (roles.users()["app"],)


@pytest.mark.parametrize("role", RUNTIME)
def test_no_role_changes_what_is_insert_only_or_the_guards_before_it(
    role: str, as_role: Role
) -> None:
    statements = [
        statement.format(model._meta.db_table, model._meta.pk.column)
        for model in insert_only_models()
        for statement in ON_A_TABLE
    ]
    with as_role(role):
        done = [*not_refused(statements)]
    # What the worker may do in two ways.
    erasing = [one for one in done if "DELETE" in one and Opening._meta.db_table in one]
    assert ERASE not in done or role == "worker"
    assert done == (erasing if role == "worker" else [])


def test_the_worker_alone_may_erase_openings(as_role: Role) -> None:
    for role in RUNTIME:
        with as_role(role):
            assert [*not_refused([ERASE])] == ([ERASE] if role == "worker" else [])


@pytest.mark.parametrize("role", RUNTIME)
def test_no_role_becomes_another_or_reaches_out_of_the_database(role: str, as_role: Role) -> None:
    names = {"owner": roles.users()["owner"], "database": connection.settings_dict["NAME"]}
    statements = [
        one.replace("{owner}", names["owner"]).replace("{database}", str(names["database"]))
        for one in ON_THE_DATABASE
    ]
    with as_role(role):
        assert [*not_refused(statements)] == []


@pytest.mark.parametrize("role", RUNTIME)
def test_no_role_sets_the_servers_parameters(role: str, as_role: Role) -> None:
    with as_role(role), connection.cursor() as cursor:  # refused in any transaction, so in none
        for statement in ("ALTER SYSTEM SET fsync = off", "DROP DATABASE postgres"):
            with pytest.raises(DatabaseError) as refused:
                cursor.execute(statement)
            assert isinstance(refused.value.__cause__, psycopg2.errors.InsufficientPrivilege)


@pytest.mark.parametrize("role", RUNTIME)
def test_nobody_grants_themselves_more(role: str, as_role: Role) -> None:
    with as_role(role), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (user,) = cursor.fetchone()
        for model in insert_only_models():
            table = model._meta.db_table
            with transaction.atomic():
                # PostgreSQL warns instead of refusing where a role has any right at all.
                try:
                    with transaction.atomic():
                        cursor.execute(f'GRANT ALL ON {table} TO "{user}"')
                except DatabaseError:
                    pass
                cursor.execute(
                    "SELECT has_table_privilege(%s, 'UPDATE, TRUNCATE, TRIGGER')", [table]
                )
                assert cursor.fetchone() == (False,), table
                transaction.set_rollback(True)


@pytest.mark.parametrize("role", ["app", "auditor"])
def test_leaves_tiles_and_checkpoints_are_added_by_the_worker_alone(
    role: str, as_role: Role
) -> None:
    given = [m for m in insert_only_models() if getattr(m, "worker_inserts", False)]
    assert given
    with as_role(role):
        assert [*not_refused([into_itself(model) for model in given])] == []


def test_the_auditor_adds_nothing_anywhere(as_role: Role) -> None:
    stored = [model for model in apps.get_models() if model._meta.managed and not model._meta.proxy]
    with as_role("auditor"):
        assert [*not_refused([into_itself(model) for model in stored])] == []

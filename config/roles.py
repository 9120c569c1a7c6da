"""What each database role may do, table by table, written out after every migration.

The owner migrates; the application and the worker run the product; the auditor reads. A model says
what is special about its table in four attributes:

- `insert_only`: rows are facts, so nobody at run time changes or deletes one
- `worker_inserts`: only the worker adds rows
- `worker_deletes`: the worker, and nobody else, may delete a row
- `worker_only`: the application only reads
"""

from collections.abc import Iterator

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from config.settings import database

READ = "SELECT"
# Whoever reads these could act as somebody else: not for auditors.
SECRET_TABLES = {"django_session"}
SECRET_COLUMNS = {"password"}
# Tables without a model of an installed app that the application only looks at.
READ_ONLY_TABLES = ("django_migrations",)


def users() -> dict[str, str]:
    """The database user behind each role that this installation has."""
    return {role: str(database(url)["USER"]) for role, url in settings.DATABASE_URLS.items() if url}


def variable(role: str) -> str:
    """The environment variable with the role's address."""
    return "DATABASE_URL" if role == "app" else f"DATABASE_{role.upper()}_URL"


def rights(model: type[models.Model]) -> dict[str, str]:
    """What application, worker and auditor may do with the model's table, in SQL's words."""
    changes = [] if getattr(model, "insert_only", False) else ["UPDATE", "DELETE"]
    app = [READ, *([] if getattr(model, "worker_inserts", False) else ["INSERT"]), *changes]
    worker = [READ, "INSERT", *changes]
    if getattr(model, "worker_only", False):
        app = [READ]
    if getattr(model, "worker_deletes", False):
        app = [right for right in app if right != "DELETE"]
        worker = [*worker, *([] if "DELETE" in worker else ["DELETE"])]
    return {"app": ", ".join(app), "worker": ", ".join(worker), "auditor": readable(model)}


def readable(model: type[models.Model]) -> str:
    """SELECT for the auditor, without the columns and tables that let one act as another."""
    columns = [field.column for field in model._meta.concrete_fields if field.column]
    if model._meta.db_table in SECRET_TABLES:
        return ""
    if SECRET_COLUMNS.isdisjoint(columns):
        return READ
    return f"{READ} ({', '.join(column for column in columns if column not in SECRET_COLUMNS)})"


def statements(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """Every GRANT of the installation, after a REVOKE of whatever was granted before."""
    name = connection.ops.quote_name
    roles = {role: name(user) for role, user in users().items() if role != "owner"}
    everyone = ", ".join(roles.values())
    yield f"GRANT USAGE ON SCHEMA public TO {everyone}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {everyone}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {everyone}"
    for table in READ_ONLY_TABLES:
        yield f"GRANT {READ} ON {name(table)} TO {everyone}"
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            table = name(model._meta.db_table)
            for role, granted in rights(model).items():
                if granted and role in roles:
                    yield f"GRANT {granted} ON {table} TO {roles[role]}"


def grant(connection: BaseDatabaseWrapper) -> None:
    """Bring the privileges in the database to what the models say; run as the owner."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements(connection):
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The roles that have no address here or that the database doesn't know."""
    known = users()
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[*known.values()]])
        present = {name for (name,) in cursor.fetchall()}
    return [role for role in settings.DATABASE_URLS if known.get(role) not in present]

"""PostgreSQL as Django has it, but a transaction's BEGIN travels with its first statement.

The driver sends BEGIN by itself and waits for the answer: a trip to the server in each transaction
that carries nothing. Here the driver stays in autocommit, and BEGIN is put before whatever is asked
first. An action whose last statements are known as such may send its COMMIT with them, too
(`DatabaseWrapper.closing`), so that the whole takes two trips less. See docs/decisions/0026.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg2 import extensions


class Cursor(extensions.cursor):
    """The driver's cursor; before its first statement in a transaction goes the BEGIN."""

    database: "DatabaseWrapper"

    def execute(self, query: Any, vars: Any = None) -> None:
        if self.database.is_begin_due:
            query = self._begun(query, vars)
            vars = None
        super().execute(query, vars)

    def _begun(self, query: Any, vars: Any) -> Any:
        self.database.is_begin_due = False
        if self.name is not None:
            # What a named cursor is asked becomes a part of DECLARE, so BEGIN goes alone.
            self.database.tell("BEGIN")
            return query if vars is None else super().mogrify(query, vars)
        return b"BEGIN;\n" + super().mogrify(query, vars)

    def copy_expert(self, *args: Any, **kwargs: Any) -> None:
        self.database.begin()
        super().copy_expert(*args, **kwargs)

    def executemany(self, query: Any, vars_list: Any) -> None:
        self.database.begin()
        super().executemany(query, vars_list)

    def callproc(self, *args: Any, **kwargs: Any) -> Any:
        self.database.begin()
        return super().callproc(*args, **kwargs)


class DatabaseWrapper(base.DatabaseWrapper):
    is_begin_due = False
    """A transaction has begun here, and the server doesn't know yet."""

    def init_connection_state(self) -> None:
        self.is_begin_due = False
        super().init_connection_state()

    def create_cursor(self, name: str | None = None) -> Any:
        made = (
            self.connection.cursor(
                name, cursor_factory=Cursor, scrollable=False, withhold=self.connection.autocommit
            )
            if name
            else self.connection.cursor(cursor_factory=Cursor)
        )
        made.tzinfo_factory = self.tzinfo_factory if settings.USE_TZ else None
        made.database = self
        return made

    def _start_transaction_under_autocommit(self) -> None:
        """What `atomic` calls instead of switching the driver's autocommit off."""
        self.is_begin_due = True

    def begin(self) -> None:
        if self.is_begin_due:
            self.is_begin_due = False
            self.tell("BEGIN")

    def closing(self) -> str:
        """`;COMMIT` for the end of the last statements, if nothing encloses the transaction."""
        is_outermost = self.in_atomic_block and self.commit_on_exit and not self.savepoint_ids
        return ";\nCOMMIT" if is_outermost and self.connection.autocommit else ""

    def _commit(self) -> None:
        self._end("COMMIT", super()._commit)  # type: ignore[misc]

    def _rollback(self) -> None:
        self._end("ROLLBACK", super()._rollback)  # type: ignore[misc]

    def _end(self, how: str, by_the_driver: Any) -> None:
        if self.is_begin_due:
            self.is_begin_due = False
        elif self.connection is None or not self.connection.autocommit:
            by_the_driver()
        elif self.connection.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE:
            with debug_transaction(self, how), self.wrap_database_errors:
                self.tell(how)

    def tell(self, command: str) -> None:
        with self.connection.cursor(cursor_factory=extensions.cursor) as cursor:
            cursor.execute(command)

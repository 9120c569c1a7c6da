"""Migration operations that put the ledger's guards on a table.

ENABLE ALWAYS keeps a trigger firing under `session_replication_role`; only the table's owner can
switch it off, and the runtime roles own nothing.
"""

from django.db.migrations import RunSQL


def insert_only(table: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE on `table`, whoever asks."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_insert_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_insert_only;
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
        """,
        f"""
        DROP TRIGGER {table}_insert_only ON {table};
        DROP TRIGGER {table}_no_truncate ON {table};
        """,
    )


def erasable(table: str) -> RunSQL:
    """Refuse UPDATE and TRUNCATE on `table`, whoever asks; who may DELETE is a matter of rights."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
        CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_update;
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
        """,
        f"""
        DROP TRIGGER {table}_no_update ON {table};
        DROP TRIGGER {table}_no_truncate ON {table};
        """,
    )


def tripwire(table: str, subject: str) -> RunSQL:
    """Refuse to commit a change of `table.state` without a ledger entry in the same transaction.

    `subject` is an SQL expression over NEW that names the root: `'task:' || NEW.id` or `NEW.root`.
    """
    function = f"{table}_tripwire"
    return RunSQL(
        f"""
        CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql
            SET enable_seqscan = off SET enable_bitmapscan = off AS $$
        BEGIN
            IF pg_current_xact_id() IS DISTINCT FROM (
                SELECT xid FROM audit_entry
                WHERE organisation = NEW.organisation_id AND subject = {subject}
                ORDER BY subject_seq DESC LIMIT 1
            ) THEN
                RAISE EXCEPTION '{table} % changed its state without a ledger entry', NEW.id
                    USING ERRCODE = 'integrity_constraint_violation', TABLE = '{table}';
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER {function} AFTER UPDATE OF state ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION {function}();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {function};
        """,  # noqa: S608 - the names come from migrations
        f"DROP TRIGGER {function} ON {table}; DROP FUNCTION {function}();",
    )

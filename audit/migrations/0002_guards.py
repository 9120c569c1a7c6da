"""The ledger's guards: nothing is changed or removed, and every entry follows the one before it."""

from django.db import migrations

from audit.triggers import erasable, insert_only

FUNCTIONS = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- Plans are kept for the length of a session: none may be made while the table is still small.
CREATE FUNCTION audit_check_entry() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    head bytea;
BEGIN
    IF NEW.subject_seq = 1 THEN
        head := decode(repeat('00', 32), 'hex');
    ELSE
        SELECT entry_hash INTO head FROM audit_entry
        WHERE organisation = NEW.organisation AND subject = NEW.subject
            AND subject_seq = NEW.subject_seq - 1;
    END IF;
    IF NEW.prev_hash IS DISTINCT FROM head THEN
        RAISE EXCEPTION 'entry % of % does not follow its chain', NEW.subject_seq, NEW.subject
            USING ERRCODE = 'integrity_constraint_violation', TABLE = 'audit_entry';
    END IF;
    IF NEW.entry_hash IS DISTINCT FROM sha256('\\x00'::bytea || NEW.body) THEN
        RAISE EXCEPTION 'entry % of % has a wrong hash', NEW.subject_seq, NEW.subject
            USING ERRCODE = 'integrity_constraint_violation', TABLE = 'audit_entry';
    END IF;
    IF octet_length(NEW.body) > 16384 THEN
        RAISE EXCEPTION 'entry % of % is too long', NEW.subject_seq, NEW.subject
            USING ERRCODE = 'integrity_constraint_violation', TABLE = 'audit_entry';
    END IF;
    NEW.xid := pg_current_xact_id();
    RETURN NEW;
END $$;

CREATE TRIGGER audit_entry_check BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_check_entry();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_check;
"""

REVERSE = """
DROP TRIGGER audit_entry_check ON audit_entry;
DROP FUNCTION audit_check_entry();
DROP FUNCTION audit_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS, REVERSE),
        insert_only("audit_entry"),
        insert_only("audit_leaf"),
        insert_only("audit_verification"),
        erasable("audit_opening"),
    ]

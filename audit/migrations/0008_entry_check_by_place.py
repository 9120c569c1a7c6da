"""The check of an entry looks its predecessor up by the chain's own index, whatever it knows.

Its plan is kept for the length of a session. Made while the table was new, before anybody had
counted its rows, it used another index of the organisation and read all of that one's entries, for
each entry anew. Only the chain's index gives the order that is asked for now.
"""

from django.db import migrations

CHECK = """
CREATE OR REPLACE FUNCTION audit_check_entry() RETURNS trigger LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    head bytea;
BEGIN
    IF NEW.subject_seq = 1 THEN
        head := decode(repeat('00', 32), 'hex');
    ELSE
        SELECT entry_hash INTO head FROM audit_entry
        WHERE organisation = NEW.organisation AND subject = NEW.subject
            AND subject_seq >= NEW.subject_seq - 1 AND subject_seq < NEW.subject_seq
        ORDER BY subject_seq LIMIT 1;
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
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_search")]

    operations = [migrations.RunSQL(CHECK, migrations.RunSQL.noop)]

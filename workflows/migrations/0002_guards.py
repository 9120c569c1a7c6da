"""What was submitted stays as it was; a task never changes its state without a ledger entry."""

from django.db import migrations

from audit.triggers import insert_only, tripwire


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        insert_only("workflows_contribution"),
        insert_only("workflows_submission"),
        insert_only("workflows_includedcontribution"),
        insert_only("workflows_evidence"),
        insert_only("workflows_storedfile"),
        insert_only("workflows_planversion"),
        tripwire("workflows_task", "'task:' || NEW.id"),
    ]

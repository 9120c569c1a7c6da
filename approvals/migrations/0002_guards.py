"""Published routes, rounds and sign-offs are facts; no approval moves without a ledger entry."""

from django.db import migrations

from audit.triggers import insert_only, tripwire


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        insert_only("approvals_routeversion"),
        insert_only("approvals_stage"),
        insert_only("approvals_round"),
        insert_only("approvals_signoff"),
        tripwire("approvals_approval", "NEW.root"),
    ]

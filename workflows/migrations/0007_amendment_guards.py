"""What was put forward as an amendment, and what a measure said before, stays as it was."""

from django.db import migrations

from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_amendments")]

    operations = [
        insert_only("workflows_amendmentversion"),
        insert_only("workflows_measurerevision"),
    ]

"""Requests to erase texts."""

from django.db import migrations, models

import audit.ids
from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0005_printed_codes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Erasure",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organisation", models.UUIDField()),
                ("subject", models.CharField(max_length=80)),
                ("commitment", models.BinaryField(max_length=32)),
                ("reason", models.BinaryField(max_length=32)),
                ("requested_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "commitment"], name="erasure_by_text")
                ],
            },
        ),
        insert_only("audit_erasure"),
    ]

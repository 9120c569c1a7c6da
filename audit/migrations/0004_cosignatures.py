"""Witnesses' signatures under checkpoints."""

import django.db.models.deletion
from django.db import migrations, models

import audit.ids
from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0003_checkpoints"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("organisation", models.UUIDField()),
                ("witness", models.CharField(max_length=200)),
                ("line", models.CharField(max_length=400)),
                ("seen_at", models.DateTimeField()),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="audit.checkpoint",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-seen_at"], name="cosignature_latest")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkpoint", "witness"), name="cosignature_one_per_witness"
                    )
                ],
            },
        ),
        insert_only("audit_cosignature"),
    ]

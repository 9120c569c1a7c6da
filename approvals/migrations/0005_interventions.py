"""Two administrators move an approval that is stuck."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0004_turns"),
        ("directory", "0002_person_language_is_a_choice"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Intervention",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("reseat", "give a seat to somebody else"),
                            ("send_back", "send it back to begin anew"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "proposed"),
                            ("confirmed", "confirmed"),
                            ("declined", "declined"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("reason", models.BinaryField(max_length=32)),
                ("proposed_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="interventions",
                        to="approvals.approval",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="directory.organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "work_item",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="approvals.workitem",
                    ),
                ),
            ],
            options={
                "verbose_name": "intervention",
                "ordering": ["-proposed_at"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "proposed")),
                        fields=("approval",),
                        name="intervention_one_proposed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "send_back"), ("person", None), ("work_item", None)),
                            models.Q(
                                ("kind", "reseat"),
                                ("person__isnull", False),
                                ("work_item__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="intervention_complete",
                    ),
                ],
            },
        ),
    ]

"""What is asked for a task: another deadline, another round."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.ids
from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0002_person_language_is_a_choice"),
        ("workflows", "0004_chosen_signers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TaskRequest",
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
                        choices=[("task_extension", "extension"), ("task_reopening", "reopening")],
                        max_length=20,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("previous_due_date", models.DateField(null=True)),
                ("due_date", models.DateField(null=True)),
                ("reason", models.BinaryField(max_length=32)),
                ("digest", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField()),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="workflows.task",
                    ),
                ),
            ],
            options={
                "verbose_name": "request",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("task", "kind", "number"), name="request_number"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("due_date__gt", models.F("previous_due_date")),
                                ("due_date__isnull", False),
                                ("kind", "task_extension"),
                                ("previous_due_date__isnull", False),
                            ),
                            models.Q(
                                ("due_date", None),
                                ("kind", "task_reopening"),
                                ("previous_due_date", None),
                            ),
                            _connector="OR",
                        ),
                        name="request_complete",
                    ),
                ],
            },
        ),
        insert_only("workflows_taskrequest"),
    ]

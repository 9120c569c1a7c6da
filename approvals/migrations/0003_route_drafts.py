"""Routes are written as drafts, and put forward as proposals that never change."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.ids
from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0002_guards"),
        ("directory", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RouteDraft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("writing", "being written"),
                            ("submitted", "under approval"),
                            ("published", "published"),
                            ("abandoned", "abandoned"),
                        ],
                        default="writing",
                        max_length=10,
                    ),
                ),
                ("stages", models.JSONField(default=list)),
                ("revision", models.PositiveIntegerField(default=1)),
                (
                    "authors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), default=list, size=None
                    ),
                ),
                ("updated_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="directory.organisation",
                    ),
                ),
                (
                    "route",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drafts",
                        to="approvals.route",
                    ),
                ),
                (
                    "updated_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "route draft",
            },
        ),
        migrations.CreateModel(
            name="RouteProposal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("stages", models.JSONField()),
                ("digest", models.BinaryField(max_length=32)),
                ("submitted_at", models.DateTimeField()),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="approvals.routedraft",
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
                    "replaces",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="approvals.routeversion",
                    ),
                ),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
            },
        ),
        migrations.AddConstraint(
            model_name="routedraft",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["writing", "submitted"])),
                fields=("organisation", "route"),
                name="route_draft_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="routedraft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["writing", "submitted", "published", "abandoned"])
                ),
                name="route_draft_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="routeproposal",
            constraint=models.UniqueConstraint(
                fields=("organisation", "draft", "number"), name="route_proposal_number"
            ),
        ),
        insert_only("approvals_routeproposal"),
    ]

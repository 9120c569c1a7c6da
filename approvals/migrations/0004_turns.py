"""A seat may have several turns: handed on, taken back; others may be asked beside the route."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.ids
from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0003_route_drafts"),
        ("directory", "0002_person_language_is_a_choice"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Revocation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("reason", models.BinaryField(max_length=32)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "revocation",
            },
        ),
        migrations.AlterModelOptions(
            name="workitem",
            options={"ordering": ["position", "id"], "verbose_name": "work item"},
        ),
        migrations.RemoveConstraint(
            model_name="workitem",
            name="seat_one_per_position",
        ),
        migrations.RemoveConstraint(
            model_name="workitem",
            name="seat_one_per_post",
        ),
        migrations.RemoveConstraint(
            model_name="workitem",
            name="work_item_closed_when_over",
        ),
        migrations.AddField(
            model_name="opening",
            name="resumes_at",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="workitem",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="carried_from",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="carried_to",
                to="approvals.workitem",
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="note",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="workitem",
            name="opinion",
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.AddField(
            model_name="workitem",
            name="succeeds",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="successor",
                to="approvals.workitem",
            ),
        ),
        migrations.AddField(
            model_name="workitem",
            name="waits_for",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="origin",
            field=models.CharField(
                choices=[
                    ("configured", "asked by the route"),
                    ("fallback", "asked instead"),
                    ("added", "added by a signer"),
                    ("escalated", "asked because it is overdue"),
                    ("consulted", "asked for an opinion"),
                ],
                default="configured",
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="workitem",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "not yet their turn"),
                    ("open", "open"),
                    ("decided", "decided"),
                    ("not_needed", "not needed"),
                    ("superseded", "replaced"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddConstraint(
            model_name="workitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "superseded"), _negated=True),
                fields=("opening", "position"),
                name="seat_one_per_position",
            ),
        ),
        migrations.AddConstraint(
            model_name="workitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("post__isnull", False),
                    models.Q(("state", "superseded"), _negated=True),
                    models.Q(("origin", "consulted"), _negated=True),
                ),
                fields=("opening", "post"),
                name="seat_one_per_post",
            ),
        ),
        migrations.AddConstraint(
            model_name="workitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("state__in", ["waiting", "open"])),
                    models.Q(
                        ("closed_at__isnull", False),
                        ("state__in", ["decided", "not_needed", "superseded"]),
                    ),
                    _connector="OR",
                ),
                name="work_item_closed_when_over",
            ),
        ),
        migrations.AddField(
            model_name="revocation",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.organisation",
            ),
        ),
        migrations.AddField(
            model_name="revocation",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="revocation",
            name="sign_off",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="revocation",
                to="approvals.signoff",
            ),
        ),
        insert_only("approvals_revocation"),
        # Seats that wait in order did so by their position alone.
        migrations.RunSQL(
            "UPDATE approvals_workitem SET waits_for = position - 1 WHERE state = 'waiting'",
            migrations.RunSQL.noop,
        ),
    ]

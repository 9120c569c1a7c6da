"""Statements wait for their signer's passkey; what it answered is kept for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.ids
from audit.triggers import insert_only


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0006_chosen_signers"),
        ("directory", "0003_passkeys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Assertion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("authenticator_data", models.BinaryField()),
                ("client_data", models.BinaryField()),
                ("signature", models.BinaryField()),
            ],
            options={
                "verbose_name": "assertion",
            },
        ),
        migrations.CreateModel(
            name="PreparedSignature",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("statement", models.BinaryField()),
                ("salt", models.BinaryField(max_length=32, null=True)),
                ("comment", models.TextField(blank=True, default="")),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "prepared signature",
            },
        ),
        migrations.AddConstraint(
            model_name="signoff",
            constraint=models.CheckConstraint(
                condition=models.Q(("evidence__in", ["session", "password", "passkey"])),
                name="sign_off_evidence_known",
            ),
        ),
        migrations.AddField(
            model_name="assertion",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.organisation",
            ),
        ),
        migrations.AddField(
            model_name="assertion",
            name="passkey",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.passkey",
            ),
        ),
        migrations.AddField(
            model_name="assertion",
            name="sign_off",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="assertion",
                to="approvals.signoff",
            ),
        ),
        migrations.AddField(
            model_name="preparedsignature",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="directory.organisation",
            ),
        ),
        migrations.AddField(
            model_name="preparedsignature",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="preparedsignature",
            name="work_item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="approvals.workitem",
            ),
        ),
        migrations.AddConstraint(
            model_name="preparedsignature",
            constraint=models.UniqueConstraint(
                fields=("person", "work_item"), name="prepared_signature_one_per_item"
            ),
        ),
        migrations.AddConstraint(
            model_name="preparedsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("comment", ""), ("salt", None)),
                    models.Q(models.Q(("comment", ""), _negated=True), ("salt__isnull", False)),
                    _connector="OR",
                ),
                name="prepared_signature_salts_comment",
            ),
        ),
        insert_only("approvals_assertion"),
    ]

"""The daily mail with the log's last checkpoint: who wants it, who had it when."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import audit.ids


class Migration(migrations.Migration):
    dependencies = [
        ("directory", "0001_initial"),
        ("notices", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyChoice",
            fields=[
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("wants", models.BooleanField()),
                ("chosen_at", models.DateTimeField()),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="directory.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DailyMail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=audit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("day", models.DateField()),
                ("size", models.PositiveBigIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("mail_at", models.DateTimeField(blank=True, null=True)),
                ("mail_tries", models.PositiveSmallIntegerField(default=0)),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("mail_at__isnull", False)),
                        fields=["mail_at"],
                        name="daily_mail_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organisation", "person", "day"), name="daily_mail_once_a_day"
                    )
                ],
            },
        ),
    ]

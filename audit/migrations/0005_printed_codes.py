"""Entries are found by the codes on printed forms; who asks without an account is counted."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_cosignatures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Turnstile",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField()),
                ("passed", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                django.db.models.functions.text.Substr("entry_hash", 1, 4),
                name="entry_by_short_code",
            ),
        ),
        migrations.AddIndex(
            model_name="cosignature",
            index=models.Index(
                fields=["organisation", "witness", "-seen_at"], name="cosignature_by_witness"
            ),
        ),
    ]

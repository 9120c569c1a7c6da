"""Sign-offs of a period are found by organisation and time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0009_fewer_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="signoff",
            index=models.Index(fields=["organisation", "at"], name="sign_off_by_time"),
        ),
    ]

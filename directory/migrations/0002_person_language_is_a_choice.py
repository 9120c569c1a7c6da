from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("directory", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="person",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("zh-hans", "中文"), ("en", "English")],
                default="",
                max_length=10,
                verbose_name="language",
            ),
        ),
    ]

"""What is left of customers who were erased: no second welcome, and a plan that ends with its workspace."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0010_failed_purchases"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormerAddress",
            fields=[
                (
                    "digest",
                    models.CharField(
                        max_length=64, primary_key=True, serialize=False, verbose_name="keyed hash of the address"
                    ),
                ),
                ("erased_on", models.DateField(verbose_name="erased on")),
            ],
            options={
                "verbose_name": "former address",
                "verbose_name_plural": "former addresses",
            },
        ),
        migrations.AddField(
            model_name="customer",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="erased at"),
        ),
        migrations.AddField(
            model_name="subscription",
            name="ends_with_workspace",
            field=models.BooleanField(db_default=False, default=False, verbose_name="ends with the workspace"),
        ),
    ]

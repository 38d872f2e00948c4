"""An address is noted when it gets its welcome, and no more only when its account is erased."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Reversible as long as every row has its day; a row that has none is of an account that lives."""

    dependencies = [("billing", "0011_former_addresses")]

    operations = [
        migrations.AlterField(
            model_name="formeraddress",
            name="erased_on",
            field=models.DateField(blank=True, null=True, verbose_name="erased on"),
        ),
    ]

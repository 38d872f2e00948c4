"""The search as a function of the owner's: under row-level security its index could not be used."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("generation", "0007_under_way")]

    operations = [
        migrations.RunSQL((SQL / "find.sql").read_text(), reverse_sql="DROP FUNCTION generation_find(uuid, text);"),
    ]

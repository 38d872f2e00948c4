"""The functions of the search. A later change of one of them is a new file in sql/, a new migration, a new index."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parents[1] / "sql"


class Migration(migrations.Migration):
    dependencies = [("generation", "0003_purged_is_empty")]

    operations = [
        migrations.RunSQL((SQL / "search.sql").read_text(), reverse_sql=(SQL / "search_drop.sql").read_text()),
    ]

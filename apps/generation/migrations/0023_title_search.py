"""The search finds what stands below a title that a person has given."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parents[1] / "sql"
AS_BEFORE = (SQL / "find.sql").read_text().replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


class Migration(migrations.Migration):
    dependencies = [("generation", "0022_dialogue_indexes")]

    operations = [migrations.RunSQL((SQL / "find_with_titles.sql").read_text(), reverse_sql=AS_BEFORE)]

"""The functions that write the ledger. A later change of one of them is a new file in sql/ and a new migration."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parents[1] / "sql"


def _read(*names: str) -> str:
    return "\n".join((SQL / f"{name}.sql").read_text() for name in names)


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [
        migrations.RunSQL(
            _read("foundation", "credits", "holds", "sweeps", "private"),
            reverse_sql=_read("drop"),
        ),
    ]

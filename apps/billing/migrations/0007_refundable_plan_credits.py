"""Credits of a plan can be refunded like bought ones; and the sequence that numbers what is fetched from Stripe."""

from pathlib import Path

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

SQL = Path(__file__).resolve().parents[1] / "sql"
UNDO = "FUNCTION ledger_undo("


def _original() -> str:
    """Return the function as migration 0002 has made it."""
    return f"CREATE OR REPLACE {UNDO}{(SQL / 'credits.sql').read_text().partition(f'CREATE {UNDO}')[2]}"


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_spending")]

    operations = [
        ValidateConstraint(model_name="creditgrant", name="grant_source_known"),
        migrations.RunSQL(
            "CREATE SEQUENCE billing_fetch_ticket AS bigint", reverse_sql="DROP SEQUENCE billing_fetch_ticket"
        ),
        migrations.RunSQL((SQL / "undo.sql").read_text(), reverse_sql=_original()),
    ]

"""Say of each personal workspace whose it is: it stays known when the workspace becomes a team."""

from django.db import migrations

FILL = """
UPDATE accounts_workspace AS workspace
   SET made_for_id = membership.user_id
  FROM accounts_membership AS membership
 WHERE membership.workspace_id = workspace.id AND membership.role = 'owner'
   AND workspace.kind = 'personal' AND workspace.made_for_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_teams"),
    ]

    operations = [
        migrations.RunSQL(FILL, reverse_sql=migrations.RunSQL.noop),
    ]

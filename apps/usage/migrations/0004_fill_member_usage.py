"""Fill in what older usage records did not know, and the rollup by person and key, in short transactions.

Their generations are looked up in tables of the floor above, once, here. A process of the release before that settles
while this runs writes no rollup by person: what it settled stays out of that one.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations

BATCH = 2_000
_BATCH_OF_RECORDS = "SELECT id FROM usage_usagerecord WHERE id > %s ORDER BY id LIMIT %s"
_FILL_RECORDS = """
    UPDATE usage_usagerecord AS record
       SET api_key_id = generation.api_key_id,
           template_version = version.number,
           duration_ms = attempt.duration_ms,
           ends_call = record.id = (
               SELECT other.id
                 FROM usage_usagerecord AS other
            LEFT JOIN generation_attempt AS try
                   ON try.generation_id = other.subject_id AND other.key = 'attempt:' || try.id
                WHERE other.subject_id = record.subject_id
             ORDER BY try.number DESC NULLS LAST, other.id DESC LIMIT 1)
      FROM usage_usagerecord AS same
      LEFT JOIN generation_generation AS generation ON generation.id = same.subject_id
      LEFT JOIN generation_prompttemplateversion AS version ON version.id = generation.template_version_id
      LEFT JOIN generation_attempt AS attempt
             ON attempt.generation_id = generation.id AND same.key = 'attempt:' || attempt.id
     WHERE record.id = same.id AND same.id = ANY(%s) AND NOT same.ends_call AND same.template_version IS NULL
"""
_WORKSPACES = "SELECT id FROM accounts_workspace WHERE id > %s ORDER BY id LIMIT %s"
# In one message, and so in one transaction.
_ADD_UP = """
    DELETE FROM usage_memberusage WHERE workspace_id = %s;
    INSERT INTO usage_memberusage (
           workspace_id, day, user_id, api_key_id, model, template,
           calls, duration_ms, records, input_tokens, cached_input_tokens, output_tokens, charged_credits,
           cost_usd_micros)
    SELECT workspace_id, (created_at AT TIME ZONE 'UTC')::date, user_id, api_key_id, request_model, template,
           count(*) FILTER (WHERE ends_call), COALESCE(sum(duration_ms), 0), count(*), sum(input_tokens),
           sum(cached_input_tokens), sum(output_tokens), sum(charged_credits), sum(cost_usd_micros)
      FROM usage_usagerecord
     WHERE workspace_id = %s
  GROUP BY 1, 2, 3, 4, 5, 6
"""
_FIRST = "00000000-0000-0000-0000-000000000000"


def fill(apps: Any, schema_editor: Any) -> None:
    """Fill in records, then add them up; what was interrupted begins again."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for ids in _batches(cursor, _BATCH_OF_RECORDS):
            cursor.execute(_FILL_RECORDS, [ids])
        for workspaces in _batches(cursor, _WORKSPACES):
            for workspace_id in workspaces:
                cursor.execute(_ADD_UP, [workspace_id, workspace_id])


def _batches(cursor: Any, query: str) -> Iterator[list[Any]]:
    after: Any = _FIRST
    while True:
        cursor.execute(query, [after, BATCH])
        ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return
        yield ids
        after = ids[-1]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("usage", "0003_member_usage"), ("generation", "0015_published_templates")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]

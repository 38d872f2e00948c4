"""A made-up past of many customers, for tests of speed and for laptops: written by the tables' owner, in bulk."""

import json
from pathlib import Path

from django.conf import settings
from django.db import connections

from apps.core.errors import DomainError
from apps.generation import prompts
from apps.generation.prompts import PromptTemplate

# So many people are made in one transaction, with their part of the records.
CHUNK_USERS = 10_000
# People use a few of the templates.
TEMPLATES = 6
_SQL = (Path(__file__).parent / "sql" / "seed_history.sql").read_text()
_UUID7 = """
    CREATE OR REPLACE FUNCTION pg_temp.seed_uuid7(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
        SELECT encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6), 52, 1), 53, 1),
            'hex')::uuid
    $$
"""
# Model, then credits and cost in micros of US dollars per million tokens: of the input, of the output.
_MODELS = """
    CREATE TEMP TABLE IF NOT EXISTS seed_model AS
    SELECT * FROM (VALUES (1, 'keel-demo', 500, 1500, 150000, 600000), (2, 'gpt-4o-mini', 500, 2000, 150000, 600000),
                          (3, 'gpt-4.1-mini', 1000, 4000, 400000, 1600000))
        AS model (model_number, model, input_credits, output_credits, input_cost, output_cost)
"""


def seed(*, users: int, records: int) -> None:
    """Add so many people, each with a workspace, and so many runs of theirs over the last 180 days.

    Most runs are of a few people. What a run has as hold, entry, attempt, usage record and rollup agrees, so the
    proof of the ledger holds. Raises NotForProductionError where customers may be.
    """
    if settings.ENVIRONMENT == "production":
        raise NotForProductionError
    assert users > 0, "nobody to have a history"
    assert records >= 0, f"{records} records"
    chunks = -(-users // CHUNK_USERS)
    with connections["owner"].cursor() as cursor:
        cursor.execute(_UUID7)
        cursor.execute(_MODELS)
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS seed_version (place int, version_id int, slug text, inputs text)"
        )
        cursor.execute("DELETE FROM seed_version")
        cursor.executemany("INSERT INTO seed_version VALUES (%s, %s, %s, %s)", _list_versions())
        for chunk in range(chunks):
            parts = {"seed.users": _part(users, chunk, chunks), "seed.records": _part(records, chunk, chunks)}
            for name, value in parts.items():
                cursor.execute("SELECT set_config(%s, %s, false)", [name, str(value)])
            cursor.execute(_SQL)


class NotForProductionError(DomainError):
    """A made-up past has no place beside real customers."""

    code = "not_for_production"
    status = 409


def _list_versions() -> list[tuple[int, int, str, str]]:
    """Return some published templates with a filled-in form; PIER stands for a word that differs from run to run."""
    return [
        (place, prompts.ensure_version(template).pk, template.slug, json.dumps(_inputs_for(template)))
        for place, template in enumerate(prompts.list_templates()[:TEMPLATES])
    ]


def _inputs_for(template: PromptTemplate) -> dict[str, str]:
    return {field.name: field.choices[0] if field.kind == "select" else "The tide at PIER" for field in template.fields}


def _part(whole: int, number: int, parts: int) -> int:
    return whole * (number + 1) // parts - whole * number // parts

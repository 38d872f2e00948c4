"""The evaluation of prompts: each template has cases, they hold, and what has changed for the worse is said."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from apps.generation import evaluation, prompts
from apps.generation.evaluation import Result
from tests.queries import asked

MODEL = "keel-demo-fast"


@pytest.mark.parametrize("template", prompts.list_files(), ids=lambda template: template.slug)
def test_every_template_has_cases(template):
    assert len(evaluation.load_cases(template)) >= 2


def test_all_cases_hold_and_are_as_they_were_and_the_database_is_asked_for_switches_alone(quick, db):
    out = io.StringIO()

    with asked() as questions:
        call_command("eval_prompts", model=MODEL, stdout=out)

    assert [question for question in questions if 'FROM "generation_switch"' not in question] == []
    cases = sum(len(evaluation.load_cases(template)) for template in prompts.list_files())
    assert f"{cases} cases hold, {cases} of them compared" in out.getvalue()


@pytest.mark.parametrize(
    ("model", "slug", "said"),
    [
        ("keel-empty", "summary", "empty_answer"),
        ("keel-json-never", "task-list", "invalid_output"),
        ("keel-tools-for-ever", "sums-explained", "tool_rounds_exceeded"),
        ("keel-echo", "product-announcement", "At least 30 words"),
    ],
)
def test_a_case_that_fails_is_named_and_fails_the_command(quick, db, model, slug, said):
    out = io.StringIO()

    with pytest.raises(CommandError, match=r"[12] of 2"):
        call_command("eval_prompts", slug, model=model, stdout=out)

    assert said.casefold() in out.getvalue().casefold()


def test_an_answer_that_grew_too_long_or_too_dear_has_drifted():
    before = Result(cost_usd_micros=100, words=200, rounds=1)

    assert evaluation.drift(Result(130, 300, 1), before) == []
    assert evaluation.drift(Result(131, 301, 2), before) == [
        "costs 131 USD micros, 100 before",
        "has 301 words, 200 before",
        "took 2 rounds, 1 before",
    ]
    assert evaluation.drift(Result(1, 99, 1), before) == ["has 99 words, 200 before"]


def test_results_are_kept_beside_those_of_other_models(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "RESULTS", tmp_path / "results.json")
    evaluation.keep_results("one", {"summary: a": Result(1, 2, 1)})
    evaluation.keep_results("two", {"summary: a": Result(5, 6, 1)})
    evaluation.keep_results("one", {"summary: b": Result(3, 4, 1)})

    assert evaluation.load_results("one") == {"summary: a": Result(1, 2, 1), "summary: b": Result(3, 4, 1)}
    assert list(json.loads(evaluation.RESULTS.read_text())) == ["one", "two"]

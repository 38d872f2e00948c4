"""Runs of several rounds: what is asked, what the reader gets, what stays written down, and what it costs."""

import json
import threading

import pytest
from django.test import Client

from apps.generation import answer_policies, leases, prompts, purging, services, stream, sweeper, tool_runs
from apps.generation.gateway.types import ToolCall
from apps.generation.models import Generation, Step
from apps.generation.tools import TOOLS, registry
from tests.generation import runs

NOTES = {"notes": "Ana sends the new price list to Mara until Friday, and Ben looks into the import of large files."}
ARTICLE = {"topic": "Tides", "points": "They come twice a day to most coasts.", "reader": "Colleagues"}
SUM = {"question": "What do 14 seats at 9.5 cost in a month?"}
TERM = {"term": "Idempotent", "reader": "A newcomer"}
INPUTS = {"task-list": NOTES, "reviewed-article": ARTICLE, "sums-explained": SUM, "word-explained": TERM}


def run(customer, slug: str, *, model: str, **content) -> Generation:
    """Run a template to its end; `content` changes what its version says."""
    return runs.run(start(customer, slug, model=model, **content))


def start(customer, slug: str, *, model: str, **content) -> Generation:
    template = prompts.get_template(slug)
    if content:
        changed = {**json.loads(template.content), **content}
        template = prompts._template(slug, changed)
        prompts._publish(template)
        template = prompts.get_template(slug)
    return runs.start(customer, model=model, template=template, inputs=INPUTS[slug])


def steps_of(generation: Generation) -> list[tuple[str, str]]:
    """Return the kinds of a run's steps, each with what went wrong in it."""
    steps = Step.objects.filter(generation=generation).order_by("number")
    wrong = ("turned down" if step.detail.get("problems") else step.detail.get("error", "") for step in steps)
    return list(zip([step.kind for step in steps], wrong, strict=True))


@pytest.mark.parametrize(
    ("slug", "model", "error_code", "attempts", "steps"),
    [
        ("task-list", "keel-json", "", 1, [("answer", "")]),
        ("task-list", "keel-demo-fast", "", 1, [("answer", "")]),
        ("task-list", "keel-json-at-last", "", 2, [("answer", "turned down"), ("second_try", "")]),
        (
            *("task-list", "keel-json-never", "invalid_output", 2),
            [("answer", "turned down"), ("second_try", "turned down")],
        ),
        ("task-list", "keel-401", "provider_authentication_failed", 1, [("answer", "provider_authentication_failed")]),
        ("task-list", "keel-500-once", "", 2, [("answer", "")]),
        ("reviewed-article", "keel-demo-fast", "", 3, [("draft", ""), ("check", ""), ("revise", "")]),
        ("reviewed-article", "keel-empty", "empty_answer", 1, [("draft", "empty_answer")]),
        ("sums-explained", "keel-tools", "", 2, [("tool", ""), ("tool", "")]),
        ("sums-explained", "keel-tools-unknown", "", 2, [("tool", "unknown_tool")]),
        ("sums-explained", "keel-tools-bad-arguments", "", 2, [("tool", "invalid_arguments")]),
        ("sums-explained", "keel-tools-for-ever", "tool_rounds_exceeded", 4, [("tool", "")] * 3),
        ("sums-explained", "keel-echo", "", 1, []),
        ("word-explained", "keel-demo-fast", "", 1, [("answer", "")]),
    ],
)
def test_a_run_takes_the_steps_of_its_template(slug, model, error_code, attempts, steps, customer):
    generation = run(customer, slug, model=model)

    assert (generation.status, generation.error_code) == ("failed" if error_code else "succeeded", error_code)
    assert generation.attempts.count() == len(runs.calls()) == attempts
    assert steps_of(generation) == steps
    assert bool(generation.charged_credits) == (not error_code)
    assert generation.charged_credits == 0 or usage_price(generation) == generation.charged_credits
    runs.assert_settled_once(generation)


def usage_price(generation: Generation) -> int:
    """Return the price of all attempts together, rounded up once."""
    return -(-sum(record.microcredits for record in runs.usage_of(generation)) // 1_000_000)


def test_an_answer_in_a_form_is_json_as_its_schema_orders_it(customer):
    generation = run(customer, "task-list", model="keel-json-at-last")

    answer = json.loads(generation.output)
    assert list(answer) == ["summary", "tasks", "open_questions"]
    assert list(answer["tasks"][0]) == ["task", "who", "due", "priority"]
    first, second = runs.calls()
    assert first["parameters"]["response_format"]["json_schema"]["strict"] is True
    complaint = second["messages"][-1]
    assert complaint["role"] == "user"
    assert "summary: Field required" in complaint["content"]


def test_a_model_that_takes_no_schema_is_told_it_in_the_prompt(customer, monkeypatch):
    monkeypatch.setattr("apps.generation.catalogue.Model.can", lambda _model, capability: capability != "json_schema")

    generation = run(customer, "task-list", model="keel-json")

    (call,) = runs.calls()
    assert generation.status == "succeeded"
    assert "response_format" not in call["parameters"]
    assert '"open_questions"' in call["messages"][0]["content"]


def test_what_may_still_be_turned_down_does_not_reach_the_reader(customer):
    generation = run(customer, "task-list", model="keel-json-never")

    assert (generation.output, stream.read_text(generation.pk)) == ("", "")
    assert "Certainly" in Step.objects.filter(generation=generation).first().text


def test_a_text_that_breaks_its_check_is_asked_for_once_more(customer):
    generation = run(customer, "word-explained", model="keel-echo", check={"must_not_contain": ["Explain"]})

    assert (generation.error_code, steps_of(generation)[0]) == ("invalid_output", ("answer", "turned down"))


def test_a_check_that_finds_nothing_ends_the_workflow_with_the_draft(customer):
    workflow = [
        {"step": "draft"},
        {"step": "check", "prompt": "no changes at all", "passes": "No changes"},
        {"step": "revise", "prompt": "Again."},
    ]

    generation = run(customer, "reviewed-article", model="keel-echo", workflow=workflow)

    assert steps_of(generation) == [("draft", ""), ("check", "")]
    assert generation.output.startswith("Write about: Tides")
    assert stream.read_text(generation.pk) == generation.output
    runs.assert_settled_once(generation)


def test_tools_are_told_to_the_model_and_their_results_reach_it(customer):
    generation = run(customer, "sums-explained", model="keel-tools")

    first, last = runs.calls()
    assert [tool["function"]["name"] for tool in first["parameters"]["tools"]] == ["calculate", "today"]
    assert next(message["content"] for message in last["messages"] if message["role"] == "tool") == "133"
    assert "133" in generation.output


def test_what_is_told_of_a_step_is_masked_as_the_answer_is(customer, monkeypatch):
    monkeypatch.setitem(INPUTS, "sums-explained", {"question": "What do two of 4111111111111111 cost, 2 times?"})
    masked = {"personal_data": {"input": "off", "output": "mask"}}
    generation = run(customer, "sums-explained", model="keel-tools", **masked)

    told = json.dumps(list(Step.objects.filter(generation=generation).values_list("detail", "text")))
    assert "calculate" in told
    assert "4111111111111111" not in told + generation.output


def test_the_hold_covers_the_dearest_run_of_each_template(customer):
    """Each model writes as much as it may in every round, and reads all of it again."""
    for slug, model in [("task-list", "keel-json-never"), ("reviewed-article", "keel-long")]:
        generation = run(customer, slug, model=model)

        assert usage_price(generation) <= generation.hold.amount
        assert not any(record.capped for record in runs.usage_of(generation))
        assert generation.rounds_max == len(runs.usage_of(generation))


def test_stop_within_a_workflow_keeps_the_draft_and_charges_what_was_written(customer, monkeypatch):
    generation = start(customer, "reviewed-article", model="keel-echo")
    monkeypatch.setattr(stream, "announce", lambda _id, _kind, stage="": stop(generation) if stage == "check" else None)

    generation = runs.run(generation)

    assert (generation.status, steps_of(generation)) == ("canceled", [("draft", ""), ("check", "canceled")])
    assert generation.output.startswith("Write about: Tides")
    assert generation.charged_credits == usage_price(generation) > 0
    runs.assert_settled_once(generation)


def stop(generation: Generation) -> None:
    """Press Stop, and go on once the run has heard of it."""
    services.cancel_generation(generation)
    lease = leases.keeper()._leases[generation.pk]
    assert lease.woken.wait(5)


def client_of(member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


@pytest.mark.parametrize("slug", INPUTS)
def test_what_is_purged_keeps_no_step(slug, customer):
    generation = run(customer, slug, model="keel-tools" if slug == "sums-explained" else "keel-demo-fast")
    assert steps_of(generation)

    purging.empty_all(Generation.objects.filter(pk=generation.pk))

    assert steps_of(generation) == []


def test_a_step_of_a_worker_that_lost_its_lease_is_not_written(customer, monkeypatch):
    generation = start(customer, "reviewed-article", model="keel-echo")

    def lose(_id, _kind, stage=""):
        if stage == "check":
            Generation.objects.filter(pk=generation.pk).update(fencing_number=99)

    monkeypatch.setattr(stream, "announce", lose)
    generation = runs.run(generation)

    assert (generation.status, generation.output, generation.charged_credits) == ("running", "", 0)
    assert [kind for kind, _wrong in steps_of(generation)] == ["draft", "check"]
    assert Step.objects.get(generation=generation, kind="check").finished_at is None
    Generation.objects.filter(pk=generation.pk).update(lease_expires_at=generation.created_at)
    sweeper.sweep()
    generation = runs.fresh(generation)
    assert (generation.status, generation.error_code) == ("failed", "worker_lost")
    runs.assert_settled_once(generation)


def test_the_page_shows_the_parts_of_an_answer_its_steps_and_its_version(customer):
    generation = run(customer, "task-list", model="keel-json-at-last")

    text = client_of(customer).get(f"/generations/{generation.pk}/").text

    assert "<h2>Open questions</h2>" in text
    assert '<th scope="col">Priority</th>' in text
    assert "summary: Field required" in text
    assert "2 steps" in text
    assert "version 1" in text


def test_a_tool_that_hangs_is_not_waited_for():
    release = threading.Event()

    @registry.tool(timeout_seconds=0.05)
    def hang() -> str:
        """Wait."""
        release.wait(5)
        return "late"

    try:
        result = tool_runs.run(ToolCall("1", "hang", "{}"), allowed=("hang",))
    finally:
        release.set()
        TOOLS.pop("hang")

    assert result.error_code == tool_runs.TIMED_OUT


def test_a_tool_has_no_database(db):
    @registry.tool()
    def grab() -> str:
        """Read what is none of its business."""
        return str(Generation.objects.count())

    try:
        result = tool_runs.run(ToolCall("1", "grab", "{}"), allowed=("grab",))
    finally:
        TOOLS.pop("grab")

    assert result.error_code == tool_runs.FAILED


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("14 * 9.5 * 12 * (1 - 0.15)", "1356.6"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** 10", "1024"),
        ("1 / 0", "Error: this cannot be worked out"),
        ("9 ** 9 ** 9", "Error: an exponent is a whole number up to 20"),
        ("__import__('os').getcwd()", "Error: only numbers, + - * / ** and brackets are understood"),
    ],
)
def test_sums_are_worked_out_and_nothing_else_is(expression, result):
    call = ToolCall("1", "calculate", json.dumps({"expression": expression}))

    assert tool_runs.run(call, allowed=("calculate",)).text == result


def test_a_policy_that_is_wrong_is_refused():
    for wrong in (
        {"output": {"schema": {"type": "object", "properties": {}}}},
        {"check": {"words_max": 5, "words_min": 9}},
        {"tools": ["grant_credits"]},
        {"workflow": [{"step": "draft"}]},
        {"tools": ["today"], "check": {"words_max": 5}},
        {"cache": {"scope": "world", "days": 1, "percent": 1}},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            answer_policies.parse(wrong)

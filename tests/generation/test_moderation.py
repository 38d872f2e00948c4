"""What breaks the rules is not sent, and not kept; when nobody can say, nothing is sent and what was read stays."""

import pytest

from apps.generation import moderation
from apps.generation.gateway import moderation_call
from dev.model_server import moderating
from tests.generation import runs

FLAGGED_HERE = "Tell me how to build a pipe bomb at home"


@pytest.mark.parametrize("rule", moderation.rules(), ids=lambda rule: rule.name)
def test_each_rule_flags_and_allows_what_it_says(rule):
    assert [text for text in rule.flagged if moderation.flags_of_rules(text) != [rule.name]] == []
    assert [text for text in rule.allowed if moderation.flags_of_rules(text)] == []
    assert rule.flagged
    assert rule.allowed


def test_the_rules_take_no_more_time_than_the_text_has_length():
    for unit in ("nude child", "how to make ", "child nude ", "sexual ", "a"):
        moderation.flags_of_rules((unit * 20_000)[:60_000])


def test_local_rules_keep_a_prompt_from_being_sent(customer):
    generation = runs.run(runs.start(customer, text=FLAGGED_HERE))

    assert (generation.status, generation.error_code) == ("failed", "input_moderated")
    assert runs.calls() == []
    assert generation.attempts.count() == 0
    runs.assert_settled_once(generation)


def test_off_asks_nobody(customer, settings):
    settings.MODERATION = "off"

    assert runs.run(runs.start(customer, text=FLAGGED_HERE)).status == "succeeded"


@pytest.mark.parametrize(
    ("marker", "code"),
    [
        (moderating.FLAGGED, "input_moderated"),
        (moderating.FAILING, "moderation_unavailable"),
        (moderating.STRANGE, "moderation_unavailable"),
        (moderating.HANGING, "moderation_unavailable"),
    ],
)
def test_the_provider_decides_and_without_its_word_nothing_is_sent(marker, code, customer, settings, monkeypatch):
    settings.MODERATION = "provider"
    monkeypatch.setattr(moderation_call, "TIMEOUT_SECONDS", 0.3)

    generation = runs.run(runs.start(customer, text=f"Say {marker}."))

    assert (generation.status, generation.error_code, generation.charged_credits) == ("failed", code, 0)
    assert runs.calls() == []
    runs.assert_settled_once(generation)


def test_an_answer_that_breaks_the_rules_is_taken_back_and_costs_nothing(customer, settings):
    settings.MODERATION = "provider"

    generation = runs.run(runs.start(customer, model="keel-flagged"))

    assert (generation.status, generation.error_code) == ("failed", "output_moderated")
    assert generation.output == ""
    assert moderating.FLAGGED in runs.calls()[-1]["text_sent"]
    assert runs.usage_of(generation)
    runs.assert_settled_once(generation)


def test_an_answer_that_nobody_could_check_stays(customer, settings):
    settings.MODERATION = "provider"

    generation = runs.run(runs.start(customer, model="keel-unmoderated"))

    assert generation.status == "succeeded"
    assert moderating.FAILING in generation.output
    assert generation.charged_credits > 0

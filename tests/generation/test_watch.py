"""What costs or fails oddly is told to those who run the product, by rules in words, and once per window."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.ids import uuid7
from apps.core.models import Alert
from apps.generation import watch
from apps.generation.models import Attempt
from apps.usage import metering, rates, rollups
from apps.usage.models import DailyTotal
from apps.usage.rating import Confidence, TokenCount
from tests.factories import GenerationFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db
MODEL = "gpt-4o"
NOW = timezone.now


def told(kind: str) -> list[str]:
    return list(Alert.objects.filter(kind=kind).order_by("id").values_list("sentence", flat=True))


def use(workspace, *, output_tokens: int, times: int = 1) -> None:
    """Record runs of so many output tokens each, settled now."""
    rate = rates.find_rate(model=MODEL, on=NOW().date())
    tokens = TokenCount(100, output_tokens, confidence=Confidence.EXACT)
    for _ in range(times):
        metering.record_usage(
            workspace_id=workspace.pk,
            user_id=None,
            feature="generation",
            subject_id=uuid7(),
            template="summary",
            attempts=[metering.AttemptUsage(uuid7(), "openai", MODEL, MODEL, rate, tokens)],
            charged_credits=1,
            capped=False,
            at=NOW(),
        )


def attempt(status: str, code: str = "", *, provider: str = "openai") -> None:
    generation = GenerationFactory()
    Attempt.objects.create(
        generation=generation, number=1, provider=provider, request_model=MODEL, status=status, error_code=code
    )


def day(days_ago: int, *, dollars: float) -> None:
    counts = dict.fromkeys(["records", "input_tokens", "cached_input_tokens", "output_tokens", "charged_credits"], 1)
    on = NOW().date() - timedelta(days=days_ago)
    DailyTotal.objects.create(day=on, model=MODEL, cost_usd_micros=int(dollars * 1_000_000), **counts)


def test_one_dear_run_among_cheap_ones_is_told_once_a_day():
    workspace = WorkspaceFactory()
    use(workspace, output_tokens=500, times=30)
    watch.tell_of_dear_runs(now=NOW())
    assert told("dear_run") == []
    use(workspace, output_tokens=100_000, times=2)

    watch.tell_of_dear_runs(now=NOW())
    watch.tell_of_dear_runs(now=NOW())

    [sentence] = told("dear_run")
    assert sentence.startswith("A run on gpt-4o cost $1.00, where one usually costs $0.0")


def test_a_workspace_that_always_runs_dear_ones_is_no_news():
    workspace = WorkspaceFactory()
    use(workspace, output_tokens=100_000, times=22)

    watch.tell_of_dear_runs(now=NOW())

    assert told("dear_run") == []


def test_a_new_workspace_is_measured_by_all_others_and_cheap_ones_by_nothing():
    use(WorkspaceFactory(), output_tokens=500, times=30)
    use(WorkspaceFactory(), output_tokens=9_000)
    use(WorkspaceFactory(), output_tokens=100_000)
    rollups.recompute_totals(today=NOW().date())

    watch.tell_of_dear_runs(now=NOW())

    assert len(told("dear_run")) == 1


@pytest.mark.parametrize(
    ("ends", "is_told"),
    [
        (["idle_timeout"] * 5, True),
        (["", *["provider_unavailable"] * 5], True),
        (["idle_timeout"] * 4, False),
        (["idle_timeout"] * 5 + [""], False),
        (["idle_timeout"] * 4 + ["context_length_exceeded"], False),
    ],
)
def test_a_provider_that_fails_five_times_in_a_row_is_told_once_an_hour(ends, is_told):
    for code in ends:
        attempt("failed" if code else "succeeded", code)
    attempt("running")
    attempt("failed", "idle_timeout", provider="anthropic")

    watch.tell_of_failing_providers(now=NOW())
    watch.tell_of_failing_providers(now=NOW())

    expected = f"The provider openai has failed 5 times in a row, at last with {ends[-1]}."
    assert told("provider_failing") == ([expected] if is_told else [])


@pytest.mark.parametrize(
    ("today", "before", "is_told"),
    [(31.0, [10.0] * 14, True), (29.0, [10.0] * 14, False), (4.9, [0.1] * 14, False), (6.0, [], True)],
)
def test_a_day_is_measured_by_the_median_of_the_two_weeks_before(today, before, is_told):
    day(0, dollars=today)
    day(15, dollars=10_000)
    for number, dollars in enumerate(before):
        day(number + 1, dollars=dollars)

    watch.look(now=NOW())

    assert bool(told("dear_day")) is is_told


def test_one_dear_day_before_changes_the_median_little():
    day(0, dollars=31)
    for number in range(1, 15):
        day(number, dollars=1_000 if number == 3 else 10)

    watch.tell_of_dear_day(today=NOW().date())

    assert told("dear_day") == [
        "Providers have charged $31.00 today (UTC). The median of the 14 days before is $10.00."
    ]

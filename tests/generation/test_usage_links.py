"""What a run leaves for the usage page when it settles, and where each line of that page leads."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership
from apps.core.ids import uuid7
from apps.generation import leases, settling
from apps.generation.models import Attempt, Generation
from apps.generation.outcomes import AttemptOutcome, RunOutcome
from apps.usage.models import UsageRecord
from apps.usage.rating import Confidence, TokenCount
from tests.factories import GenerationFactory, MembershipFactory

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def owner() -> Membership:
    return MembershipFactory()


@pytest.fixture
def browser(owner) -> Client:
    client = Client()
    client.force_login(owner.user)
    return client


@pytest.fixture
def key(owner) -> ApiKey:
    secret = {"prefix": "keel_1", "secret_hash": "1", "scopes": ["generations:read"], "idempotency_key": "1"}
    of = {"workspace": owner.workspace, "user": owner.user, "requests_per_minute": 1}
    return ApiKey.objects.create(name="Robot", **of, **secret)


def _run(member: Membership, *, attempts: int = 1, **fields) -> Generation:
    """A run that settled now, with so many attempts of a second each."""
    generation = GenerationFactory(membership=member, **fields)
    lease, ended = leases.claim(generation.pk), []
    for number in range(1, attempts + 1):
        of = {"provider": "openai", "request_model": generation.request_model}
        attempt = Attempt.objects.create(id=uuid7(), generation=generation, number=number, **of)
        tokens = TokenCount(0, 400, 0, Confidence.EXACT)
        ended.append(AttemptOutcome(attempt.pk, **of, status="succeeded", tokens=tokens, duration_ms=1000))
    assert settling.settle(lease, RunOutcome("succeeded", "Some text.", tuple(ended), "stop"))
    return generation


def test_a_run_that_settles_says_by_which_key_and_version_and_how_long(owner, key) -> None:
    generation = _run(owner, attempts=2, api_key=key)

    records = UsageRecord.objects.filter(subject_id=generation.pk).order_by("charged_credits")

    version = generation.template_version.number
    assert [(line.api_key_id, line.template_version, line.duration_ms) for line in records] == [
        (key.pk, version, 1000)
    ] * 2
    assert [line.ends_call for line in records] == [False, True]


@pytest.mark.parametrize("by", ["day", "template", "model", "member", "key"])
def test_each_line_leads_to_the_generations_that_it_counts(browser, owner, key, by: str) -> None:
    other = MembershipFactory(workspace=owner.workspace, role="member")
    for member, more in ((owner, {"api_key": key}), (owner, {"request_model": "keel-demo-2"}), (other, {})):
        _run(member, **more)
    GenerationFactory(membership=owner, created_at=timezone.now() - timedelta(days=40), status="canceled", **_ENDED)

    page = browser.get(f"/usage/?by={by}").text

    lines = re.findall(
        r'<th scope="row"><a class="link" href="([^"]+)".*?<td class="number">.*?</td>\s*<td', page, re.S
    )
    counts = [int(count) for count in re.findall(r'class="share">.*?<td class="number">(\d+)</td>', page, re.S)]
    listed = [len(browser.get(unescape(url)).context["rows"]) for url in lines]
    assert listed == counts
    assert sum(counts) == 3


_ENDED = {"finished_at": timezone.now(), "finish_reason": "canceled"}


def test_the_filters_of_those_links_are_named_and_foreign_ones_are_not(browser, owner, key) -> None:
    stranger = MembershipFactory()

    page = browser.get(f"/generations/?member={owner.user_id}&key={key.pk}&zone=utc&since=2026-05-01").text
    foreign = browser.get(f"/generations/?member={stranger.user_id}").text

    for value in (owner.user.email, "Robot", "in UTC"):
        assert f"<b>{value}</b>" in page
    assert stranger.user.email not in foreign
    assert "Former member" in foreign
    assert "not applied: API key." in browser.get("/generations/?key=1").text


def test_a_day_leads_to_its_entries_in_the_ledger(browser, owner) -> None:
    _run(owner)
    page = browser.get("/usage/").text
    [address] = re.findall(r'href="(/billing/\?day=[\d-]+)"', page)

    lines = browser.get(address).context["lines"]

    assert [(entry.kind, entry.amount) for entry, _words in lines] == [("capture", -2)]
    assert "Nothing was charged on this day." in browser.get("/billing/?day=2026-05-01").text
    assert len(browser.get("/billing/?day=0001-01-01").context["lines"]) == 2

"""Who hears of limits that come close, budgets in the admin, and members' allowances of a day."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from apps.accounts.models import Membership
from apps.core import alerts
from apps.core.models import AuditEntry, OutgoingMail
from apps.generation import budget_watch, member_allowances, services
from apps.generation.member_allowances import DailyAllowanceError
from apps.generation.models import Budget
from tests.accounts.team import browser_of, join
from tests.accounts.test_staff_roles import staff
from tests.factories import FundedMembershipFactory, TeamFactory, grant
from tests.generation import plans, runs

NOON = datetime(2031, 5, 14, 12, tzinfo=UTC)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]


@pytest.fixture
def told(monkeypatch):
    """The alerts that were sent; how they are sent is tested beside the sending."""
    sent: list[dict[str, object]] = []
    monkeypatch.setattr(alerts, "send", lambda **alert: sent.append(alert) or True)
    return sent


@pytest.fixture
def member():
    """Somebody who has started something lately."""
    member = FundedMembershipFactory()
    runs.start(member)
    return member


def watch() -> list[str]:
    budget_watch.notify_near_quotas(now=timezone.now())
    return sorted(OutgoingMail.objects.filter(key__startswith="quota-near:").values_list("key", flat=True))


# Customers


@pytest.mark.parametrize(("limit_name", "is_daily"), budget_watch.NOTICED.items())
@pytest.mark.parametrize(("used", "is_told"), [(79, False), (80, True), (100, True)])
def test_four_fifths_of_a_quota_are_told_to_those_who_run_the_workspace(settings, limit_name, is_daily, used, is_told):
    plans.allow(settings, free={limit_name: 100_000 if limit_name == "tokens_per_month" else 100})
    member = FundedMembershipFactory()
    services.cancel_generation(runs.start(member))
    if limit_name == "tokens_per_month":
        plans.use(member.workspace, tokens=used * 1_000)
    else:
        member.workspace.start_counter.__class__.objects.update(started=used)

    window = f"{timezone.now():%Y-%m-%d}" if is_daily else f"{timezone.now():%Y-%m}"
    expected = [f"quota-near:{member.workspace_id}:{limit_name}:{window}:{member.user_id}"]
    assert watch() == watch() == (expected if is_told else [])


def test_who_has_started_nothing_lately_is_not_looked_at(settings, member):
    plans.allow(settings, free={"generations_per_day": 1})

    later = timezone.now() + budget_watch.LATELY + timedelta(minutes=1)
    assert budget_watch.notify_near_quotas(now=later) == 0


# Those who run the product


@pytest.mark.parametrize(("percent", "reached"), [(49, []), (50, [50]), (79, [50]), (80, [80]), (130, [100])])
@pytest.mark.parametrize("scope", ["all", "feature", "workspace", "user"])
def test_every_budget_alerts_at_a_half_at_four_fifths_and_at_its_end(
    settings, told, member, monkeypatch, scope, percent, reached
):
    plans.allow(settings, free={"daily_budget_usd_micros": 10_000} if scope == "workspace" else {})
    if scope != "workspace":
        Budget.objects.create(scope=scope, subject="generation" if scope == "feature" else "", amount_usd_micros=10_000)
    plans.use(member.workspace, cost_usd_micros=percent * 100)
    monkeypatch.setattr(budget_watch.budget_use, "of_person", lambda *_subject, **_period: percent * 100)

    assert budget_watch.alert_budgets(now=timezone.now()) == len(reached)

    named = {"all": "all", "feature": "feature:generation"}.get(scope)
    named = named or f"{scope}:{member.workspace_id if scope == 'workspace' else member.user_id}"
    windows = [f"budget:{named}:{timezone.now():%Y-%m-%d}:{each}" for each in reached]
    assert [alert["window"] for alert in told] == windows


def test_nothing_used_of_nothing_is_no_alert(told, member):
    Budget.objects.create(scope="all", amount_usd_micros=0)

    assert budget_watch.alert_budgets(now=timezone.now()) == 0


# The admin


def write(role: str, **given: str):
    browser = browser_of(staff(role))
    sent = {"scope": "all", "subject": "", "period": "day", "amount": "12.50"} | given
    return browser, browser.post("/admin/generation/budget/add/", sent)


def test_finance_writes_budgets_in_dollars_and_the_log_knows_it():
    browser, answer = write("finance")

    assert answer.status_code == 302, answer.text
    assert Budget.objects.get().amount_usd_micros == 12_500_000
    assert AuditEntry.objects.filter(action="admin_added", subject__startswith="budget:").exists()
    listed = browser.get("/admin/generation/budget/").text
    assert "$12.50" in listed
    assert "Everybody together" in listed


def test_a_person_is_named_by_their_address_and_kept_by_their_number(member):
    write("finance", scope="user", subject=member.user.email, period="month")

    assert Budget.objects.values_list("scope", "subject", "period").get() == ("user", str(member.user_id), "month")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"period": "month"}, "Only a person has a budget of a month."),
        ({"scope": "feature", "subject": "painting"}, "The only feature so far"),
        ({"scope": "user", "subject": "nobody@example.com"}, "Nobody has this address."),
        ({"amount": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_the_table_cannot_hold_is_refused_beside_its_field(given, said):
    _browser, answer = write("finance", **given)

    assert answer.status_code == 200
    assert said in answer.text
    assert not Budget.objects.exists()


# A member's allowance of a day


@pytest.fixture
def team():
    team = TeamFactory()
    grant(team, amount_credits=100_000)
    return team


def allow(member: Membership, **allowances: int) -> Membership:
    Membership.objects.filter(pk=member.pk).update(**allowances)
    return Membership.objects.get(pk=member.pk)


def test_a_day_has_an_allowance_of_its_own_and_the_next_one_another(team):
    with time_machine.travel(NOON, tick=False) as clock:
        needed = runs.start(join(team, "owner")).hold.amount
        member = allow(join(team, "member"), daily_allowance_credits=needed, allowance_credits=3 * needed)
        first = runs.start(member)

        with pytest.raises(DailyAllowanceError) as refused:
            runs.start(member)
        services.cancel_generation(first)
        type(first).objects.filter(pk=first.pk).update(charged_credits=needed)
        clock.shift(timedelta(seconds=refused.value.retry_after_seconds))

        assert runs.start(member).pk
    assert (refused.value.status, refused.value.code, refused.value.left) == (429, "member_daily_allowance", 0)
    used = member_allowances.count_used(workspace_id=team.pk, user_id=member.user_id, at=NOON)
    assert used == 2 * needed


def test_an_owner_sets_both_allowances_under_members(team):
    owner, member = join(team, "owner"), join(team, "member")
    browser = browser_of(owner.user)

    browser.post(f"/settings/members/{member.pk}/allowance/", {"credits": "50", "daily_credits": "5"})

    kept = Membership.objects.get(pk=member.pk)
    assert (kept.allowance_credits, kept.daily_allowance_credits) == (50, 5)
    page = browser.get("/settings/members/").text
    assert f'id="id_daily_credits_{member.pk}"' in page
    assert "to 50 credits, and the daily one to 5 credits" in browser.get("/settings/activity/").text


def test_the_composer_says_that_today_is_over(team):
    member = allow(join(team, "member"), daily_allowance_credits=1)

    page = browser_of(member.user).get("/generations/new/").text

    assert "Your allowance of today does not suffice" in page
    assert "You may use 1 more credit today" in page

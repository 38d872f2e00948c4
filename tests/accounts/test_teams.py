"""Teams as a whole: made, chosen, handed over, left, deleted and restored; and their people."""

from datetime import timedelta

import pytest
from allauth.account.signals import email_confirmed
from django.utils import timezone

from apps.accounts import members, services, workspaces
from apps.accounts.members import LastOwnerError, MemberNotFoundError
from apps.accounts.models import Membership, User, Workspace
from apps.accounts.permissions import NotPermittedError
from apps.billing.models import CreditAccount
from apps.billing.selectors import get_balance
from apps.billing.workspace_end import SubscribedError
from apps.core.personal_data import erase_user, export_user
from apps.generation.models import Generation
from tests.accounts.team import actions_in, browser_of, invite, join, new_person, roles_in
from tests.billing_pages.plans import subscribe
from tests.factories import GenerationFactory, TeamFactory, TeamMembershipFactory, grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> Membership:
    return TeamMembershipFactory()


@pytest.fixture
def team(boss) -> Workspace:
    return boss.workspace


def test_a_team_is_made_and_entered_with_a_balance_of_its_own(owner):
    browser = browser_of(owner)

    answer = browser.post("/settings/workspaces/", {"name": "Charts"}, follow=True)

    team = Workspace.objects.get(name="Charts")
    assert (team.kind, team.made_for, team.seat_limit) == ("team", None, 1)
    assert answer.context["request"].workspace == team
    assert not CreditAccount.objects.filter(pk=team.pk).exists()
    assert actions_in(team) == ["workspace_created"]


def test_nobody_owns_more_than_a_few_teams(owner, monkeypatch):
    monkeypatch.setattr(workspaces, "TEAMS_OWNED_MAX", 1)
    workspaces.create_team(user=owner, name="One")

    with pytest.raises(workspaces.TooManyTeamsError):
        workspaces.create_team(user=owner, name="Two")


def test_a_personal_workspace_becomes_a_team_and_keeps_what_it_has(owner):
    personal = owner.memberships.get().workspace
    grant(personal, amount_credits=70)

    browser_of(owner).post("/settings/workspace/team/")

    personal.refresh_from_db()
    assert (personal.kind, personal.made_for) == ("team", owner)
    assert get_balance(personal.pk).available == 70
    assert actions_in(personal) == ["workspace_became_team"]


def test_a_second_personal_workspace_brings_no_second_welcome(owner, settings):
    settings.SIGN_UP_GRANT_CREDITS = 500
    address = owner.emailaddress_set.get()
    first = owner.memberships.get().workspace
    confirm(address)
    workspaces.become_team(actor=owner.memberships.get())

    confirm(address)

    second = Workspace.objects.get(made_for=owner, kind="personal")
    assert (get_balance(first.pk).available, get_balance(second.pk).available) == (500, 0)


def confirm(address) -> None:
    email_confirmed.send(sender=type(address), request=None, email_address=address)


def test_switching_stays_in_the_session_and_is_where_the_next_log_in_begins(owner, team):
    join(team, "member", user=owner)
    browser = browser_of(owner)

    browser.post(f"/settings/workspaces/{team.pk}/choice/")

    assert browser.get("/settings/").context["request"].workspace == team
    assert browser_of(owner).get("/settings/").context["request"].workspace == team


def test_another_browser_stays_where_it_is(owner, team):
    join(team, "member", user=owner)
    personal = services.ensure_personal_workspace(user=owner)
    here, there = browser_of(owner), browser_of(owner)
    there.post(f"/settings/workspaces/{personal.pk}/choice/")

    here.post(f"/settings/workspaces/{team.pk}/choice/")

    assert there.get("/settings/").context["request"].workspace == personal


def test_nobody_switches_to_a_workspace_of_others(owner, team):
    assert browser_of(owner).post(f"/settings/workspaces/{team.pk}/choice/").status_code == 404


def test_a_form_of_the_workspace_before_is_refused(owner, team):
    join(team, "member", user=owner)
    personal = services.ensure_personal_workspace(user=owner)
    browser = browser_of(owner)
    browser.post(f"/settings/workspaces/{team.pk}/choice/")

    answer = browser.post("/generations/", {"workspace_id": str(personal.pk), "template": "summary"})

    assert answer.status_code == 409
    assert "switched to another workspace" in answer.text


def test_an_ex_member_is_out_at_once_and_back_in_their_own(boss, team, owner):
    gone = join(team, "member", user=owner)
    made = GenerationFactory(membership=gone)
    browser = browser_of(owner)
    browser.post(f"/settings/workspaces/{team.pk}/choice/")

    members.remove(actor=boss, membership_id=gone.pk)

    assert browser.get(f"/generations/{made.pk}/").status_code == 404
    assert browser.get("/settings/").context["request"].workspace != team
    assert Generation.objects.filter(pk=made.pk, user=owner, workspace=team).exists()


def test_roles_change_and_are_written_down(boss, team):
    person = join(team, "member")

    browser_of(boss.user).post(f"/settings/members/{person.pk}/role/", {"role": "admin"})

    assert roles_in(team)[person.user.email] == "admin"
    assert actions_in(team) == ["role_changed"]


@pytest.mark.parametrize("role", ["owner", "nonsense", ""])
def test_an_admin_makes_no_owner(team, role):
    admin, person = join(team, "admin"), join(team, "member")

    answer = browser_of(admin.user).post(f"/settings/members/{person.pk}/role/", {"role": role})

    assert answer.status_code == 422
    assert roles_in(team)[person.user.email] == "member"


def test_an_admin_neither_demotes_nor_removes_an_owner(boss, team):
    admin = join(team, "admin")

    with pytest.raises(NotPermittedError):
        members.change_role(actor=admin, membership_id=boss.pk, role="member")
    with pytest.raises(NotPermittedError):
        members.remove(actor=admin, membership_id=boss.pk)
    with pytest.raises(NotPermittedError):
        members.set_allowance(actor=admin, membership_id=boss.pk, credits=0)


def test_who_was_demoted_meanwhile_may_no_longer(boss, team):
    admin, person = join(team, "admin"), join(team, "member")
    Membership.objects.filter(pk=admin.pk).update(role="member")

    with pytest.raises(NotPermittedError):
        members.remove(actor=admin, membership_id=person.pk)


def test_nobody_reaches_the_members_of_another_team(boss):
    other = join(TeamFactory(), "member")

    for act in (
        lambda: members.change_role(actor=boss, membership_id=other.pk, role="admin"),
        lambda: members.set_allowance(actor=boss, membership_id=other.pk, credits=1),
        lambda: members.remove(actor=boss, membership_id=other.pk),
        lambda: workspaces.transfer(actor=boss, membership_id=other.pk),
    ):
        with pytest.raises(MemberNotFoundError):
            act()


def test_the_last_owner_neither_leaves_nor_steps_down(boss, team):
    join(team, "admin")

    with pytest.raises(LastOwnerError):
        members.leave(actor=boss)
    with pytest.raises(LastOwnerError):
        members.change_role(actor=boss, membership_id=boss.pk, role="admin")
    with pytest.raises(LastOwnerError):
        members.remove(actor=boss, membership_id=boss.pk)


def test_ownership_is_handed_over_and_then_the_old_owner_can_leave(boss, team):
    heir = join(team, "member", allowance_credits=5)

    browser_of(boss.user).post("/settings/workspace/ownership/", {"member": heir.pk})
    heir.refresh_from_db()
    boss.refresh_from_db()
    members.leave(actor=boss)

    assert (heir.role, heir.allowance_credits, boss.role) == ("owner", None, "admin")
    assert actions_in(team) == ["workspace_transferred", "member_left"]


def test_a_team_is_deleted_by_its_name_and_what_runs_is_stopped(boss, team):
    running = GenerationFactory(membership=boss)
    browser = browser_of(boss.user)

    wrong = browser.post("/settings/workspace/deletion/", {"name": "Another"})
    browser.post("/settings/workspace/deletion/", {"name": team.name})

    running.refresh_from_db()
    assert wrong.status_code == 422
    assert running.status == "canceled"
    assert get_balance(team.pk).held == 0
    assert browser.get("/settings/").context["request"].workspace != team
    assert browser.get(f"/generations/{running.pk}/").status_code == 404


def test_a_deleted_team_comes_back_with_everything_for_thirty_days(boss, team):
    workspaces.delete(actor=boss, typed_name=team.name)
    browser = browser_of(boss.user)
    assert team.name in browser.get("/settings/workspaces/").text

    answer = browser.post(f"/settings/workspaces/{team.pk}/restoration/")

    team.refresh_from_db()
    assert (answer.status_code, team.deleted_at) == (302, None)
    assert actions_in(team) == ["workspace_deleted", "workspace_undeleted"]


def test_after_that_it_does_not(boss, team):
    long_ago = timezone.now() - timedelta(days=31)
    Workspace.objects.filter(pk=team.pk).update(deleted_at=long_ago)
    browser = browser_of(boss.user)

    assert browser.post(f"/settings/workspaces/{team.pk}/restoration/").status_code == 409
    assert team.name not in browser.get("/settings/workspaces/").text


def test_staff_restores_what_an_owner_has_lost(boss, team):
    workspaces.delete(actor=boss, typed_name=team.name)
    staff = User.objects.create_superuser("root@example.com", "x")

    sent = {"action": "restore", "_selected_action": [str(team.pk)]}
    browser_of(staff).post("/admin/accounts/workspace/", sent)

    team.refresh_from_db()
    assert team.deleted_at is None
    assert actions_in(team)[-1] == "workspace_undeleted"


@pytest.mark.parametrize("plan", [{"status": "active"}, {"status": "past_due"}])
def test_a_team_whose_plan_renews_is_not_deleted_yet(boss, team, plan):
    subscription = subscribe(team, **plan)

    with pytest.raises(SubscribedError, match="Cancel it"):
        workspaces.delete(actor=boss, typed_name=team.name)
    type(subscription).objects.filter(pk=subscription.pk).update(cancel_at=timezone.now() + timedelta(days=3))
    workspaces.delete(actor=boss, typed_name=team.name)


def test_staff_restore_by_the_admin_alone_which_asks_for_their_permission(boss, team):
    workspaces.delete(actor=boss, typed_name=team.name)
    without_a_role = new_person("clerk@example.com")
    User.objects.filter(pk=without_a_role.pk).update(is_staff=True)

    answer = browser_of(without_a_role).post(f"/settings/workspaces/{team.pk}/restoration/")

    assert answer.status_code == 404
    team.refresh_from_db()
    assert team.deleted_at is not None


@pytest.mark.parametrize("role", ["admin", "member", "billing"])
def test_only_an_owner_restores(boss, team, role):
    person = join(team, role)
    workspaces.delete(actor=boss, typed_name=team.name)

    answer = browser_of(person.user).post(f"/settings/workspaces/{team.pk}/restoration/")

    assert answer.status_code == 404


def test_a_personal_workspace_is_neither_deleted_nor_left(owner):
    mine = owner.memberships.get()

    with pytest.raises(workspaces.NotATeamError):
        workspaces.delete(actor=mine, typed_name=mine.workspace.name)
    with pytest.raises(LastOwnerError):
        members.leave(actor=mine)


def test_the_last_owner_of_a_team_with_people_cannot_be_erased(boss, team):
    join(team, "admin")

    with pytest.raises(workspaces.OwnsTeamsError, match=team.name):
        erase_user(boss.user)


def test_an_erased_person_leaves_their_teams_and_closes_those_where_they_were_alone(team, owner):
    join(team, "member", user=owner)
    alone = join(TeamFactory(name="Only mine"), "owner", user=owner).workspace

    erase_user(owner)

    alone.refresh_from_db()
    assert owner.email not in roles_in(team)
    assert (alone.name, alone.deleted_at is not None) == ("erased", True)


def test_the_export_names_teams_and_invitations(owner, boss, team):
    invite(boss, owner.email, role="billing")
    join(team, "billing", user=owner)

    exported = export_user(owner)["accounts"]

    assert (team.name, "billing") in [(each["name"], each["role"]) for each in exported["workspaces"]]
    assert [(each["workspace"], each["role"]) for each in exported["invitations"]] == [(team.name, "billing")]


def test_the_history_of_a_team_says_who_made_what(boss, team):
    person = join(team, "member", user=new_person("maker@example.com"))
    GenerationFactory(membership=person)

    assert "maker@example.com" in browser_of(boss.user).get("/generations/").text


def test_the_activity_is_told_in_sentences(boss, team):
    person = join(team, "member")
    members.change_role(actor=boss, membership_id=person.pk, role="admin")
    members.set_allowance(actor=boss, membership_id=person.pk, credits=50)

    page = browser_of(boss.user).get("/settings/activity/").text

    assert f"changed the role of {person.user.email} from Member to Admin" in page
    assert f"set the monthly allowance of {person.user.email} to 50 credits" in page

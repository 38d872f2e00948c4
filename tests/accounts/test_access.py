"""Who may act where."""

import threading
import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from apps.accounts import selectors, services
from apps.accounts.access import workspace_required
from apps.accounts.models import Membership, User, Workspace


@workspace_required
def where(request, **kwargs):
    return HttpResponse(f"{request.workspace.pk} {request.membership.role}")


def visit(user, **kwargs):
    request = RequestFactory().get("/somewhere/")
    request.user = user
    return where(request, **kwargs)


def join(user, *, role=Membership.Role.MEMBER) -> Workspace:
    team = Workspace.objects.create(name="A team", kind=Workspace.Kind.TEAM)
    Membership.objects.create(workspace=team, user=user, role=role)
    return team


def test_a_visitor_is_sent_to_the_login_page():
    response = visit(AnonymousUser())

    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/somewhere/")


def test_a_user_acts_in_the_personal_workspace_also_when_a_team_is_older(db):
    user = User.objects.create_user("ada@example.com")
    join(user)
    personal = services.create_personal_workspace(user=user)

    assert visit(user).text == f"{personal.pk} owner"


def test_an_address_may_name_a_workspace_of_the_user(owner):
    team = join(owner, role=Membership.Role.ADMIN)

    assert visit(owner, workspace_id=team.pk).text == f"{team.pk} admin"


def test_a_workspace_of_others_is_not_found_just_like_one_that_never_was(owner, stranger):
    theirs = selectors.find_personal_workspace(stranger)

    for workspace_id in (theirs.pk, uuid.uuid4()):
        with pytest.raises(selectors.WorkspaceNotFoundError) as refusal:
            visit(owner, workspace_id=workspace_id)
        assert refusal.value.status == 404


def test_a_user_who_came_without_sign_up_gets_a_workspace_at_first_sight(db):
    admin = User.objects.create_superuser("root@example.com", "x")

    assert visit(admin).text == visit(admin).text
    assert Workspace.objects.filter(members=admin, kind=Workspace.Kind.PERSONAL).count() == 1


@pytest.mark.usefixtures("committed_db")
def test_two_first_requests_at_once_make_one_workspace():
    user = User.objects.create_superuser("root@example.com", "x")
    start = threading.Barrier(8)

    def first_request():
        start.wait()
        services.ensure_personal_workspace(user=user)
        connection.close()

    threads = [threading.Thread(target=first_request) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert Workspace.objects.filter(members=user).count() == 1

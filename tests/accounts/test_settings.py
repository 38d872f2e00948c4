"""The settings: each form changes one thing of the person who sends it, and keeps what was typed when refused."""

import re

import pytest
from django.test import Client

from apps.accounts import selectors, services
from apps.accounts.models import Membership, User, Workspace
from tests.accounts.conftest import new_visitor
from tests.queries import asks_at_most

pytestmark = pytest.mark.django_db
PAGES = ["/settings/", "/settings/preferences/", "/settings/notifications/", "/settings/security/"]
HTMX = {"HX-Request": "true", "HX-Target": "main"}


@pytest.fixture
def browser(visitor, owner) -> Client:
    visitor.force_login(owner)
    return visitor


def again(user) -> User:
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_in_the_shell_with_its_tab_marked(browser, page):
    answer = browser.get(page)

    assert answer.status_code == 200
    assert '<nav class="shell-nav"' in answer.text
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', answer.text) == [page]
    assert "style=" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_htmx_gets_the_main_region_alone(browser, page):
    answer = browser.get(page, headers=HTMX)

    assert '<main id="main"' in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("page", PAGES)
def test_no_page_needs_many_queries(browser, page):
    browser.get(page)

    with asks_at_most(12):
        browser.get(page)


def test_a_name_is_saved_and_shown(browser, owner):
    answer = browser.post("/settings/", {"name": "Ada Lovelace"}, follow=True)

    assert again(owner).name == "Ada Lovelace"
    assert "Your name is saved." in answer.text
    assert ">AL<" in answer.text


@pytest.mark.parametrize(("name", "initials"), [("", "O"), ("ada", "A"), ("ada de lovelace", "AL"), ("  ", "O")])
def test_initials_come_from_the_name_or_from_the_address(name, initials):
    assert User(email="owner@example.com", name=name).initials == initials


def test_a_name_that_is_too_long_is_refused_beside_its_field_and_kept(browser, owner):
    answer = browser.post("/settings/", {"name": "x" * 151})

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "x" * 151 in answer.text
    assert again(owner).name == ""


def test_saving_a_name_leaves_the_rest_of_the_row_alone(browser, owner):
    browser.get("/settings/")
    User.objects.filter(pk=owner.pk).update(wants_low_balance_mail=False)

    browser.post(
        "/settings/", {"name": "Ada", "email": "evil@example.com", "is_staff": "on", "time_zone": "Asia/Tokyo"}
    )

    saved = again(owner)
    assert (saved.name, saved.email, saved.is_staff) == ("Ada", owner.email, False)
    assert (saved.time_zone, saved.wants_low_balance_mail) == ("UTC", False)


def test_an_owner_renames_the_workspace(browser, owner):
    answer = browser.post("/settings/workspace/", {"name": " The Lab "}, follow=True)

    assert selectors.find_personal_workspace(owner).name == "The Lab"
    assert "The Lab" in answer.text


@pytest.mark.parametrize("name", ["", "   ", "x" * 101])
def test_a_workspace_keeps_its_name_when_the_new_one_is_none(browser, owner, name):
    before = selectors.find_personal_workspace(owner).name

    answer = browser.post("/settings/workspace/", {"name": name})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert selectors.find_personal_workspace(owner).name == before


@pytest.mark.parametrize("role", [Membership.Role.ADMIN, Membership.Role.MEMBER])
def test_only_an_owner_renames(stranger, role):
    Membership.objects.filter(user=stranger).delete()
    team = Workspace.objects.create(name="A team", kind=Workspace.Kind.TEAM)
    Membership.objects.create(workspace=team, user=stranger, role=role)
    browser = new_visitor()
    browser.force_login(stranger)

    answer = browser.post("/settings/workspace/", {"name": "Mine now"})

    assert answer.status_code == 403
    assert Workspace.objects.get(pk=team.pk).name == "A team"
    assert 'action="/settings/workspace/"' not in browser.get("/settings/").text


def test_a_time_zone_is_saved_and_a_toast_says_so(browser, owner):
    answer = browser.post("/settings/preferences/", {"time_zone": "Europe/Berlin"}, headers=HTMX, follow=True)

    assert again(owner).time_zone == "Europe/Berlin"
    assert 'hx-swap-oob="beforeend:#toasts"' in answer.text
    assert "Times are now shown in your zone." in answer.text


@pytest.mark.parametrize("name", ["Nowhere", "../../etc/passwd", ""])
def test_a_zone_that_does_not_exist_is_refused(browser, owner, name):
    answer = browser.post("/settings/preferences/", {"time_zone": name}, headers=HTMX)

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert again(owner).time_zone == "UTC"


def test_an_older_name_of_a_zone_stays_chosen(browser, owner):
    services.save_preferences(user=owner, time_zone="Asia/Calcutta")

    assert '<option value="Asia/Calcutta" selected>' in browser.get("/settings/preferences/").text


def test_low_balance_mails_can_be_turned_off_and_on(browser, owner):
    browser.post("/settings/notifications/", {})
    assert again(owner).wants_low_balance_mail is False

    browser.post("/settings/notifications/", {"wants_low_balance_mail": "on"})
    assert again(owner).wants_low_balance_mail is True


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_a_theme_is_a_cookie_that_the_next_page_obeys(visitor, chosen):
    answer = visitor.post("/settings/theme/", {"theme": chosen, "next": "/accounts/login/?next=/billing/"})

    assert answer["Location"] == "/accounts/login/?next=/billing/"
    assert f'data-theme="{chosen}"' in visitor.get("/accounts/login/").text


@pytest.mark.parametrize("chosen", ["system", "", "evil"])
def test_any_other_theme_is_the_systems(visitor, chosen):
    visitor.post("/settings/theme/", {"theme": "dark"})
    visitor.post("/settings/theme/", {"theme": chosen})

    assert "data-theme=" not in visitor.get("/accounts/login/").text


def test_htmx_changes_the_theme_without_a_new_page(visitor):
    answer = visitor.post("/settings/theme/", {"theme": "dark"}, headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer.cookies["theme"].value == "dark"


AWAY = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "http:evil",
    "\t//evil.example",
]


@pytest.mark.parametrize("target", AWAY)
def test_the_theme_never_leads_to_another_site(visitor, target):
    assert visitor.post("/settings/theme/", {"theme": "dark", "next": target})["Location"] == "/"


@pytest.mark.parametrize("target", AWAY)
def test_the_login_never_leads_to_another_site(visitor, owner, target):
    form = {"login": owner.email, "password": "correct-horse-battery", "next": target}

    assert visitor.post("/accounts/login/", form)["Location"] == "/generations/new/"


def test_long_and_strange_names_are_shown_as_text(browser):
    browser.post("/settings/", {"name": "<script>alert(1)</script>"})

    assert "<script>alert" not in browser.get("/settings/").text

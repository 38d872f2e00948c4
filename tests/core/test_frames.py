"""A page as a whole and as a fragment: one address, two frames, and nothing that mixes them up."""

import re

import pytest

from apps.accounts.services import create_personal_workspace
from apps.core.templatetags.icons import icon
from tests.factories import UserFactory

BOOSTED = {"HX-Request": "true", "HX-Boosted": "true", "HX-Target": "main"}
PAGES = ["/generations/new/", "/generations/", "/usage/", "/billing/", "/settings/"]


@pytest.fixture
def owner_browser(db, client):
    user = UserFactory()
    create_personal_workspace(user=user)
    client.force_login(user)
    return client


@pytest.mark.parametrize("address", PAGES)
def test_a_page_comes_whole_to_a_reload_and_as_its_main_region_to_a_link(address, owner_browser):
    whole, region = owner_browser.get(address).text, owner_browser.get(address, headers=BOOSTED).text

    assert whole.startswith("<!doctype html>")
    assert 'class="shell-nav"' in whole
    assert "<!doctype" not in region
    assert 'class="shell-nav"' not in region
    assert title(region) == title(whole)
    assert heading(region) == heading(whole) != ""
    assert region.count('id="main"') == whole.count('id="main"') == 1


@pytest.mark.parametrize("address", PAGES)
def test_no_cache_hands_a_fragment_to_a_reload(address, owner_browser):
    vary = owner_browser.get(address, headers=BOOSTED).headers["Vary"]

    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in vary.split(",")}


def test_a_page_that_htmx_restores_from_its_history_is_whole(owner_browser):
    page = owner_browser.get("/usage/", headers=BOOSTED | {"HX-History-Restore-Request": "true"}).text

    assert page.startswith("<!doctype html>")


def test_a_link_of_an_expired_login_leads_to_the_login_page_and_back(db, client):
    answer = client.get("/billing/", headers=BOOSTED)

    assert answer.headers["HX-Redirect"] == "/accounts/login/?next=/billing/"


def test_a_form_of_an_expired_login_says_so_and_leaves_the_page_alone(db, client):
    answer = client.post("/generations/", headers={"HX-Request": "true", "HX-Target": "generation-panel"})

    assert (answer.status_code, answer.headers["HX-Retarget"]) == (401, "#toasts")


@pytest.mark.parametrize(("cookie", "attribute"), [("dark", ' data-theme="dark"'), ("system", ""), ('"><script>', "")])
def test_the_chosen_theme_is_there_before_the_first_paint(cookie, attribute, db, client):
    client.cookies["theme"] = cookie

    assert re.search(r"<html[^>]*>", client.get("/").text)[0] == f'<html lang="en"{attribute}>'


def test_an_icon_says_nothing_to_a_screen_reader():
    assert icon("check", **{"class": "size-5"}).startswith('<svg class="icon size-5" aria-hidden="true" xmlns=')


@pytest.mark.parametrize("name", ["no-such-icon", "../secrets", ""])
def test_a_name_that_is_no_icon_is_an_error(name):
    with pytest.raises(FileNotFoundError):
        icon(name)


def title(html: str) -> str:
    return re.search(r"<title>(.*?)</title>", html, re.DOTALL)[1].strip()


def heading(html: str) -> str:
    return re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)[1].strip()

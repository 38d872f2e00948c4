"""What anybody may read: complete, findable, true to the settings, and without a script or a style in the page."""

import json
import re
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from apps.core import health
from apps.pages import selectors
from apps.pages.demo import load_recording
from apps.pages.meta import META
from tests.accounts.conftest import new_email, new_user

pytestmark = pytest.mark.django_db
PAGES = ["/", "/pricing/", "/help/", "/contact/", "/contact/thanks/", "/status/"]
LEGAL = ["/terms/", "/privacy/", "/cookies/", "/imprint/", "/ai/"]


@pytest.mark.parametrize("path", PAGES + LEGAL)
def test_a_public_page_has_one_heading_a_description_and_one_address(visitor, path, settings):
    settings.SITE_URL = "https://keel.example"

    answer = visitor.get(path, {"utm_source": "elsewhere"})

    assert answer.status_code == 200
    assert len(re.findall(r"<h1\b", answer.text)) == 1
    assert re.search(r'<meta name="description" content="[^"]{20,}">', answer.text)
    assert f'<link rel="canonical" href="https://keel.example{path}">' in answer.text
    assert '<meta property="og:title"' in answer.text


@pytest.mark.parametrize("path", PAGES + LEGAL)
def test_a_public_page_keeps_to_the_content_security_policy(visitor, path):
    page = visitor.get(path).text

    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=", page) == []


@pytest.mark.parametrize("path", PAGES + LEGAL)
def test_every_link_of_a_public_page_leads_somewhere(visitor, path):
    page = visitor.get(path).text
    links = {link.split("#")[0].split("?")[0] for link in re.findall(r'href="(/[^"]*)"', page)}
    broken = {link for link in links - {""} if not link.startswith("/static/") and visitor.get(link).status_code >= 400}

    assert "/contact/" in links
    assert broken == set()


def test_who_is_logged_in_goes_from_the_landing_page_to_work(visitor):
    visitor.force_login(new_user(new_email("ada")))

    assert visitor.get("/")["Location"] == "/generations/new/"


def test_the_free_credits_of_the_settings_are_what_the_pages_promise(visitor, settings):
    settings.SIGN_UP_GRANT_CREDITS = 1234

    assert "Start with 1234 free credits" in visitor.get("/").text
    assert "1,234 credits to start" in visitor.get("/pricing/").text
    assert "1,234 credits arrive" in visitor.get("/help/").text


def test_the_prices_are_those_of_the_estimator_and_the_rates():
    costs = {cost.name: cost for cost in selectors.list_run_costs(at=timezone.now())}

    announcement = costs["Product announcement"]
    assert 0 < announcement.typical_credits <= announcement.held_credits
    assert announcement.free_runs == 500 // announcement.typical_credits


def test_dearer_models_show_dearer_prices(settings):
    cheap = selectors.list_run_costs(at=timezone.now())[0]
    settings.GENERATION_MODELS = ["gpt-4o"]

    dear = selectors.list_run_costs(at=timezone.now())[0]

    assert dear.typical_credits > cheap.typical_credits
    assert dear.held_credits > cheap.held_credits


def test_a_model_without_a_rate_shows_no_prices_and_breaks_no_page(visitor, settings):
    settings.GENERATION_MODELS = ["nobody-knows"]

    assert selectors.list_run_costs(at=timezone.now()) == []
    assert visitor.get("/pricing/").status_code == visitor.get("/").status_code == 200


def test_the_recorded_run_is_a_whole_run_with_a_rising_pace_and_its_money():
    recording = load_recording()
    times, characters = zip(*recording.pace, strict=True)

    assert list(times) == sorted(times)
    assert list(characters) == sorted(set(characters))
    assert characters[-1] == len(recording.text)
    assert recording.held_credits == recording.charged_credits + recording.returned_credits > 0


def test_the_landing_page_shows_the_whole_recorded_run_without_javascript(visitor):
    page = visitor.get("/").text

    assert load_recording().html in page
    assert json.loads(re.search(r'data-timeline="([^"]+)"', page)[1]) == [list(step) for step in load_recording().pace]
    assert 'data-demo data-stage="done"' in page
    assert "An example, replayed in" in page


def test_no_testimonial_is_shown_until_founders_write_one(visitor):
    assert "What customers say" not in visitor.get("/").text


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.openai.com/v1", "api.openai.com"),
        ("http://127.0.0.1:9000/v1", ""),
        ("http://[::1]:9000/v1", ""),
        ("http://models.internal/v1", ""),
        ("http://model_server:9000/v1", ""),
    ],
)
def test_the_provider_is_named_where_it_has_a_public_name(visitor, settings, url, host):
    settings.OPENAI_BASE_URL = url

    assert selectors.provider_hosts() == ([host] if host else [])
    assert (f"<code>{host}</code>" if host else "A model server of our own") in visitor.get("/ai/").text.replace(
        "To a model", "A model"
    )


@pytest.mark.parametrize("debug", [True, False])
def test_founders_are_told_to_edit_legal_texts_in_debug_alone(visitor, settings, debug):
    settings.DEBUG = debug

    assert all(("Only you see this" in visitor.get(path).text) == debug for path in LEGAL)
    assert "FOUNDERS" not in visitor.get("/terms/").text


def test_the_status_page_says_what_is_wrong_without_saying_too_much(visitor, monkeypatch):
    assert "Everything works" in visitor.get("/status/").text
    monkeypatch.setitem(health._checks, "redis", lambda: "refused at 10.0.0.7")

    troubled = visitor.get("/status/")

    assert troubled.status_code == 503
    assert "Something does not work" in troubled.text
    assert "10.0.0.7" not in troubled.text


def test_crawlers_find_the_public_pages_and_are_kept_from_the_rest(visitor, settings):
    settings.SITE_URL = "https://keel.example"
    listed = [
        element.text for element in ElementTree.fromstring(visitor.get("/sitemap.xml").content).iter() if element.text
    ]
    addresses = [text for text in listed if text.startswith("https://keel.example/")]

    assert "https://keel.example/pricing/" in addresses
    assert {visitor.get(address.removeprefix("https://keel.example")).status_code for address in addresses} == {200}
    assert "Sitemap: https://keel.example/sitemap.xml" in visitor.get("/robots.txt").text
    assert "Disallow: /admin/" in visitor.get("/robots.txt").text


def test_the_old_name_of_the_icon_leads_to_it(visitor):
    assert visitor.get("/favicon.ico")["Location"].endswith("images/icon.svg")


def test_every_page_has_words_for_search_engines():
    assert all(str(meta.title) and 20 <= len(str(meta.description)) <= 160 for meta in META.values())


@pytest.mark.parametrize("path", ["/", "/pricing/", "/help/", "/terms/"])
def test_a_public_page_costs_few_queries(visitor, django_assert_max_num_queries, path):
    with django_assert_max_num_queries(3):
        visitor.get(path)

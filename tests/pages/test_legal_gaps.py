"""What only founders can write is marked in the legal pages, and a deployment is told while gaps are left."""

import pytest

from apps.pages import checks

PLACED = ["terms.html", "privacy.html", "imprint.html", "ai.html"]


def test_a_deployment_is_told_which_pages_have_gaps(settings):
    settings.ENVIRONMENT = "production"

    [found] = checks.find_gaps_in_legal_pages()

    assert found.id == "keel.W003"
    assert [name for name in PLACED if name not in found.msg] == []


@pytest.mark.parametrize("environment", ["development", "production"])
def test_nobody_is_told_on_a_laptop_or_once_all_is_filled_in(settings, monkeypatch, tmp_path, environment):
    settings.ENVIRONMENT = environment
    if environment == "production":
        (tmp_path / "terms.html").write_text("<p>Keel Ltd, 1 Harbour Street</p>")
        monkeypatch.setattr(checks, "LEGAL_PAGES", tmp_path)

    assert checks.find_gaps_in_legal_pages() == []


def test_the_privacy_page_leads_to_deletion_and_export_and_says_for_how_long(client, db, settings):
    settings.ACCOUNT_DELETION_GRACE_DAYS = 14

    text = client.get("/privacy/").text

    for said in ("/settings/account/deletion/", "/settings/data/", "after 14 days"):
        assert said in text

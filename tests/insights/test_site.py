"""The admin as a whole: the product's name and look, refusals as messages, UTC."""

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from apps.billing import ledger
from apps.billing.models import LedgerEntry
from apps.core.errors import DomainError
from apps.insights.site import StaffSite
from tests.factories import FundedMembershipFactory

pytestmark = pytest.mark.django_db


def test_the_admin_wears_the_products_look(root, settings):
    page = root.get("/admin/").text

    assert all(sheet in page for sheet in ("css/theme.css", "css/admin.css"))
    assert settings.SITE_NAME in page
    assert "All times here are UTC." in page


def test_the_site_of_every_admin_is_ours():
    assert isinstance(admin.site, StaffSite)


def test_a_refusal_of_a_page_becomes_a_message_and_nothing_is_written(root, monkeypatch):
    def refuse(**asked):
        raise DomainError("The counting house is closed.")

    workspace = FundedMembershipFactory().workspace
    page = f"/admin/billing/creditaccount/{workspace.pk}/"
    monkeypatch.setattr("apps.billing.admin.CreditAccountAdmin.related", lambda self, row: refuse())

    answer = root.get(f"{page}change/", follow=True)

    assert answer.status_code == 200
    assert "The counting house is closed." in answer.text
    assert LedgerEntry.objects.count() == 1


def test_a_refused_adjustment_keeps_what_was_typed(root, monkeypatch):
    def refuse(**asked):
        raise DomainError("Not today.")

    workspace = FundedMembershipFactory().workspace
    monkeypatch.setattr(ledger, "adjust", refuse)
    form = {"amount": 5, "reason": "An apology", "key": "01890000-0000-7000-8000-000000000000"}

    answer = root.post(f"/admin/billing/creditaccount/{workspace.pk}/adjust/", form)

    assert answer.status_code == 200
    assert "Not today." in answer.text
    assert 'value="An apology"' in answer.text


def test_a_view_of_the_admin_runs_in_utc(root):
    seen = []

    def view(request):
        seen.append(str(timezone.get_current_timezone()))
        return HttpResponse()

    request = RequestFactory().get("/admin/")
    request.user = root.get("/admin/").wsgi_request.user
    with timezone.override("Asia/Tokyo"):
        admin.site.admin_view(view)(request)

    assert seen == ["UTC"]

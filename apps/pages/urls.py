"""Addresses that anybody may read."""

from django.urls import path

from apps.core.rate_limits import limited
from apps.pages import views

app_name = "pages"
urlpatterns = [
    path("pricing/", views.pricing, name="pricing"),
    path("help/", views.help_page, name="help"),
    path("contact/", limited(group="contact")(views.contact), name="contact"),
    path("contact/thanks/", views.contact_thanks, name="contact_thanks"),
    path("terms/", views.legal, {"document": "terms"}, name="terms"),
    path("privacy/", views.legal, {"document": "privacy"}, name="privacy"),
    path("cookies/", views.legal, {"document": "cookies"}, name="cookies"),
    path("imprint/", views.legal, {"document": "imprint"}, name="imprint"),
    path("ai/", views.legal, {"document": "ai"}, name="ai"),
    path("status/", views.status, name="status"),
    path("notices/dismissals/", views.dismiss_notice, name="dismiss_notice"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("favicon.ico", views.favicon, name="favicon"),
]

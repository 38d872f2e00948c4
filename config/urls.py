"""Every address of the product."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from apps.core import health
from apps.core.rate_limits import limited
from apps.generation import export_views, preference_views
from apps.pages import views as pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.landing, name="landing"),
    path("", include("apps.pages.urls")),
    path("", include("apps.accounts.urls")),
    path("settings/api-keys/", include("apps.generation.key_urls")),
    path("settings/retention/", include("apps.generation.retention_urls")),
    path("settings/writing/", preference_views.writing, name="writing"),
    path("", include("apps.billing.urls")),
    # Before the admin's own address, so that the limit comes first.
    path("admin/login/", limited(group="admin_login")(admin.site.login)),
    path("admin/", admin.site.urls),
    path("insights/", include("apps.insights.urls")),
    path("usage/", include("apps.generation.usage_urls")),
    path("generations/", include("apps.generation.urls")),
    path("conversations/", include("apps.generation.conversation_urls")),
    path("shared/<str:secret>/", export_views.shared, name="shared"),
    path("api/v1/", include("apps.generation.api_urls")),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

handler400 = "apps.core.responses.bad_request"
handler403 = "apps.core.responses.permission_denied"
handler404 = "apps.core.responses.not_found"
# Asked for by allauth.
handler429 = "apps.core.responses.too_many_requests"
handler500 = "apps.core.responses.server_error"

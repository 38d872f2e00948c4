"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from apps.core import health
from apps.core.rate_limits import limited

admin.site.site_header = admin.site.site_title = settings.SITE_NAME
admin.site.index_title = "Administration"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("apps.accounts.urls")),
    path("", include("apps.billing.urls")),
    # Before the admin's own address, so that the limit comes first.
    path("admin/login/", limited(group="admin_login")(admin.site.login)),
    path("admin/", admin.site.urls),
    path("", include("apps.usage.urls")),
    path("generations/", include("apps.generation.urls")),
    path("api/v1/", include("apps.generation.api_urls")),
    path("healthz", health.alive),
    path("readyz", health.ready),
]

handler400 = "apps.core.responses.bad_request"
handler403 = "apps.core.responses.permission_denied"
handler404 = "apps.core.responses.not_found"
handler500 = "apps.core.responses.server_error"

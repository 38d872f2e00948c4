"""The product's addresses and what a laptop has besides: never loaded in staging or production."""

from django.urls import URLPattern, URLResolver, include, path

from config.urls import handler400, handler403, handler404, handler429, handler500
from config.urls import urlpatterns as product_urlpatterns
from dev import components, errors, mailbox, mails

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    *product_urlpatterns,
    path("dev/components/", include(components.urlpatterns)),
    path("dev/errors/", include(errors.urlpatterns)),
    path("dev/mailbox/", include(mailbox.urlpatterns)),
    path("dev/mails/", include(mails.urlpatterns)),
]

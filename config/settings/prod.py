"""Staging and production: only what is stricter than base. Whatever opens a door that must be shut stops the start."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from config.settings.base import *  # noqa: F403
from config.settings.base import (
    ALLOWED_HOSTS,
    CONTENT_SECURITY_POLICY,
    DATABASES,
    DEBUG,
    DEFAULT_FROM_EMAIL,
    OPENAI_API_KEY,
    SECRET_KEY,
    SIGNUP_MODE,
    SITE_URL,
    STRIPE_SECRET_KEY,
    STRIPE_WEBHOOK_SECRET,
    env,
)

# What stands in .env.example, in tutorials, and in what people type first.
SAMPLE_PASSWORDS = {"password", "postgres", "keel", "change-me", "changeme", "secret", "admin"}
SAMPLE_PROVIDER_KEYS = {"sk-sample", "sk-...", "change-me"}
SAMPLE_STRIPE_KEY_ENDINGS = ("_sample", "_...", "_xxx", "_change-me")
MAIL_THAT_REACHES_NOBODY = ("console", "dummy", "filebased", "locmem")


def refuse(condition: object, sentence: str) -> None:
    """Stop the start with a sentence that names the variable. Raises ImproperlyConfigured."""
    if condition:
        raise ImproperlyConfigured(sentence)


refuse(DEBUG, "DEBUG shows settings and source to everybody: leave it out, or set it to false.")
# The samples are shorter, so that none of them ever signs a real session.
refuse(
    len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 10,
    "SECRET_KEY must be 50 random characters or more, for example from: openssl rand -base64 48",
)
_site = urlsplit(SITE_URL)
refuse(_site.scheme != "https" or not _site.hostname, "SITE_URL must be the public address, beginning with https://")
refuse(
    not ALLOWED_HOSTS or any(host.strip(".") in {"", "*"} for host in ALLOWED_HOSTS),
    "ALLOWED_HOSTS must name the hosts that are answered, without *.",
)
refuse(
    not validate_host(_site.hostname or "", ALLOWED_HOSTS),
    "ALLOWED_HOSTS must name the host of SITE_URL: every link in a mail leads there.",
)
for _alias, _variable in {"default": "DATABASE_URL", "owner": "MIGRATION_DATABASE_URL"}.items():
    refuse(DATABASES[_alias].get("PASSWORD") in SAMPLE_PASSWORDS, f"{_variable} has a password that everybody knows.")
refuse(
    env.email_url("EMAIL_URL")["EMAIL_BACKEND"].split(".")[-2] in MAIL_THAT_REACHES_NOBODY,
    "EMAIL_URL must lead to a mail server: with this one no mail reaches anybody.",
)
refuse(
    "@localhost" in DEFAULT_FROM_EMAIL, "DEFAULT_FROM_EMAIL must be an address of yours: mail servers drop any other."
)
refuse(OPENAI_API_KEY in SAMPLE_PROVIDER_KEYS, "OPENAI_API_KEY is a sample: set the key of your provider.")
for _variable, _key in {"STRIPE_SECRET_KEY": STRIPE_SECRET_KEY, "STRIPE_WEBHOOK_SECRET": STRIPE_WEBHOOK_SECRET}.items():
    refuse(_key.endswith(SAMPLE_STRIPE_KEY_ENDINGS), f"{_variable} is a sample: set the one of your Stripe account.")

refuse(
    SIGNUP_MODE not in {"open", "invite", "waitlist", "closed"},
    "SIGNUP_MODE must be open, invite, waitlist or closed.",
)

# The proxy ends TLS and says so; it must drop what a caller says (SECURITY.md).
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
# Browsers take cookies of these names over TLS only, from this very host, for all of it: a subdomain cannot plant one.
SESSION_COOKIE_NAME = "__Host-sessionid"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_SECURE = True
_directives: dict[str, Any] = {**CONTENT_SECURITY_POLICY["DIRECTIVES"], "upgrade-insecure-requests": True}
CONTENT_SECURITY_POLICY = {"DIRECTIVES": _directives}
# Names carry a hash of the content, so browsers keep a file for good and never show an old one.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

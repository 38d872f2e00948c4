"""What every environment shares, read from top to bottom as a tour of the product."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF

from apps.core.logging import logging_config
from config.readers import count_proxies, existing_file, with_known_names

env = environ.Env()

# --- The product ---

BASE_DIR = Path(__file__).resolve().parents[2]
ENVIRONMENT = env.str("ENVIRONMENT", default="development")
SITE_NAME = env.str("SITE_NAME", default="Keel")
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
# Who may make an account: open, invite, waitlist or closed (apps/accounts/sign_up.py).
SIGNUP_MODE = env.str("SIGNUP_MODE", default="open")
# Credits given once to each new workspace when its owner's address is confirmed.
SIGN_UP_GRANT_CREDITS = 500
# How many such grants one network of the internet gets within 24 hours; 0 counts none.
SIGN_UP_GRANTS_PER_NETWORK = env.int("SIGN_UP_GRANTS_PER_NETWORK", default=20)
# A file of mail domains, one a line: their addresses get no free credits. Empty knows none.
DISPOSABLE_DOMAINS_FILE = existing_file(
    env.str("DISPOSABLE_DOMAINS_FILE", default=""), variable="DISPOSABLE_DOMAINS_FILE"
)
# Those who run a workspace get a mail when its balance falls below this; 0 sends none.
LOW_BALANCE_CREDITS = 50

# --- The house: imports go down this list ---

INSTALLED_APPS = [
    "apps.insights",
    "apps.pages",
    "apps.generation",
    "apps.usage",
    "apps.billing",
    "apps.accounts",
    "apps.core",
    "apps.insights.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "apps.accounts.apps.UserSessionsConfig",
    "csp",
    "django_htmx",
    "django_structlog",
    "pgtrigger",
    "rest_framework",
    "template_partials",
    "waffle",
]

MIDDLEWARE = [
    "apps.core.even_time.even_time",
    "apps.core.middleware.RequestIdMiddleware",
    "apps.core.health.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.middleware.UnstorableTextMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "apps.core.middleware.ErrorMiddleware",
    "apps.accounts.middleware.PersonMiddleware",
    "apps.accounts.impersonation_middleware.ImpersonationMiddleware",
    "apps.accounts.deletion_middleware.DeletionMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.core.context_processors.site",
                "apps.accounts.context_processors.sign_up",
                "apps.billing.context_processors.balance",
                "apps.pages.context_processors.public_face",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# --- PostgreSQL: the truth ---
# Two roles: "default" is the app role and owns nothing; "owner" migrates (see core's migrate command).

DATABASES = {
    "default": env.db_url("DATABASE_URL"),
    "owner": env.db_url("MIGRATION_DATABASE_URL", default=env.str("DATABASE_URL")),
}
for _database in DATABASES.values():
    # PgBouncer in transaction mode keeps no cursor between two statements.
    _database["DISABLE_SERVER_SIDE_CURSORS"] = True
    _database.setdefault("OPTIONS", {})["connect_timeout"] = 3
DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 10, "timeout": 5, "max_idle": 60}
# In tests the owner creates the database and migrates it; the app role then uses the same one.
DATABASES["default"]["TEST"] = {"MIRROR": "owner"}
DATABASE_ROUTERS = ["apps.core.db.OwnerRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Per transaction, set by every scope of apps/core/db.py.
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 3_000
# A process that froze in the middle of a transaction keeps its locks for no longer than this.
IDLE_TIMEOUT_MS = 8_000
# A request still busy after this long is answered with a 503 and Retry-After.
REQUEST_DEADLINE_SECONDS = 20
# Beside that, sending a body may take so long: a file comes slowly over a phone.
UPLOAD_DEADLINE_SECONDS = 120

# --- Redis: streams, doorbell, counters; nothing that may not be lost ---

REDIS_URL = env.str("REDIS_URL")
REDIS_SOCKET_TIMEOUT_SECONDS = 0.5
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        "OPTIONS": {
            "socket_timeout": REDIS_SOCKET_TIMEOUT_SECONDS,
            "socket_connect_timeout": REDIS_SOCKET_TIMEOUT_SECONDS,
        },
    },
    "none": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
# Tasks in files of another name than tasks.py.
CELERY_IMPORTS = ["apps.generation.batch_tasks", "apps.generation.usage_tasks"]
CELERY_BEAT_SCHEDULE = {
    "sweep-generations": {"task": "generation.sweep", "schedule": 5},
    "feed-batches": {"task": "generation.feed_batches", "schedule": 5},
    "watch-budgets": {"task": "generation.watch_budgets", "schedule": 300},
    "purge-deleted-generations": {"task": "generation.purge", "schedule": 3600},
    "apply-retention": {"task": "generation.retain", "schedule": 3600},
    "purge-batches": {"task": "generation.purge_batches", "schedule": 3600},
    "send-usage-summaries": {"task": "generation.send_usage_summaries", "schedule": 600},
    "roll-up-costs": {"task": "apps.insights.tasks.roll_up_costs", "schedule": 300},
    "roll-up-totals": {"task": "apps.usage.tasks.roll_up_totals", "schedule": 300},
    "sweep-events": {"task": "apps.billing.tasks.sweep_events", "schedule": 10},
    "catch-up-with-stripe": {"task": "apps.billing.tasks.catch_up", "schedule": 900},
    # At a time of day, so that a beat which restarts often still comes to it.
    "reconcile-stripe": {"task": "apps.billing.tasks.reconcile", "schedule": crontab(hour="4", minute="20")},
    "expire-holds": {"task": "apps.billing.tasks.expire_holds", "schedule": 60},
    "expire-grants": {"task": "apps.billing.tasks.expire_grants", "schedule": 300},
    "forget-dead-sessions": {"task": "apps.accounts.tasks.forget_dead_sessions", "schedule": 3600},
    "purge-waitlist": {"task": "apps.accounts.tasks.purge_waitlist", "schedule": crontab(hour="3", minute="40")},
    "notify-low-balances": {"task": "apps.billing.tasks.notify_low_balances", "schedule": 60},
    "buy-top-ups": {"task": "apps.billing.tasks.buy_top_ups", "schedule": 60},
    "report-overage": {"task": "apps.billing.tasks.report_overage", "schedule": 30},
    "give-allowances": {"task": "apps.billing.tasks.give_allowances", "schedule": 600},
    "write-seats": {"task": "apps.billing.tasks.write_seats", "schedule": 600},
    "notify-about-plans": {"task": "apps.billing.tasks.notify_about_plans", "schedule": 600},
    "erase-due": {"task": "apps.accounts.tasks.erase_due", "schedule": 3600},
    "sweep-data-exports": {"task": "apps.accounts.tasks.sweep_data_exports", "schedule": 60},
    "follow-people": {"task": "apps.billing.tasks.follow_people", "schedule": 60},
    "erase-late-events": {"task": "apps.billing.tasks.erase_late_events", "schedule": 3600},
    "sweep-mail": {"task": "apps.core.tasks.sweep_mail", "schedule": 30},
    "sweep-alerts": {"task": "apps.core.tasks.sweep_alerts", "schedule": 30},
    "purge-alerts": {"task": "apps.core.tasks.purge_alerts", "schedule": crontab(hour="3", minute="50")},
    "watch-generations": {"task": "generation.watch", "schedule": 60},
}

# --- People ---

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/generations/new/"
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A mail for each change of password or address, to whom it concerns.
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
# Before an act that could take an account away, whoever is logged in proves again, this long ago at most, who they are.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_FORMS = {
    "signup": "apps.accounts.forms.SignUpForm",
    "login": "apps.accounts.forms.LoginForm",
    "reset_password": "apps.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "apps.accounts.forms.ResetPasswordKeyForm",
    "change_password": "apps.accounts.forms.ChangePasswordForm",
    "set_password": "apps.accounts.forms.SetPasswordForm",
    "add_email": "apps.accounts.forms.AddEmailForm",
    "reauthenticate": "apps.accounts.forms.ReauthenticateForm",
    "request_login_code": "apps.accounts.forms.RequestLoginCodeForm",
    "confirm_login_code": "apps.accounts.forms.ConfirmLoginCodeForm",
}
# The second factor: an app or a passkey, and codes for the day when neither is at hand.
MFA_ADAPTER = "apps.accounts.factor_adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = SITE_NAME
# Clocks differ: the codes before and after this one count, too; each code counts once (apps/accounts/factor_forms.py).
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Nobody logs in before their address is confirmed, so an unconfirmed one is a change that waits.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Each log-in by passkey asks twice, and an office shares an address.
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
MFA_FORMS = {
    "authenticate": "apps.accounts.factor_forms.AuthenticateForm",
    "reauthenticate": "apps.accounts.factor_forms.ReauthenticateForm",
    "activate_totp": "apps.accounts.factor_forms.ActivateAppForm",
    "authenticate_webauthn": "apps.accounts.factor_forms.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "apps.accounts.factor_forms.ReauthenticatePasskeyForm",
    "login_webauthn": "apps.accounts.factor_forms.LoginPasskeyForm",
    "add_webauthn": "apps.accounts.factor_forms.AddPasskeyForm",
    "edit_webauthn": "apps.accounts.factor_forms.RenamePasskeyForm",
}
# For so long somebody who wants to be deleted can take it back.
ACCOUNT_DELETION_GRACE_DAYS = env.int("ACCOUNT_DELETION_GRACE_DAYS", default=30)
# Between two mails that ask one address to be confirmed.
VERIFICATION_MAIL_PAUSE_SECONDS = 60
ACCOUNT_RATE_LIMITS = {"confirm_email": f"1/{VERIFICATION_MAIL_PAUSE_SECONDS}s/key"}
# Posts per address on pages that anyone may reach; from "writes" on, which is whatever a logged-in person sends, per
# person. allauth's own limits per account come on top.
RATE_LIMITS = {
    "sign_up": "20/m",
    "login": "30/m",
    "password_reset": "20/m",
    "verification_mail": "20/m",
    "login_code": "20/m",
    "second_factor": "20/m",
    "admin_login": "10/m",
    # Only what has not let anybody in lately is counted.
    "api_key_guess": "60/m",
    "contact": "10/10m",
    "waitlist": "10/10m",
    "shared": "120/m",
    "writes": "300/m",
    "checkout": "20/10m",
    "invitations": "60/h",
    "exports": "20/h",
    "share_links": "60/h",
    "uploads": "60/h",
    "api_keys": "30/h",
    "teams": "20/h",
}
# Log-in, sign-up, reset and mailed codes answer after this time, whomever they found (apps/core/even_time.py).
EVEN_ANSWER_SECONDS = 0.4
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# Logging in with an account elsewhere is offered once both of its variables are set.
SOCIALACCOUNT_ADAPTER = "apps.accounts.social_adapter.SocialAdapter"
SOCIALACCOUNT_FORMS = {"signup": "apps.accounts.forms.SocialSignUpForm"}
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    name: {"APPS": [{"client_id": client_id, "secret": secret}], "OAUTH_PKCE_ENABLED": True}
    for name, client_id, secret in [
        ("google", env.str("GOOGLE_CLIENT_ID", default=""), env.str("GOOGLE_CLIENT_SECRET", default="")),
        ("github", env.str("GITHUB_CLIENT_ID", default=""), env.str("GITHUB_CLIENT_SECRET", default="")),
    ]
    if client_id and secret
}
# Where such a button leads: a browser also checks where a form that was sent is redirected to.
PROVIDER_PAGES = {"google": "https://accounts.google.com", "github": "https://github.com"}
# How many proxies stand between the internet and the web process; 0 trusts no X-Forwarded-For at all.
TRUSTED_PROXY_COUNT = count_proxies(env.str("TRUSTED_PROXY_COUNT", default="0"))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# --- Mail: always through the worker ---

vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 10
# Where messages from the contact form go besides the admin; empty sends no mail.
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="")
# Who is told when something needs those who run the product, besides the log: addresses, and a webhook (Slack's shape).
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[SUPPORT_EMAIL] if SUPPORT_EMAIL else [])
ALERT_WEBHOOK_URL = env.str("ALERT_WEBHOOK_URL", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"{SITE_NAME} <hello@localhost>")

# --- The provider ---

OPENAI_API_KEY = env.str("OPENAI_API_KEY")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="") or "https://api.openai.com/v1"
OPENAI_ORGANIZATION = env.str("OPENAI_ORGANIZATION", default="")
OPENAI_MODEL = env.str("OPENAI_MODEL")
# Who checks prompts before they are sent, and answers after: off, local (apps/generation/moderation.yaml) or provider.
MODERATION = env.str("MODERATION", default="local")
# The models of that provider that are offered; those of other providers are in apps/generation/catalogue.yaml.
GENERATION_MODELS = [OPENAI_MODEL, *env.list("OPENAI_EXTRA_MODELS", default=[])]
# The key of a second provider of that catalogue; without one it is not offered.
ANTHROPIC_API_KEY = env.str("ANTHROPIC_API_KEY", default="")
# Another file in the place of that catalogue, and the variables that it may name.
MODELS_FILE = env.str("MODELS_FILE", default="")
PROVIDER_VARIABLES = {
    name: value for name, value in env.ENVIRON.items() if name.endswith(("_API_KEY", "_BASE_URL", "_ORGANIZATION"))
}
# Seconds, all below any proxy's: waiting for a worker, until the first token, between two deltas, and in all.
GENERATION_DEADLINES = {"queue": 120.0, "first_token": 45.0, "idle": 30.0, "total": 300.0} | env.dict(
    "GENERATION_DEADLINES", cast={"value": float}, default={}
)
# Generations that may start within any minute: ceilings of the deployment, above what any plan allows (plans.yaml). Of
# one person, workspace, address or API key, and of everybody together ("feature").
GENERATION_LIMITS = with_known_names(
    {"user": 600, "workspace": 600, "address": 600, "key": 600, "feature": 6000},
    env.dict("GENERATION_LIMITS", cast={"value": int}, default={}),
    variable="GENERATION_LIMITS",
)

# Stops all calls of models, whatever staff say in the admin (apps/generation/switches.py).
GENERATION_DISABLED = env.bool("GENERATION_DISABLED", default=False)
WAFFLE_SWITCH_MODEL = "generation.Switch"
WAFFLE_FLAG_MODEL = "generation.Flag"
WAFFLE_ENABLE_ADMIN_PAGES = False
# A switch acts at once, with or without Redis: the database is asked.
WAFFLE_CACHE_NAME = "none"
# Waffle's own migrations would make tables of the models that ours take the place of.
MIGRATION_MODULES = {"waffle": "apps.generation.waffle.migrations"}

# --- What is sold ---

# Another file in the place of apps/billing/plans.yaml.
PLANS_FILE = env.str("PLANS_FILE", default="")

# --- Stripe: without a webhook secret, its address answers 404 ---

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
# Where a Buy button may lead: a browser also checks where a form that was sent is redirected to.
STRIPE_PAGES = ["https://checkout.stripe.com", "https://billing.stripe.com"]
if STRIPE_API_BASE:
    STRIPE_PAGES = ["{0.scheme}://{0.netloc}".format(urlsplit(STRIPE_API_BASE))]
# Whether Stripe computes and collects tax on every sale; it needs Stripe Tax to be set up there.
STRIPE_AUTOMATIC_TAX = env.bool("STRIPE_AUTOMATIC_TAX", default=False)

# --- Web ---

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
# What the database and every "day" of usage mean; people see times in their own zone (apps/accounts/middleware.py).
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *STRIPE_PAGES, *(PROVIDER_PAGES[name] for name in SOCIALACCOUNT_PROVIDERS)],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# The CSV of a batch; with the form around it, the longest body that is taken at all (apps/core/body_limit.py).
BATCH_FILE_BYTES_MAX = 10 * 1024 * 1024
BODY_BYTES_MAX = BATCH_FILE_BYTES_MAX + 1_000_000
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.api_login.ApiKeyLogin", "apps.core.api.SessionLogin"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "apps.accounts.api_login.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.api.ObjectParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "apps.core.api.exception_handler",
}
CSRF_FAILURE_VIEW = "apps.core.responses.csrf_failure"
SILENCED_SYSTEM_CHECKS = [
    # django-ratelimit does not know Django's own RedisCache yet (its issue 283).
    "django_ratelimit.W001",
]

# --- Logs and alarms ---

LOGGING = logging_config(json=ENVIRONMENT != "development")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    # Imported only here: it loads the provider's library, which takes a second.
    from apps.core.sentry import init_sentry

    init_sentry(dsn=SENTRY_DSN, environment=ENVIRONMENT)
DJANGO_STRUCTLOG_CELERY_ENABLED = True

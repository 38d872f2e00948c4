"""How a program logs in to the REST API: `Authorization: Bearer <key>`, and what its key's scopes let it do."""

import hashlib
import time
from typing import TYPE_CHECKING

import structlog
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts import api_keys
from apps.accounts.models import ApiKey, User
from apps.core.errors import DomainError
from apps.core.rate_limits import count_at_edge, network_of

if TYPE_CHECKING:  # the framework's views import this module
    from rest_framework.views import APIView

logger = structlog.get_logger(__name__)

SCHEME = b"bearer"
# A key that has let somebody in is no guess for so long: programs behind one address do not lock each other out.
TRUSTED_SECONDS = 60
TRUSTED_MAX = 10_000

_trusted: dict[str, float] = {}


class InvalidApiKeyError(AuthenticationFailed):
    """The key does not exist, or does not let anybody in any more: which of the two is not said."""

    default_code = "invalid_api_key"
    default_detail = _("This API key does not work. It may be misspelled, revoked or expired.")


class MissingScopeError(DomainError):
    """The key was not made for this."""

    code = "missing_scope"
    status = 403
    sentence = _("This API key is not allowed to do this. Make one with the scope that it needs.")


class ApiKeyLogin(BaseAuthentication):
    """A bearer token; `request.auth` is then the ApiKey. There is no CSRF check: no browser adds such a header."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """Return the person in whose name the key acts, or None where no bearer token is sent.

        Raises InvalidApiKeyError, or RateLimitedError for too many guesses from one address, or for too many requests
        with one key.
        """
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME:
            return None
        key = _find_key(token.decode("latin-1").strip(), request=request._request)
        _count(request._request, group="api_key", value=str(key.pk), rate=f"{key.requests_per_minute}/m")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of the 401."""
        return 'Bearer realm="api"'


class HasScope(BasePermission):
    """Lets a key do only what it was made for; a view names its scopes by method, and what it does not name is refused.

    A session is a person at the product's own pages: it has no scopes.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return True, or raise MissingScopeError."""
        if not isinstance(request.auth, ApiKey):
            return True
        scope = getattr(view, "scopes", {}).get("GET" if request.method == "HEAD" else request.method)
        if scope is None or scope not in request.auth.scopes:
            raise MissingScopeError
        return True


def _find_key(token: str, *, request: HttpRequest) -> ApiKey:
    """Return the key of a token. What may be a guess is counted before anybody looks it up."""
    fingerprint = hashlib.sha256(token.encode()).hexdigest()
    if time.monotonic() >= _trusted.get(fingerprint, 0):
        _count(request, group="api_key_guess", value=network_of(request))
    key = api_keys.authenticate(token)
    if key is None:
        _trusted.pop(fingerprint, None)
        raise InvalidApiKeyError
    if len(_trusted) >= TRUSTED_MAX:
        _trusted.clear()
    _trusted[fingerprint] = time.monotonic() + TRUSTED_SECONDS
    return key


def _count(request: HttpRequest, *, group: str, value: str, rate: str | None = None) -> None:
    """Count one request. Without Redis nothing is counted: what costs is then counted in PostgreSQL, and a key of 192
    random bits is not guessed during an outage either."""
    try:
        count_at_edge(request, group=group, value=value, rate=rate)
    except (RedisError, OSError) as error:
        logger.warning("api_limits_not_counted", group=group, error=str(error))

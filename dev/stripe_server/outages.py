"""What goes wrong between a caller and the API, for so many calls: refused, late, cut before or after the work."""

from dataclasses import dataclass

from dev.stripe_server.api import Reply, Request, encode
from dev.stripe_server.errors import StripeError

ERROR = "error"
RATE_LIMIT = "rate_limit"
# The work is not done, and nobody answers.
TIMEOUT = "timeout"
CUT_BEFORE = "cut_before"
# The work is done, and the caller never learns it.
CUT_AFTER = "cut_after"
# The work is done and answered, only late.
SLOW = "slow"
KINDS = (ERROR, RATE_LIMIT, TIMEOUT, CUT_BEFORE, CUT_AFTER, SLOW)


@dataclass
class Outage:
    """One kind of trouble for the next calls, all of them or those with a certain method and beginning of the path."""

    kind: str
    calls: int = 1
    seconds: float = 30
    method: str | None = None
    path: str = "/v1/"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise StripeError(f"Unknown outage: {self.kind}. There are {', '.join(KINDS)}.", param="kind")

    def meets(self, request: Request) -> bool:
        """Whether this call is one of those."""
        return self.calls > 0 and request.path.startswith(self.path) and self.method in (None, request.method)


def take(outages: list[Outage], *, request: Request) -> Outage | None:
    """Return the trouble that this call meets, counting it."""
    for outage in outages:
        if outage.meets(request):
            outage.calls -= 1
            return outage
    return None


def refuse(outage: Outage) -> Reply:
    """Return what a call is told that meets an error."""
    if outage.kind == RATE_LIMIT:
        message = "Request rate limit exceeded. Learn more about rate limits in Stripe's documentation."
        error = {"message": message, "type": "invalid_request_error", "code": "rate_limit"}
        return Reply(429, encode({"error": error}), {"content-type": "application/json"})
    error = {"message": "An unknown error occurred", "type": "api_error"}
    return Reply(500, encode({"error": error}), {"content-type": "application/json"})

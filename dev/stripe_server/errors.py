"""Refusals in the shape of Stripe's error object."""

from typing import Any

RESOURCE_MISSING = "resource_missing"


class StripeError(Exception):
    """A call that is answered with an HTTP status and an error object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        error = {"code": code, "message": message, "param": param, **more, "type": kind}
        self.error = {name: value for name, value in error.items() if value is not None}


def missing_object(kind: str, object_id: str, *, param: str = "id") -> StripeError:
    """Return the refusal of an id that does not exist; it is 404 only where the id stands in the address."""
    noun = kind.rpartition(".")[2].replace("_", "")
    return StripeError(
        f"No such {noun}: '{object_id}'", status=404 if param == "id" else 400, code=RESOURCE_MISSING, param=param
    )


def missing_param(param: str) -> StripeError:
    """Return the refusal of a call without a parameter that it needs."""
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def only_one_of(*params: str) -> StripeError:
    """Return the refusal of parameters that exclude each other."""
    return StripeError(f"You may only specify one of these parameters: {', '.join(params)}.", param=params[0])


def card_error(*, code: str, decline_code: str | None, message: str, **more: Any) -> StripeError:
    """Return the refusal by a card's bank; `payment_intent` may come along."""
    return StripeError(message, status=402, kind="card_error", code=code, decline_code=decline_code, **more)

"""What a Buy button sends: an offer, the key of the form it stands in, and where to go back to."""

from dataclasses import dataclass

from django import forms
from django.core.validators import RegexValidator
from django.utils.http import url_has_allowed_host_and_scheme

from apps.billing.catalogue import UnknownOfferError

RETURN_PATH_LENGTH_MAX = 500
KEY = RegexValidator(r"^[\w-]{1,100}$")


@dataclass(frozen=True)
class Purchase:
    """What somebody wants to buy: a pack, or a plan with its interval."""

    kind: str
    slug: str
    interval: str = ""


class PurchaseForm(forms.Form):
    """One form per page, one button per offer."""

    offer = forms.CharField(max_length=64)
    key = forms.CharField(validators=[KEY])
    next = forms.CharField(required=False, max_length=2000)

    def clean_offer(self) -> str:
        """Keep the offer in one spelling."""
        offer: str = self.cleaned_data["offer"].strip().lower()
        return offer

    def clean_next(self) -> str:
        """Keep a way back within this site; anything else is none."""
        return safe_return_path(self.cleaned_data["next"])

    @property
    def purchase(self) -> Purchase:
        """What is to be bought. Raises UnknownOfferError for an offer that reads like none."""
        match self.cleaned_data.get("offer", "").split(":"):
            case ["pack", slug]:
                return Purchase("pack", slug)
            case ["plan", slug, interval]:
                return Purchase("plan", slug, interval)
        raise UnknownOfferError

    @property
    def idempotency_key(self) -> str:
        """The name of this intent: each button of a form is an intent of its own."""
        return f"{self.cleaned_data['key']}:{self.cleaned_data['offer']}"


def safe_return_path(path: str) -> str:
    """Return a path of this site as it was given; empty for anything that could lead elsewhere, or is too long."""
    is_ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_ours and len(path) <= RETURN_PATH_LENGTH_MAX and path.isprintable() else ""

"""Every credit is explained: one sentence per ledger entry, and the way to what it was for."""

import re
from typing import NamedTuple

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.billing.models import CreditGrant, LedgerEntry

Sentence = str | Promise

_OF_SOURCE: dict[str, Sentence] = {
    CreditGrant.Source.SIGN_UP: _("Welcome: credits for confirming your address."),
    CreditGrant.Source.PLAN: _("Credits of your plan."),
    CreditGrant.Source.PURCHASE: _("Credits that you bought."),
    CreditGrant.Source.PROMOTION: _("Credits as a present."),
    CreditGrant.Source.STAFF: _("Credits from our team."),
    CreditGrant.Source.RETURNED: _("Credits that came back."),
    CreditGrant.Source.OVERAGE: _("Credits beyond your balance: on the next invoice of your plan."),
}
# A plan's credits come in two more ways, which their keys tell.
_OF_PLAN_KEY: dict[str, Sentence] = {
    "trial:": _("Credits of your trial."),
    "allowance:": _("The free plan filled up your balance."),
}
_OF_KIND: dict[str, Sentence] = {
    LedgerEntry.Kind.CAPTURE: _("Used."),
    LedgerEntry.Kind.REFUND: _("Taken back, because money went back or the plan became smaller."),
    LedgerEntry.Kind.EXPIRY: _("Expired without being used."),
    LedgerEntry.Kind.REVERSAL: _("An earlier entry was undone."),
    LedgerEntry.Kind.ADJUSTMENT: _("Corrected by our team."),
}
_USED_BY_GENERATION = _("Used by a generation.")
# The caller that captured names its subject in the idempotency key; the address is known by its URL name alone.
_GENERATION_KEY = re.compile(r"(?:^|:)generation:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::|$)")
_CORRECTION_KEY = re.compile(r"payment:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):correction:")


class Explanation(NamedTuple):
    """What a ledger entry was for; the address is empty where there is nothing to look at."""

    sentence: Sentence
    subject_url: str


def explain(entry: LedgerEntry) -> Explanation:
    """Explain an entry (its grant and its payment are best loaded with it)."""
    generation_url = find_subject_url(entry.idempotency_key)
    sentence = _sentence(entry, by_generation=generation_url is not None)
    return Explanation(sentence, generation_url or _receipt_url(entry))


def find_subject_url(idempotency_key: str) -> str | None:
    """Return the address of the generation that an entry or a hold names; None where it names none."""
    named = _GENERATION_KEY.search(idempotency_key)
    return _generation_url(named[1]) if named else None


def _sentence(entry: LedgerEntry, *, by_generation: bool) -> Sentence:
    if entry.kind == LedgerEntry.Kind.CAPTURE and by_generation:
        return _USED_BY_GENERATION
    if entry.kind in _OF_KIND:
        return _OF_KIND[entry.kind]
    if entry.grant is None:
        return entry.get_kind_display()
    if entry.grant.source == CreditGrant.Source.PLAN:
        named = (sentence for start, sentence in _OF_PLAN_KEY.items() if entry.idempotency_key.startswith(start))
        return next(named, _OF_SOURCE[entry.grant.source])
    return _OF_SOURCE[entry.grant.source]


def _receipt_url(entry: LedgerEntry) -> str:
    """Return the address of the payment that brought an entry, or that a correction belongs to."""
    payment = getattr(entry, "payment", None)
    if payment is not None:
        return reverse("billing:receipt", args=[payment.pk])
    corrected = _CORRECTION_KEY.match(entry.idempotency_key)
    return reverse("billing:receipt", args=[corrected[1]]) if corrected else ""


def _generation_url(generation_id: str) -> str:
    try:
        return reverse("generation:detail", args=[generation_id])
    except NoReverseMatch:
        return ""

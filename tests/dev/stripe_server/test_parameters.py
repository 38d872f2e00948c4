"""Bracket notation, and what the library's types say about each parameter."""

import pytest
from stripe import params

from dev.stripe_server.errors import StripeError
from dev.stripe_server.params import check, decode

SESSION = params.checkout.SessionCreateParams


def test_brackets_become_hashes_and_lists():
    text = "line_items[0][price]=p&line_items[0][quantity]=2&expand[]=line_items&expand[]=customer&metadata[a]=1"

    read = check(decode(text), shape=SESSION)

    assert read == {
        "line_items": [{"price": "p", "quantity": 2}],
        "expand": ["line_items", "customer"],
        "metadata": {"a": "1"},
    }


@pytest.mark.parametrize(
    ("text", "code", "param"),
    [
        ("moed=payment", "parameter_unknown", "moed"),
        ("line_items[0][prise]=p", "parameter_unknown", "line_items[0][prise]"),
        ("customer_update[adress]=auto", "parameter_unknown", "customer_update[adress]"),
        ("automatic_tax[x]=1", "parameter_unknown", "automatic_tax[x]"),
        ("automatic_tax[liability][account]=a", "parameter_missing", "automatic_tax[enabled]"),
        ("expires_at=soon", "parameter_invalid_integer", "expires_at"),
        ("allow_promotion_codes=yes", "parameter_invalid_boolean", "allow_promotion_codes"),
        ("success_url=", "parameter_invalid_empty", "success_url"),
        ("mode=gift", None, "mode"),
        ("mode[a]=payment", None, "mode"),
        ("line_items=p", None, "line_items"),
        ("line_items[a]=p", None, "line_items"),
        ("mode=payment&mode[a]=b", None, "mode[a]"),
    ],
)
def test_what_stripe_refuses_is_refused_by_name(text, code, param):
    with pytest.raises(StripeError) as refusal:
        check(decode(text), shape=SESSION)

    assert (refusal.value.error.get("code"), refusal.value.error["param"]) == (code, param)


def test_an_empty_value_unsets_what_may_be_unset():
    assert check(decode("cancel_at="), shape=params.SubscriptionUpdateParams) == {"cancel_at": ""}
    assert check(decode("metadata[a]="), shape=params.SubscriptionUpdateParams) == {"metadata": {"a": ""}}


def test_a_number_or_a_word_is_taken_where_both_are_known():
    shape = params.SubscriptionUpdateParams

    assert check(decode("trial_end=now"), shape=shape) == {"trial_end": "now"}
    assert check(decode("trial_end=1800000000"), shape=shape) == {"trial_end": 1_800_000_000}

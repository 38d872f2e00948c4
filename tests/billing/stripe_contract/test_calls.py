"""The manners of the API: parameters, keys, lists, and the shapes of what is made at once."""

import time

import pytest
import stripe

pytestmark = pytest.mark.stripe_live


def test_the_same_key_with_the_same_parameters_is_one_call(api, unique):
    key = unique("key")

    first = api.customers.create({"email": "a@example.com"}, {"idempotency_key": key})
    again = api.customers.create({"email": "a@example.com"}, {"idempotency_key": key})

    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert again.last_response.body == first.last_response.body


def test_the_same_key_with_other_parameters_is_refused(api, unique):
    key = unique("key")
    api.customers.create({"email": "a@example.com"}, {"idempotency_key": key})

    with pytest.raises(stripe.IdempotencyError) as refusal:
        api.customers.create({"email": "b@example.com"}, {"idempotency_key": key})

    assert refusal.value.http_status == 400


def test_a_call_that_was_refused_for_its_parameters_can_be_corrected_under_the_same_key(api, unique):
    key = unique("key")
    with pytest.raises(stripe.InvalidRequestError):
        api.customers.create({"emial": "a@example.com"}, {"idempotency_key": key})

    assert api.customers.create({"email": "a@example.com"}, {"idempotency_key": key}).email == "a@example.com"


@pytest.mark.parametrize(
    ("params", "param"),
    [({"nmae": "x"}, "nmae"), ({"invoice_settings": {"default": "x"}}, "invoice_settings[default]")],
)
def test_an_unknown_parameter_is_refused(api, params, param):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.customers.create(params)

    assert (refusal.value.code, refusal.value.http_status) == ("parameter_unknown", 400)
    assert param in str(refusal.value)


def test_a_missing_parameter_is_refused(api):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.prices.create({"unit_amount": 100})

    assert refusal.value.code == "parameter_missing"


def test_an_unknown_id_in_the_address_is_404(api):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.subscriptions.retrieve("sub_nobody")

    assert (refusal.value.code, refusal.value.http_status) == ("resource_missing", 404)


def test_an_unknown_id_in_a_parameter_is_400(api):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.prices.create({"product": "prod_nobody", "currency": "usd", "unit_amount": 100})

    assert (refusal.value.code, refusal.value.http_status) == ("resource_missing", 400)


def test_a_wrong_key_is_401(client):
    wrong = stripe.StripeClient("sk_test_wrong", base_addresses={"api": client._requestor.base_addresses["api"]})

    with pytest.raises(stripe.AuthenticationError) as refusal:
        wrong.v1.customers.list()

    assert refusal.value.http_status == 401


def test_a_product_keeps_the_id_that_it_was_given_and_refuses_it_again(api, unique):
    product_id = unique("plan")
    api.products.create({"id": product_id, "name": "Solo", "metadata": {"plan": "solo"}})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.products.create({"id": product_id, "name": "Solo"})

    assert refusal.value.code == "resource_already_exists"
    assert api.products.retrieve(product_id).metadata["plan"] == "solo"


def test_a_lookup_key_moves_to_the_new_price_only_when_asked(api, make_price, unique):
    key = unique("plan_solo_month")
    old = make_price(lookup_key=key)
    with pytest.raises(stripe.InvalidRequestError):
        make_price(lookup_key=key)

    new = make_price(lookup_key=key, transfer_lookup_key=True, unit_amount=2500)

    found = api.prices.list({"lookup_keys": [key], "expand": ["data.product"]})
    assert [price.id for price in found] == [new.id]
    assert found.data[0].product.name == "Keel contract test"
    assert api.prices.retrieve(old.id).lookup_key is None


def test_an_archived_price_is_found_as_inactive_and_not_sold(api, make_price):
    price = make_price()
    api.prices.update(price.id, {"active": False})

    with pytest.raises(stripe.InvalidRequestError):
        api.checkout.sessions.create(_session(price))

    assert [each.id for each in api.prices.list({"product": price.product, "active": False})] == [price.id]


def test_metadata_is_merged_and_an_empty_value_removes_a_key(api):
    customer = api.customers.create({"metadata": {"a": "1", "b": "2"}})

    api.customers.update(customer.id, {"metadata": {"a": "", "c": "3"}})

    assert api.customers.retrieve(customer.id).metadata.to_dict() == {"b": "2", "c": "3"}


def test_lists_come_newest_first_and_page_on(api, make_price, unique):
    product = api.products.create({"name": "Keel contract test"})
    values = {"product": product.id, "currency": "usd"}
    made = [api.prices.create({**values, "unit_amount": 100 + n}).id for n in range(3)]

    first = api.prices.list({"product": product.id, "limit": 2})
    rest = api.prices.list({"product": product.id, "limit": 2, "starting_after": first.data[-1].id})

    assert (len(first.data), first.has_more, len(rest.data), rest.has_more) == (2, True, 1, False)
    assert {price.id for price in api.prices.list({"product": product.id, "limit": 1}).auto_paging_iter()} == set(made)


def test_a_session_has_what_the_product_reads(api, make_price):
    session = api.checkout.sessions.create(_session(make_price(), client_reference_id="ours", metadata={"a": "b"}))

    assert session.id.startswith("cs_test_")
    assert session.url.startswith("http")
    shown = (session.status, session.payment_status, session.mode, session.amount_total, session.currency)
    assert shown == ("open", "unpaid", "payment", 4000, "usd")
    assert (session.client_reference_id, session.metadata["a"], session.payment_intent) == ("ours", "b", None)
    assert session.expires_at > time.time() + 23 * 3600
    assert api.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]}).line_items.data[0].quantity == 2


def test_a_session_in_a_currency_without_cents_counts_whole_units(api, make_price):
    session = api.checkout.sessions.create(_session(make_price(currency="jpy", unit_amount=1500)))

    assert (session.amount_total, session.currency) == (3000, "jpy")


def test_a_session_sells_no_subscription_in_payment_mode(api, monthly):
    with pytest.raises(stripe.InvalidRequestError, match="recurring"):
        api.checkout.sessions.create(_session(monthly))


def test_an_expired_session_cannot_expire_again(api, make_price):
    session = api.checkout.sessions.create(_session(make_price()))

    assert api.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        api.checkout.sessions.expire(session.id)


def test_automatic_tax_asks_for_an_address_of_the_customer(api, make_price):
    customer = api.customers.create({"email": "a@example.com"})
    taxed = _session(make_price(), customer=customer.id, automatic_tax={"enabled": True})

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.checkout.sessions.create(taxed)

    assert refusal.value.code == "customer_tax_location_invalid"


def test_a_portal_session_has_an_address(api):
    customer = api.customers.create({"email": "a@example.com"})
    features = {"invoice_history": {"enabled": True}, "subscription_cancel": {"enabled": True}}
    configuration = api.billing_portal.configurations.create({"features": features, "metadata": {"keel": "contract"}})

    session = api.billing_portal.sessions.create(
        {"customer": customer.id, "configuration": configuration.id, "return_url": "https://example.com/"}
    )

    assert session.url.startswith("http")
    assert (session.customer, session.return_url) == (customer.id, "https://example.com/")


def _session(price, **values):
    shared = {"mode": "payment", "success_url": "https://example.com/?session={CHECKOUT_SESSION_ID}"}
    return {**shared, "line_items": [{"price": price.id, "quantity": 2}], **values}

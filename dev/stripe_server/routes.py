"""Every call that the stand-in answers: address, the library's type for its parameters, and who answers."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from stripe import params
from stripe.params import billing, billing_portal, checkout, test_helpers

from dev.stripe_server.call import Call
from dev.stripe_server.errors import StripeError
from dev.stripe_server.listing import Matches, list_of
from dev.stripe_server.resources import (
    checkout as sessions,
)
from dev.stripe_server.resources import (
    collection,
    coupons,
    customers,
    events,
    invoices,
    meters,
    payments,
    portal,
    products,
    refunds,
    subscriptions,
    test_clocks,
)
from dev.stripe_server.shapes import Object

Answer = Callable[[Call], Object]


@dataclass(frozen=True)
class Route:
    """One call of the API."""

    method: str
    address: str
    shape: type
    answer: Answer
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.address.replace("{id}", "([^/]+)")))


def find_route(*, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    """Return the route of a call and the ids in its address. Raises StripeError."""
    for route in ROUTES:
        if route.method == method and (found := route.pattern.fullmatch(path)):
            return route, found.groups()
    message = f"Unrecognized request URL ({method}: {path}). The stand-in answers only the calls in routes.py."
    raise StripeError(message, status=404)


def _retrieve(kind: str, call: Call) -> Object:
    return call.world.get(kind, call.id)


def _get(address: str, shape: type, kind: str) -> Route:
    return Route("GET", f"/v1/{address}/{{id}}", shape, partial(_retrieve, kind))


def _list(address: str, shape: type, kind: str, **filters: Matches) -> Route:
    return Route("GET", f"/v1/{address}", shape, list_of(kind, **filters))


def _post(address: str, shape: type, answer: Answer) -> Route:
    return Route("POST", f"/v1/{address}", shape, answer)


def _is_in(name: str) -> Matches:
    def matches(found: Object, value: Any) -> bool:
        return found[name] in value

    return matches


ROUTES = [
    _post("products", params.ProductCreateParams, products.create_product),
    _get("products", params.ProductRetrieveParams, "product"),
    _post("products/{id}", params.ProductUpdateParams, products.update_product),
    _list("products", params.ProductListParams, "product", ids=_is_in("id")),
    _post("prices", params.PriceCreateParams, products.create_price),
    _get("prices", params.PriceRetrieveParams, "price"),
    _post("prices/{id}", params.PriceUpdateParams, products.update_price),
    _list(
        "prices",
        params.PriceListParams,
        "price",
        lookup_keys=_is_in("lookup_key"),
        type=products.has_price_type,
        recurring=products.has_recurring,
    ),
    _post("customers", params.CustomerCreateParams, customers.create),
    Route("GET", "/v1/customers/{id}", params.CustomerRetrieveParams, customers.retrieve),
    _post("customers/{id}", params.CustomerUpdateParams, customers.update),
    Route("DELETE", "/v1/customers/{id}", params.CustomerDeleteParams, subscriptions.delete_customer),
    Route("GET", "/v1/customers", params.CustomerListParams, customers.list_existing),
    _get("payment_methods", params.PaymentMethodRetrieveParams, "payment_method"),
    _post("payment_methods/{id}", params.PaymentMethodUpdateParams, customers.update_method),
    _post("payment_methods/{id}/attach", params.PaymentMethodAttachParams, customers.attach),
    _post("payment_methods/{id}/detach", params.PaymentMethodDetachParams, customers.detach),
    _list("payment_methods", params.PaymentMethodListParams, "payment_method"),
    _post("checkout/sessions", checkout.SessionCreateParams, sessions.create),
    _get("checkout/sessions", checkout.SessionRetrieveParams, sessions.KIND),
    _post("checkout/sessions/{id}", checkout.SessionUpdateParams, sessions.update),
    _post("checkout/sessions/{id}/expire", checkout.SessionExpireParams, sessions.expire_call),
    Route(
        "GET",
        "/v1/checkout/sessions/{id}/line_items",
        checkout.SessionListLineItemsParams,
        sessions.list_line_items,
    ),
    _list("checkout/sessions", checkout.SessionListParams, sessions.KIND, customer_details=sessions.is_of_email),
    _post("billing_portal/sessions", billing_portal.SessionCreateParams, portal.create_session),
    _post("billing_portal/configurations", billing_portal.ConfigurationCreateParams, portal.create_configuration),
    _get("billing_portal/configurations", billing_portal.ConfigurationRetrieveParams, portal.KIND),
    _post("billing_portal/configurations/{id}", billing_portal.ConfigurationUpdateParams, portal.update_configuration),
    _list("billing_portal/configurations", billing_portal.ConfigurationListParams, portal.KIND),
    _post("subscriptions", params.SubscriptionCreateParams, subscriptions.create),
    _get("subscriptions", params.SubscriptionRetrieveParams, "subscription"),
    _post("subscriptions/{id}", params.SubscriptionUpdateParams, subscriptions.update),
    Route("DELETE", "/v1/subscriptions/{id}", params.SubscriptionCancelParams, subscriptions.cancel),
    Route("GET", "/v1/subscriptions", params.SubscriptionListParams, subscriptions.list_alive),
    _get("invoices", params.InvoiceRetrieveParams, "invoice"),
    _post("invoices/{id}/pay", params.InvoicePayParams, collection.pay_call),
    _post("invoices/{id}/finalize", params.InvoiceFinalizeInvoiceParams, collection.finalize_call),
    _post("invoices/{id}/void", params.InvoiceVoidInvoiceParams, collection.void_call),
    _list("invoices", params.InvoiceListParams, "invoice", subscription=invoices.is_of_subscription),
    _get("invoice_payments", params.InvoicePaymentRetrieveParams, "invoice_payment"),
    _list("invoice_payments", params.InvoicePaymentListParams, "invoice_payment", payment=invoices.has_payment),
    _post("payment_intents", params.PaymentIntentCreateParams, payments.create),
    _get("payment_intents", params.PaymentIntentRetrieveParams, "payment_intent"),
    _post("payment_intents/{id}", params.PaymentIntentUpdateParams, payments.update),
    _post("payment_intents/{id}/cancel", params.PaymentIntentCancelParams, payments.cancel),
    _list("payment_intents", params.PaymentIntentListParams, "payment_intent"),
    _get("charges", params.ChargeRetrieveParams, "charge"),
    _list("charges", params.ChargeListParams, "charge"),
    _get("balance_transactions", params.BalanceTransactionRetrieveParams, "balance_transaction"),
    _list("balance_transactions", params.BalanceTransactionListParams, "balance_transaction"),
    _post("refunds", params.RefundCreateParams, refunds.create),
    _get("refunds", params.RefundRetrieveParams, "refund"),
    _post("refunds/{id}", params.RefundUpdateParams, refunds.update),
    _list("refunds", params.RefundListParams, "refund"),
    _get("disputes", params.DisputeRetrieveParams, "dispute"),
    _list("disputes", params.DisputeListParams, "dispute"),
    _get("events", params.EventRetrieveParams, "event"),
    _list("events", params.EventListParams, "event", type=events.is_type, types=events.is_one_of),
    _post("coupons", params.CouponCreateParams, coupons.create),
    _get("coupons", params.CouponRetrieveParams, "coupon"),
    _list("coupons", params.CouponListParams, "coupon"),
    _post("promotion_codes", params.PromotionCodeCreateParams, coupons.create_promotion_code),
    _get("promotion_codes", params.PromotionCodeRetrieveParams, "promotion_code"),
    _post("promotion_codes/{id}", params.PromotionCodeUpdateParams, coupons.update_promotion_code),
    _list(
        "promotion_codes",
        params.PromotionCodeListParams,
        "promotion_code",
        code=coupons.is_code,
        coupon=coupons.is_of_coupon,
    ),
    _post("billing/meters", billing.MeterCreateParams, meters.create),
    _get("billing/meters", billing.MeterRetrieveParams, meters.KIND),
    _post("billing/meters/{id}", billing.MeterUpdateParams, meters.update),
    _list("billing/meters", billing.MeterListParams, meters.KIND),
    _post("billing/meter_events", billing.MeterEventCreateParams, meters.create_event),
    Route(
        "GET",
        "/v1/billing/meters/{id}/event_summaries",
        billing.MeterListEventSummariesParams,
        meters.list_summaries,
    ),
    _post("test_helpers/test_clocks", test_helpers.TestClockCreateParams, test_clocks.create),
    _get("test_helpers/test_clocks", test_helpers.TestClockRetrieveParams, test_clocks.KIND),
    _list("test_helpers/test_clocks", test_helpers.TestClockListParams, test_clocks.KIND),
    _post("test_helpers/test_clocks/{id}/advance", test_helpers.TestClockAdvanceParams, test_clocks.advance),
    Route("DELETE", "/v1/test_helpers/test_clocks/{id}", test_helpers.TestClockDeleteParams, test_clocks.delete),
]

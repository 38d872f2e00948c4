"""The tables of the counting house: credits, what is sold for money, what Stripe tells, and what customers allow."""

from apps.billing.models.credits import KEY_LENGTH_MAX, CreditAccount, CreditGrant, Hold, LedgerEntry
from apps.billing.models.events import Reconciliation, Watermark, WebhookEvent
from apps.billing.models.former_addresses import FormerAddress
from apps.billing.models.sales import CheckoutSession, Customer, Invoice, Payment, Subscription
from apps.billing.models.spending import OverageReport, SpendingRules, TopUp

__all__ = [
    "KEY_LENGTH_MAX",
    "CheckoutSession",
    "CreditAccount",
    "CreditGrant",
    "Customer",
    "FormerAddress",
    "Hold",
    "Invoice",
    "LedgerEntry",
    "OverageReport",
    "Payment",
    "Reconciliation",
    "SpendingRules",
    "Subscription",
    "TopUp",
    "Watermark",
    "WebhookEvent",
]

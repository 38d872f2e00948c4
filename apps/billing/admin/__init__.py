"""The counting house as staff see it: to read, with three acts: adjust credits, refund a payment, replay an event."""

from apps.billing.admin.credits import CreditAccountAdmin, CreditGrantAdmin, HoldAdmin, LedgerEntryAdmin
from apps.billing.admin.events import ReconciliationAdmin, WebhookEventAdmin
from apps.billing.admin.payments import PaymentAdmin
from apps.billing.admin.sales import CheckoutSessionAdmin, CustomerAdmin, InvoiceAdmin, SubscriptionAdmin
from apps.billing.admin.spending import OverageReportAdmin, SpendingRulesAdmin, TopUpAdmin

__all__ = [
    "CheckoutSessionAdmin",
    "CreditAccountAdmin",
    "CreditGrantAdmin",
    "CustomerAdmin",
    "HoldAdmin",
    "InvoiceAdmin",
    "LedgerEntryAdmin",
    "OverageReportAdmin",
    "PaymentAdmin",
    "ReconciliationAdmin",
    "SpendingRulesAdmin",
    "SubscriptionAdmin",
    "TopUpAdmin",
    "WebhookEventAdmin",
]

"""One refund form that arrives five times at once returns the money once and leaves one trace."""

from apps.billing import payments, refunds
from apps.billing.models import Payment
from apps.billing.prove import prove
from apps.billing.stripe_client import StripeUnavailableError
from apps.core.models import AuditEntry
from tests.billing.parallel import in_threads


def test_the_same_form_five_times_at_once_refunds_once(committed_db, shopper):
    payment = shopper.buy_pack("small")

    def send() -> None:
        asked = Payment.objects.get(pk=payment.pk)
        refunds.refund(payment=asked, amount=200, key="one-form", actor="user:1", reason="An apology")

    answers = in_threads([send] * 5)

    # While the first is under way at Stripe, the others are asked to try again: with the same key, so nothing is lost.
    assert None in answers
    assert {type(answer) for answer in answers} <= {type(None), StripeUnavailableError}
    payments.sync_payment(payment.stripe_payment_intent_id or "")
    assert [refund.amount for refund in shopper.stripe.client.v1.refunds.list().data] == [200]
    assert Payment.objects.get().credits_taken_back == 2_000
    assert AuditEntry.objects.filter(action="payment_refunded").count() == 1
    assert prove() == []

"""Step 1 of a payment: Stripe's deliveries, checked byte for byte, written down, and answered at once."""

import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.billing import events, stripe_client, tasks
from apps.core.errors import DomainError
from apps.core.ringing import ring_on_commit

# Far above any event of Stripe's.
BODY_BYTES_MAX = 256 * 1024


class DeliveryTooLargeError(DomainError):
    """A delivery is larger than any event can be."""

    code = "too_large"
    status = 413
    sentence = "This delivery is too large to be an event."


@csrf_exempt
@login_not_required
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Record a signed delivery; 2xx means that it is stored, and nothing more. 404 where no secret is configured."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise Http404
    if request.content_type != "application/json":
        raise stripe_client.MalformedEventError
    body = request.read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        raise DeliveryTooLargeError
    signature = request.headers.get("Stripe-Signature", "")
    recorded = events.record_event(stripe_client.construct_event(body=body, signature=signature, now=time.time()))
    if recorded.is_waiting:
        ring_on_commit(tasks.process_event, event_id=str(recorded.event_id))
    return HttpResponse(status=204)

"""What billing listens to: a confirmed address brings the welcome credits and the welcome mail, once."""

from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.models import Workspace
from apps.accounts.selectors import find_personal_workspace, has_had_another
from apps.accounts.services import ensure_personal_workspace
from apps.billing import ledger, welcome
from apps.billing.models import CreditGrant
from apps.core import mailing
from apps.core.db import system_scope
from apps.core.origin import current_origin

logger = structlog.get_logger(__name__)


@receiver(email_confirmed)
def grant_sign_up_credits(email_address: EmailAddress, request: HttpRequest | None = None, **later: Any) -> None:
    """Grant SIGN_UP_GRANT_CREDITS to the user's own workspace; a second confirmed address brings nothing.

    Nor does a second workspace of their own, after the first has become a team. Who gets none for another reason
    (welcome.py) reads why on the next page.
    """
    if not settings.SIGN_UP_GRANT_CREDITS:
        return
    with system_scope():
        workspace = ensure_personal_workspace(user=email_address.user)
        if has_had_another(email_address.user, workspace=workspace) or _given(workspace).exists():
            return
        caller = current_origin().address
        obstacle = welcome.find_obstacle(email_address.email, caller=caller, at=timezone.now())
        if obstacle is None:
            ledger.grant(
                workspace_id=workspace.pk,
                amount_credits=settings.SIGN_UP_GRANT_CREDITS,
                source=CreditGrant.Source.SIGN_UP,
                idempotency_key="sign-up",
            )
    if obstacle is not None:
        logger.info("sign_up_grant_withheld", workspace_id=str(workspace.pk), reason=str(obstacle))
        if request is not None:
            messages.info(request, str(obstacle))


@receiver(email_confirmed)
def send_welcome_mail(email_address: EmailAddress, **later: Any) -> None:
    """Say what to do first, in the transaction of the confirmation; once per person, whatever they confirm later."""
    user = email_address.user
    with system_scope():
        workspace = find_personal_workspace(user)
        given = _given(workspace).first() if workspace else None
    mailing.send(
        key=f"welcome:{user.pk}",
        to=email_address.email,
        template="mail/welcome.html",
        credits=given.amount if given else 0,
    )


def _given(workspace: Workspace) -> QuerySet[CreditGrant]:
    """Return the welcome credits that a workspace got, if any."""
    return CreditGrant.objects.filter(account__workspace=workspace, source=CreditGrant.Source.SIGN_UP)

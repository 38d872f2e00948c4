"""What billing listens to: a confirmed address brings the welcome credits and the welcome mail, once."""

from typing import Any

import structlog
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.conf import settings
from django.dispatch import receiver

from apps.accounts.selectors import has_had_another
from apps.accounts.services import ensure_personal_workspace
from apps.billing import former_addresses, ledger
from apps.billing.models import CreditGrant
from apps.core import mailing
from apps.core.db import system_scope

logger = structlog.get_logger(__name__)


@receiver(email_confirmed)
def grant_sign_up_credits(email_address: EmailAddress, **later: Any) -> None:
    """Grant SIGN_UP_GRANT_CREDITS to the user's own workspace; a second confirmed address brings nothing.

    Nor does a second workspace of their own, after the first has become a team, nor an address that had its welcome in
    an account that was deleted.
    """
    if not settings.SIGN_UP_GRANT_CREDITS:
        return
    with system_scope():
        workspace = ensure_personal_workspace(user=email_address.user)
        if has_had_another(email_address.user, workspace=workspace) or former_addresses.is_known(email_address.email):
            return
        try:
            ledger.grant(
                workspace_id=workspace.pk,
                amount_credits=settings.SIGN_UP_GRANT_CREDITS,
                source=CreditGrant.Source.SIGN_UP,
                idempotency_key="sign-up",
            )
        except ledger.IdempotencyConflictError:
            # The welcome was another amount when it was given.
            logger.info("sign_up_grant_given_before", workspace_id=str(workspace.pk))


@receiver(email_confirmed)
def send_welcome_mail(email_address: EmailAddress, **later: Any) -> None:
    """Say what to do first, in the transaction of the confirmation; once per person, whatever they confirm later."""
    user = email_address.user
    mailing.send(
        key=f"welcome:{user.pk}",
        to=email_address.email,
        template="mail/welcome.html",
        credits=settings.SIGN_UP_GRANT_CREDITS,
    )

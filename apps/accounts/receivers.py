"""What a login and a logout mean for the list of a person's sessions, and what the audit log says of their ways in."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import (
    authentication_step_completed,
    email_changed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset, authenticator_used
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import Signal, receiver
from django.http import HttpRequest

from apps.accounts import impersonation, sessions
from apps.accounts.models import User
from apps.core import audit
from apps.core.db import system_scope


@receiver(user_logged_in)
def note_login(sender: type, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """List the new session, whichever door it came through."""
    sessions.note_session(request=request, user=user)


@receiver(user_logged_out)
def forget_logout(sender: type, request: HttpRequest, **kwargs: Any) -> None:
    """Take the session off the list before it is emptied; who acted as a customer stops it."""
    impersonation.stop(request.session)
    sessions.forget_session(request.session.session_key)


@receiver(password_changed)
@receiver(password_set)
@receiver(password_reset)
def record_new_password(sender: type, request: HttpRequest, user: User, signal: Signal, **kwargs: Any) -> None:
    """Write down that a person has a new password, and how they came to it."""
    actions = {password_changed: "password_changed", password_set: "password_set", password_reset: "password_reset"}
    _record(user, actions[signal])


@receiver(email_changed)
def record_new_address(sender: type, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Write down that a person has another address; not which: the log is never erased."""
    _record(user, "email_changed")


@receiver(authentication_step_completed)
def forget_the_password_of_a_stranger(sender: type, method: str, user: User, **kwargs: Any) -> None:
    """Drop a password that was chosen before the address was confirmed, when a mailed code confirms it.

    Whoever signed up with somebody else's address would otherwise share the account with its owner.
    """
    if method != "code" or EmailAddress.objects.filter(user=user, verified=True).exists():
        return
    user.set_unusable_password()
    user.save(update_fields=["password"])


@receiver(authenticator_added)
def record_added_factor(sender: type, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down that a person has a new factor."""
    _record(user, "login_factor_added", kind=authenticator.type)


@receiver(authenticator_removed)
def record_removed_factor(sender: type, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down that a person has one factor less."""
    _record(user, "login_factor_removed", kind=authenticator.type)


@receiver(authenticator_reset)
def record_new_recovery_codes(sender: type, user: User, **kwargs: Any) -> None:
    """Write down that a person has new recovery codes."""
    _record(user, "recovery_codes_renewed")


@receiver(authenticator_used)
def record_used_recovery_code(sender: type, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Write down that a recovery code was used: a rare thing, and the first that a thief would try."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        _record(user, "recovery_code_used")


@receiver(social_account_added)
def record_connection(sender: type, sociallogin: SocialLogin, **kwargs: Any) -> None:
    """Write down that an account elsewhere lets a person in from now on."""
    _record(sociallogin.user, "connection_added", provider=sociallogin.account.provider)


@receiver(social_account_removed)
def record_disconnection(sender: type, socialaccount: SocialAccount, **kwargs: Any) -> None:
    """Write down that it does no more."""
    _record(socialaccount.user, "connection_removed", provider=socialaccount.provider)


def _record(user: User, action: str, **details: str) -> None:
    with system_scope():
        audit.record(actor=f"user:{user.pk}", action=action, subject=f"user:{user.pk}", **details)

"""What a login and a logout mean for the list of a person's sessions."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from apps.accounts import sessions
from apps.accounts.models import User


@receiver(user_logged_in)
def note_login(sender: type, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """List the new session, whichever door it came through."""
    sessions.note_session(request=request, user=user)


@receiver(user_logged_out)
def forget_logout(sender: type, request: HttpRequest, **kwargs: Any) -> None:
    """Take the session off the list before it is emptied."""
    sessions.forget_session(request.session.session_key)

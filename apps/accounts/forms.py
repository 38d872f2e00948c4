"""The sign-up form: user, address, workspace and membership appear together or not at all."""

from typing import Any

from allauth.account.forms import SignupForm
from django.db import IntegrityError
from django.http import HttpRequest

from apps.accounts import services
from apps.accounts.models import User
from apps.core.db import system_scope


class SignUpForm(SignupForm):  # type: ignore[misc]
    """allauth's form, in one transaction that also makes the personal workspace."""

    def try_save(self, request: HttpRequest) -> tuple[User | None, Any]:
        """Save the user, or answer as if it had been saved when the address is taken (nobody learns who is here)."""
        try:
            user, response = super().try_save(request)
        except IntegrityError:
            # Two sign-ups with one address at once: the second lost, after the form had found the address free.
            self.account_already_exists = True
            user, response = super().try_save(request)
        return user, response

    def save(self, request: HttpRequest) -> User:
        """Save user, address, workspace and membership, all or none."""
        with system_scope():
            user: User = super().save(request)
            services.create_personal_workspace(user=user)
        return user

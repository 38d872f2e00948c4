"""What a person agrees to before any text of theirs leaves for the AI provider: which words, since when, until when.

Who raises VERSION asks everybody again, before their next run. Programs act in the name of the person who made their
key, and need that person's consent.
"""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ProviderConsent, User
from apps.core.db import system_scope
from apps.core.errors import DomainError

# The words, and their number: change both together, and what templates/pages/legal/ai.html says in full.
VERSION = 2
SENTENCE = _("The text you enter is sent to our AI provider, which writes the answer.")


class ConsentRequiredError(DomainError):
    """The person has not agreed that their text is sent to the provider, or not to the words of today."""

    code = "consent_required"
    status = 403
    sentence = _(
        "Nothing was sent: please agree first that your text goes to our AI provider, where you generate or under"
        " Settings, Your data."
    )


def give(*, user: User) -> None:
    """Write down that a person agrees to the words of today; again changes nothing."""
    with system_scope():
        # One after the other: two sends of one form agree once.
        locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if locked.consent_version == VERSION:
            return
        _end_standing(user)
        ProviderConsent.objects.create(user=user, version=VERSION, given_at=timezone.now())
        User.objects.filter(pk=user.pk).update(consent_version=VERSION)
    user.consent_version = VERSION


def withdraw(*, user: User) -> bool:
    """Take it back: no run starts from now on. Return False if nothing was agreed to."""
    with system_scope():
        if not User.objects.filter(pk=user.pk, consent_version__gt=0).update(consent_version=0):
            return False
        _end_standing(user)
    user.consent_version = 0
    return True


def is_given(user: User) -> bool:
    """Tell whether a person agrees to the words of today."""
    return user.consent_version == VERSION


def require(user: User) -> None:
    """Raise ConsentRequiredError unless a person agrees to the words of today."""
    if not is_given(user):
        raise ConsentRequiredError


def find_standing(user: User) -> ProviderConsent | None:
    """Return what a person agrees to now."""
    return ProviderConsent.objects.filter(user=user, withdrawn_at=None).order_by("-version").first()


def _end_standing(user: User) -> None:
    ProviderConsent.objects.filter(user=user, withdrawn_at=None).update(withdrawn_at=timezone.now())

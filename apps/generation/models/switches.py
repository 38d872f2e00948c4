"""What staff have stopped, and what only some people are offered: django-waffle's switches and flags, made our own."""

import hashlib

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import MaxValueValidator
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from waffle.models import AbstractBaseSwitch, AbstractUserFlag

from apps.generation import shown_cache

NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 300


class Switch(AbstractBaseSwitch):
    """Something that staff have stopped: while its row is active, no model is called for it (switches.py).

    No row means that nobody has stopped it, so a database that answers always knows; waffle's cache is not used.
    """

    name = models.CharField(_("what"), max_length=NAME_LENGTH_MAX, unique=True)
    active = models.BooleanField(_("stopped"), default=False, help_text=_("Nothing new is started while this is on."))
    stops_running = models.BooleanField(
        _("also what runs"),
        default=False,
        help_text=_("What is being written ends within two seconds. What was written is kept, and charged."),
    )
    reason = models.CharField(
        _("reason"),
        max_length=REASON_LENGTH_MAX,
        blank=True,
        help_text=_("One or two sentences. Everybody whom it concerns reads them."),
    )

    # As what pages keep it for seconds (shown_cache.py).
    SHOWN_AS = "stops"

    class Meta:
        verbose_name = _("kill switch")
        verbose_name_plural = _("kill switches")

    def flush(self) -> None:
        """Let pages ask again: waffle calls this after each change has been committed."""
        shown_cache.forget(self.SHOWN_AS)


class Flag(AbstractUserFlag):
    """Something that only some people are offered for now (rollouts.py): the same ones on every page.

    No row means that it is offered to everybody.
    """

    name = models.CharField(_("what"), max_length=NAME_LENGTH_MAX, unique=True)
    # Whole percents, where waffle has a decimal.
    percent = models.PositiveSmallIntegerField(  # type: ignore[assignment]
        _("percent"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text=_("So many of a hundred people, always the same ones; raising it takes it from nobody."),
    )

    SHOWN_AS = "rollouts"

    class Meta:
        verbose_name = _("gradual rollout")
        verbose_name_plural = _("gradual rollouts")
        constraints = [models.CheckConstraint(condition=models.Q(percent__lte=100), name="flag_percent_of_a_hundred")]

    def flush(self) -> None:
        """Let pages ask again, as with a switch; also called where people or groups come and go."""
        shown_cache.forget(self.SHOWN_AS)

    def is_active_for_user(self, user: AbstractBaseUser) -> bool | None:
        """Tell whether a person is offered it: by name, by group, or by their place among the percents."""
        return super().is_active_for_user(user) or (self.everyone is None and self.has_in_percent(user.pk))

    def has_in_percent(self, user_id: int | None) -> bool:
        """Tell whether a person is among the percents: always the same ones, and nobody leaves when there are more."""
        if not self.percent or user_id is None:
            return False
        place = int.from_bytes(hashlib.sha256(f"{self.name}:{user_id}".encode()).digest()[:8])
        return place % 100 < self.percent

    def _is_active_for_percent(self, request: HttpRequest, read_only: bool) -> bool | None:
        # Waffle throws dice and keeps the answer in a cookie, which programs and batches have not.
        return None

"""For how long a workspace keeps its texts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace


class RetentionPolicy(models.Model):
    """For how long a workspace keeps its texts; without a row it keeps them."""

    class Action(models.TextChoices):
        KEEP = "keep", _("Keep them")
        HASH = "hash", _("Replace them by fingerprints")
        DELETE = "delete", _("Empty them")

    DAYS_MIN, DAYS_MAX, DAYS_DEFAULT = 1, 3650, 90
    app_role_privileges = "SELECT, INSERT, UPDATE"

    workspace = models.OneToOneField(
        Workspace, on_delete=models.PROTECT, primary_key=True, related_name="retention_policy"
    )
    action = models.CharField(_("what becomes of older texts"), max_length=6, choices=Action, default=Action.KEEP)
    days = models.PositiveSmallIntegerField(_("after so many days"), default=DAYS_DEFAULT)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("retention policy")
        verbose_name_plural = _("retention policies")
        constraints = [
            models.CheckConstraint(condition=Q(action__in=["keep", "hash", "delete"]), name="retention_action_known"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=3650), name="retention_days_within_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.action} after {self.days} days"

"""For how long a workspace keeps its texts."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiKey, Workspace
from apps.billing.models import Hold
from apps.core.ids import uuid7
from apps.generation.search import GenerationDocument, TitleDocument
from apps.usage.rating import Confidence


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

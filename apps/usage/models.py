"""Usage records, and the rollups that are kept from them: per workspace while settling, over all customers by a job."""

from uuid import UUID

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.core.ids import uuid7
from apps.usage.rating import Confidence

MODEL_LENGTH_MAX = 128
RATE_COLUMNS = (
    "input_credits",
    "cached_input_credits",
    "output_credits",
    "input_cost_usd_micros",
    "cached_input_cost_usd_micros",
    "output_cost_usd_micros",
)
COUNTS = ("records", "input_tokens", "cached_input_tokens", "output_tokens", "charged_credits", "cost_usd_micros")
# In the uniqueness of a rollup, what stands for "without an API key".
NO_KEY = UUID(int=0)


class UsageRecord(models.Model):
    """One attempt: who, provider, model, tokens, the rate as it was, credits, cost. Never changed, never deleted.

    `charged_credits` are credits that were really captured; summed over a subject they are its capture entry.
    """

    # The user is taken off when their account is erased, nothing else ever changes.
    app_role_privileges = "SELECT, INSERT, UPDATE (user_id)"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="usage_records", db_index=False, verbose_name=_("workspace")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="usage_records",
        verbose_name=_("user"),
    )
    key = models.CharField(_("business key"), max_length=64)
    feature = models.CharField(_("feature"), max_length=64)
    subject_id = models.UUIDField(_("subject"))
    template = models.CharField(_("template"), max_length=100, blank=True)
    template_version = models.IntegerField(_("version of the template"), null=True, blank=True)
    # No foreign key: records never change, and a key may be erased with its person.
    api_key_id = models.UUIDField(_("API key"), null=True, blank=True)
    # The last attempt of what was asked for: counted, these are the calls, however many attempts they took.
    ends_call = models.BooleanField(_("last attempt of its call"), default=False, db_default=False)
    duration_ms = models.IntegerField(_("duration (ms)"), null=True, blank=True)
    provider = models.CharField(_("provider"), max_length=64)
    request_model = models.CharField(_("model asked"), max_length=MODEL_LENGTH_MAX)
    response_model = models.CharField(_("model that answered"), max_length=MODEL_LENGTH_MAX, blank=True)
    input_tokens = models.BigIntegerField(_("input tokens"))
    cached_input_tokens = models.BigIntegerField(_("cached input tokens"))
    output_tokens = models.BigIntegerField(_("output tokens"))
    confidence = models.CharField(_("confidence"), max_length=9, choices=Confidence)
    # The rate as it was, per million tokens.
    rate_model = models.CharField(_("rate of"), max_length=MODEL_LENGTH_MAX)
    rate_effective_from = models.DateField(_("rate from"))
    rate_input_credits = models.BigIntegerField(_("rate: input credits"))
    rate_cached_input_credits = models.BigIntegerField(_("rate: cached input credits"))
    rate_output_credits = models.BigIntegerField(_("rate: output credits"))
    rate_input_cost_usd_micros = models.BigIntegerField(_("rate: input cost"))
    rate_cached_input_cost_usd_micros = models.BigIntegerField(_("rate: cached input cost"))
    rate_output_cost_usd_micros = models.BigIntegerField(_("rate: output cost"))
    microcredits = models.BigIntegerField(_("microcredits"))
    charged_credits = models.BigIntegerField(_("charged credits"))
    capped = models.BooleanField(_("usage was above the hold"))
    cost_usd_micros = models.BigIntegerField(_("cost in USD micros"))
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("usage record")
        verbose_name_plural = _("usage records")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="usage_record_key_once"),
            models.CheckConstraint(condition=~Q(key=""), name="usage_record_key_given"),
            models.CheckConstraint(
                condition=Q(confidence__in=["exact", "estimated", "unknown"]), name="usage_record_confidence_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    input_tokens__gte=0,
                    cached_input_tokens__gte=0,
                    cached_input_tokens__lte=F("input_tokens"),
                    output_tokens__gte=0,
                ),
                name="usage_record_tokens_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(**{f"rate_{column}__gte": 0 for column in RATE_COLUMNS}),
                name="usage_record_rate_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(microcredits__gte=0, charged_credits__gte=0, cost_usd_micros__gte=0),
                name="usage_record_amounts_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(template_version__gte=1, duration_ms__gte=0), name="usage_record_details_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="usage_record_of_workspace"),
            models.Index(fields=["subject_id"], name="usage_record_subject"),
            models.Index(fields=["request_id"], name="usage_record_request"),
        ]
        triggers = [
            pgtrigger.Protect(name="usage_record_kept", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="usage_record_unchanged", exclude=["user"]),
            pgtrigger.Protect(
                name="usage_record_user_taken_off",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__user__isnull=False, new__user__df=pgtrigger.F("old__user")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request_model}: {self.input_tokens} + {self.output_tokens} tokens"


class Counts(models.Model):
    """What every rollup adds up."""

    records = models.BigIntegerField(_("records"))
    input_tokens = models.BigIntegerField(_("input tokens"))
    cached_input_tokens = models.BigIntegerField(_("cached input tokens"))
    output_tokens = models.BigIntegerField(_("output tokens"))
    charged_credits = models.BigIntegerField(_("charged credits"))
    cost_usd_micros = models.BigIntegerField(_("cost in USD micros"))

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(**{f"{count}__gte": 0 for count in COUNTS}), name="%(class)s_counts_not_negative"
            ),
        ]


class DailyUsage(Counts):
    """One workspace's usage of a model for a template on a day (UTC); kept by the transaction that settles."""

    app_role_privileges = "SELECT, INSERT, UPDATE"

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="daily_usage", db_index=False, verbose_name=_("workspace")
    )
    day = models.DateField(_("day"))
    model = models.CharField(_("model"), max_length=MODEL_LENGTH_MAX)
    template = models.CharField(_("template"), max_length=100, blank=True)

    class Meta(Counts.Meta):
        verbose_name = _("daily usage")
        verbose_name_plural = _("daily usage")
        constraints = [
            *Counts.Meta.constraints,
            models.UniqueConstraint(fields=["workspace", "day", "model", "template"], name="daily_usage_once"),
        ]
        indexes = [models.Index(fields=["day"], name="daily_usage_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.model}: {self.charged_credits}"


class MemberUsage(Counts):
    """One person's usage of a model for a template, by one API key or by none, on a day (UTC); kept while settling.

    Where the person was erased, rows that were different people's stay apart, since NULL equals nothing.
    """

    app_role_privileges = "SELECT, INSERT, UPDATE"

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, related_name="member_usage", db_index=False, verbose_name=_("workspace")
    )
    day = models.DateField(_("day"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", verbose_name=_("user")
    )
    api_key_id = models.UUIDField(_("API key"), null=True, blank=True)
    model = models.CharField(_("model"), max_length=MODEL_LENGTH_MAX)
    template = models.CharField(_("template"), max_length=100, blank=True)
    calls = models.BigIntegerField(_("calls"))
    duration_ms = models.BigIntegerField(_("duration (ms)"))

    class Meta(Counts.Meta):
        verbose_name = _("member usage")
        verbose_name_plural = _("member usage")
        constraints = [
            *Counts.Meta.constraints,
            models.CheckConstraint(condition=Q(calls__gte=0, duration_ms__gte=0), name="member_usage_not_negative"),
            # Also the index of a workspace's days.
            models.UniqueConstraint(
                F("workspace"),
                F("day"),
                F("user"),
                Coalesce("api_key_id", Value(NO_KEY)),
                F("model"),
                F("template"),
                name="member_usage_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}: {self.charged_credits}"


class DailyTotal(Counts):
    """All customers' usage of a model on a day (UTC); written by a job alone, never in a money transaction."""

    app_role_privileges = "SELECT, INSERT, UPDATE"

    day = models.DateField(_("day"))
    model = models.CharField(_("model"), max_length=MODEL_LENGTH_MAX)

    class Meta(Counts.Meta):
        verbose_name = _("daily total")
        verbose_name_plural = _("daily totals")
        constraints = [
            *Counts.Meta.constraints,
            models.UniqueConstraint(fields=["day", "model"], name="daily_total_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}: {self.charged_credits}"

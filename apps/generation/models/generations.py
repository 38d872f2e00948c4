"""Conversations, the generations in them, and how many a workspace has started."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import ApiKey, Workspace
from apps.billing.models import Hold
from apps.core.ids import uuid7
from apps.generation.models.templates import PromptTemplateVersion
from apps.generation.search import GenerationDocument, TitleDocument

STOP_REASON_LENGTH_MAX = 500


class Conversation(models.Model):
    """A thread of generations that belong together."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="conversations")
    title = models.CharField(_("title"), max_length=120)
    tags = ArrayField(models.CharField(max_length=32), verbose_name=_("tags"), default=list, db_default=[], blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    renamed_at = models.DateTimeField(_("renamed at"), null=True, blank=True)
    pinned_at = models.DateTimeField(_("pinned at"), null=True, blank=True)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        # Each holds the few that a person has marked.
        indexes = [
            models.Index(fields=["workspace"], name="conversation_tagged", condition=~Q(tags=[])),
            models.Index(fields=["workspace"], name="conversation_pinned", condition=Q(pinned_at__isnull=False)),
            models.Index(fields=["workspace"], name="conversation_archived", condition=Q(archived_at__isnull=False)),
            GinIndex(
                TitleDocument(),
                name="conversation_title_search",
                fastupdate=False,
                condition=Q(renamed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Generation(models.Model):
    """One run of a model for a user: input, output, status. Each change of status is one conditional UPDATE."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELED = "canceled", _("Canceled")

    TERMINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELED})

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="generations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="generations")
    # With which key a program has started it. Without an index of its own: the one below serves both.
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.SET_NULL, null=True, blank=True, db_index=False, related_name="generations"
    )
    conversation = models.ForeignKey(Conversation, on_delete=models.PROTECT, related_name="generations")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    # The first run of the same inputs at the same place in its conversation.
    variant_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, db_index=False, related_name="variants"
    )
    # The hold is placed last in the submitting transaction, after this row: the foreign key is checked at commit.
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="+")

    template_version = models.ForeignKey(PromptTemplateVersion, on_delete=models.PROTECT, related_name="+")
    inputs = models.JSONField(_("inputs"), default=dict)
    # What is sent besides the template and the inputs, decided at the start (context.py): no text of anybody's.
    context = models.JSONField(_("context"), default=dict, db_default={}, blank=True)
    request_model = models.CharField(_("model"), max_length=128)
    # What may answer in the place of that model, as it was when the hold was placed.
    fallback_models = ArrayField(
        models.CharField(max_length=128),
        verbose_name=_("models that may stand in"),
        default=list,
        db_default=[],
        blank=True,
    )
    output_tokens_max = models.PositiveIntegerField(_("most output tokens"))
    # Its answer is one that was given before: no model was asked.
    is_cached = models.BooleanField(_("out of the cache"), default=False, db_default=False)
    # So many answers of that length the run may ask for; its hold covers them all.
    rounds_max = models.PositiveSmallIntegerField(_("most rounds"), default=1, db_default=1)
    # The most that all its rounds can take, by the dearest model that may answer: it counts against quotas and budgets
    # for as long as the hold is open, so the statement that ends the hold ends this, too.
    reserved_tokens = models.PositiveBigIntegerField(_("tokens reserved"), default=0, db_default=0)
    reserved_cost_usd_micros = models.PositiveBigIntegerField(
        _("cost reserved, in USD micros"), default=0, db_default=0
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=64)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)

    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.QUEUED)
    output = models.TextField(_("output"), blank=True)
    # Counts of personal data and secrets, never the values: by direction, by what was done, by kind.
    findings = models.JSONField(_("findings"), default=dict, db_default={}, blank=True)
    finish_reason = models.CharField(_("finish reason"), max_length=32, blank=True)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
    # What staff told people when they stopped it (switches.py).
    stop_reason = models.CharField(
        _("why it was stopped"), max_length=STOP_REASON_LENGTH_MAX, blank=True, default="", db_default=""
    )
    charged_credits = models.PositiveBigIntegerField(_("credits charged"), default=0)

    # The lease: a worker may write under its fencing number until another process has raised it.
    fencing_number = models.PositiveIntegerField(_("fencing number"), default=0)
    lease_expires_at = models.DateTimeField(_("lease expires at"), null=True, blank=True)
    cancel_requested_at = models.DateTimeField(_("stop requested at"), null=True, blank=True)

    created_at = models.DateTimeField(_("created at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    # A purged generation has lost its texts for good; the row stays for the money that points at it.
    purged_at = models.DateTimeField(_("purged at"), null=True, blank=True)
    # The workspace keeps no texts for so long: they are empty, or fingerprints (retention.py).
    texts_erased_at = models.DateTimeField(_("texts erased at"), null=True, blank=True)

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "idempotency_key"], name="generation_once_per_key"),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "succeeded", "failed", "canceled"]),
                name="generation_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running"], finished_at__isnull=True)
                | Q(status__in=["succeeded", "failed", "canceled"], finished_at__isnull=False),
                name="generation_finished_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(status="running", lease_expires_at__isnull=False)
                | ~Q(status="running") & Q(lease_expires_at__isnull=True),
                name="generation_leased_while_running",
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded") | ~Q(finish_reason=""), name="generation_success_has_finish_reason"
            ),
            models.CheckConstraint(
                condition=~Q(status="failed") | ~Q(error_code=""), name="generation_failure_has_error_code"
            ),
            models.CheckConstraint(
                condition=Q(charged_credits=0) | Q(status__in=["succeeded", "canceled"]),
                name="generation_charged_only_for_output",
            ),
            models.CheckConstraint(
                condition=Q(purged_at__isnull=True) | Q(deleted_at__isnull=False, inputs={}, output=""),
                name="generation_purged_is_empty",
            ),
        ]
        indexes = [
            models.Index(F("workspace"), F("id").desc(), name="generation_history", condition=Q(deleted_at=None)),
            models.Index(fields=["created_at"], name="generation_queued", condition=Q(status="queued")),
            models.Index(fields=["lease_expires_at"], name="generation_running", condition=Q(status="running")),
            models.Index(
                fields=["workspace"], name="generation_under_way", condition=Q(status__in=["queued", "running"])
            ),
            models.Index(fields=["user", "created_at"], name="generation_user_recent"),
            models.Index(
                fields=["api_key", "created_at"], name="generation_key_recent", condition=Q(api_key__isnull=False)
            ),
            models.Index(fields=["request_id"], name="generation_request_id"),
            models.Index(fields=["variant_of"], name="generation_variants", condition=Q(variant_of__isnull=False)),
            models.Index(
                F("workspace"),
                F("id").desc(),
                name="generation_deleted",
                condition=Q(deleted_at__isnull=False, purged_at__isnull=True),
            ),
            models.Index(
                fields=["deleted_at"],
                name="generation_purge_due",
                condition=Q(deleted_at__isnull=False, purged_at__isnull=True),
            ),
            models.Index(
                fields=["workspace", "created_at"],
                name="generation_retention_due",
                condition=Q(texts_erased_at__isnull=True, purged_at__isnull=True),
            ),
            GinIndex(
                GenerationDocument(),
                name="generation_search",
                fastupdate=False,
                condition=Q(status__in=["succeeded", "failed", "canceled"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_version.slug} {self.id}"

    @property
    def is_terminal(self) -> bool:
        """Whether this generation has reached its end."""
        return self.status in self.TERMINAL


class StartCounter(models.Model):
    """How many generations a workspace has started on its latest day (UTC).

    Each start raises it and so locks it until it commits: whatever else a plan limits is counted meanwhile, by one
    start after the other. Taken before the rows of billing, of which the credit account is the last.
    """

    app_role_privileges = "SELECT, INSERT, UPDATE"

    workspace = models.OneToOneField(
        Workspace, on_delete=models.PROTECT, primary_key=True, related_name="start_counter"
    )
    day = models.DateField(_("day"))
    started = models.PositiveBigIntegerField(_("started"))

    class Meta:
        verbose_name = _("start counter")
        verbose_name_plural = _("start counters")
        constraints = [models.CheckConstraint(condition=Q(started__gte=1), name="start_counter_counts_a_start")]

    def __str__(self) -> str:
        return f"{self.day}: {self.started}"

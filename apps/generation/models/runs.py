"""What happened in a run: attempts at providers, the steps between them, and answers that may be given again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.core.ids import uuid7
from apps.generation.models.generations import Generation
from apps.usage.rating import Confidence


class Attempt(models.Model):
    """One call of a provider, written down before it is made."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        FAILED = "failed", _("Failed")
        CANCELED = "canceled", _("Canceled")

    workspace_parent = "generation"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField(_("number"))
    provider = models.CharField(_("provider"), max_length=32)
    request_model = models.CharField(_("model asked"), max_length=128)
    response_model = models.CharField(_("model answered"), max_length=128, blank=True)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.RUNNING)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
    error_detail = models.CharField(_("error detail"), max_length=500, blank=True)
    input_tokens = models.PositiveBigIntegerField(_("input tokens"), default=0)
    output_tokens = models.PositiveBigIntegerField(_("output tokens"), default=0)
    cached_input_tokens = models.PositiveBigIntegerField(_("cached input tokens"), default=0)
    # Part of the output tokens.
    reasoning_tokens = models.PositiveBigIntegerField(_("reasoning tokens"), default=0, db_default=0)
    confidence = models.CharField(
        _("confidence"),
        max_length=9,
        choices=Confidence,
        default=Confidence.UNKNOWN,
        db_default=Confidence.UNKNOWN.value,
    )
    first_token_ms = models.PositiveIntegerField(_("time to first token (ms)"), null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)
    # Of the provider's response; empty if there was none.
    http_status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    provider_request_id = models.CharField(
        _("provider's request id"), max_length=128, blank=True, default="", db_default=""
    )
    cost_usd_micros = models.PositiveBigIntegerField(_("cost in USD micros"), default=0, db_default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="attempt_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=["running", "succeeded", "failed", "canceled"]), name="attempt_status_known"
            ),
            models.CheckConstraint(
                condition=Q(confidence__in=["exact", "estimated", "unknown"]), name="attempt_confidence_known"
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.generation_id}"


class Step(models.Model):
    """One step of a run that takes several: what was written, what was wrong with it, or which tool was asked."""

    class Kind(models.TextChoices):
        ANSWER = "answer", _("Answer")
        SECOND_TRY = "second_try", _("Second try")
        DRAFT = "draft", _("Draft")
        CHECK = "check", _("Check")
        REVISE = "revise", _("Revision")
        TOOL = "tool", _("Tool")

    workspace_parent = "generation"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    text = models.TextField(_("text"), blank=True)
    detail = models.JSONField(_("detail"), default=dict)
    # The number of the last attempt made until its end; several where one was made again.
    attempts_made = models.PositiveSmallIntegerField(_("attempts made by then"), default=0)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.UniqueConstraint(fields=["generation", "number"], name="step_number_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["answer", "second_try", "draft", "check", "revise", "tool"]),
                name="step_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"step {self.number} of {self.generation_id}"


class CachedAnswer(models.Model):
    """An answer that may be given again: of which generation, to what question, and until when."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.OneToOneField(Generation, on_delete=models.PROTECT, related_name="cached_answer")
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    is_public = models.BooleanField(_("for everybody"))
    inputs_hash = models.CharField(_("hash of all that went into it"), max_length=64)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("cached answer")
        verbose_name_plural = _("cached answers")
        indexes = [models.Index(fields=["inputs_hash", "-expires_at"], name="cached_answer_found")]

    def __str__(self) -> str:
        return f"answer of {self.generation_id}"

"""What Stripe told us, how far we have asked it ourselves, and how our books compare with its own."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.ids import uuid7


class WebhookEvent(models.Model):
    """A fact that Stripe told us, stored once however often it is delivered; it outlives its handler's failure.

    `received` waits for `next_attempt_at` (its first attempt or another one); `processing` belongs to one worker until
    `next_attempt_at`; `failed` was refused for good or too often, and waits for staff; `ignored` concerns nothing here.
    `attempts` is the fencing number of whoever processes it.
    """

    app_role_privileges = "SELECT, INSERT, UPDATE"

    class Status(models.TextChoices):
        RECEIVED = "received", _("Received")
        PROCESSING = "processing", _("Processing")
        PROCESSED = "processed", _("Processed")
        FAILED = "failed", _("Failed")
        IGNORED = "ignored", _("Ignored")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stripe_id = models.CharField(_("Stripe's id"), max_length=255, unique=True)
    type = models.CharField(_("type"), max_length=255)
    payload = models.JSONField(_("payload"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=250, blank=True)
    received_at = models.DateTimeField(_("received at"), auto_now_add=True)
    # The database has the default too: a process of the release before inserts events without this column.
    next_attempt_at = models.DateTimeField(_("next attempt at"), default=timezone.now, db_default=Now())
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        permissions = [("replay_event", _("Can replay an event"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["received", "processing", "processed", "failed", "ignored"]),
                name="webhook_event_status_known",
            ),
            models.CheckConstraint(condition=~Q(stripe_id=""), name="webhook_event_id_given"),
            models.CheckConstraint(
                condition=~Q(status="processed") | Q(processed_at__isnull=False), name="webhook_event_processed_dated"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="webhook_event_due",
                condition=Q(status__in=["received", "processing"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class Watermark(models.Model):
    """How far a walk through Stripe's records has come: everything before `read_until` was seen."""

    app_role_privileges = "SELECT, INSERT, UPDATE"

    class Name(models.TextChoices):
        EVENTS = "events", _("Events")
        PAYMENTS = "payments", _("Payments")

    name = models.CharField(_("name"), primary_key=True, max_length=8, choices=Name)
    read_until = models.DateTimeField(_("read until"))

    class Meta:
        verbose_name = _("watermark")
        verbose_name_plural = _("watermarks")
        constraints = [
            models.CheckConstraint(condition=Q(name__in=["events", "payments"]), name="watermark_name_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} until {self.read_until}"


class Reconciliation(models.Model):
    """One comparison of Stripe's records with ours: how much was looked at, and each difference as a line."""

    app_role_privileges = "SELECT, INSERT"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    checked = models.PositiveIntegerField(_("payments compared"))
    differences = models.JSONField(_("differences"), default=list)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        constraints = [
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="reconciliation_span_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d} - {self.until:%Y-%m-%d}"

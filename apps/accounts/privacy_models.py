"""What a person has agreed to, and the file of their data that they asked for."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.ids import uuid7

NAME_LENGTH_MAX = 64


class ProviderConsent(models.Model):
    """That a person agreed to their text being sent to the AI provider: to which words, since when, until when."""

    app_role_privileges = "SELECT, INSERT, UPDATE (withdrawn_at), DELETE"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="provider_consents")
    version = models.PositiveSmallIntegerField(_("version"))
    given_at = models.DateTimeField(_("given at"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent to the provider")
        verbose_name_plural = _("consents to the provider")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "version"], condition=Q(withdrawn_at=None), name="provider_consent_stands_once"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="provider_consent_has_a_version"),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=models.F("given_at")),
                name="provider_consent_withdrawn_after_it_was_given",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class DataExport(models.Model):
    """One file with all that we know about a person: asked for, made by the worker, theirs for a week, then gone.

    `attempt` is the fencing number of whoever makes it: pieces of an older attempt are never part of the file.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="data_exports")
    # The last part of its address: 192 random bits.
    slug = models.CharField(_("name"), max_length=NAME_LENGTH_MAX, unique=True)
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    # Until when nobody else takes it: the worker that makes it moves this on as it writes.
    claimed_until = models.DateTimeField(_("claimed until"))
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"), default=0)
    created_at = models.DateTimeField(_("created at"))
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)

    class Meta:
        verbose_name = _("data export")
        verbose_name_plural = _("data exports")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "ready", "failed"]), name="data_export_status_known"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running"], finished_at=None)
                | Q(status__in=["ready", "failed"], finished_at__isnull=False),
                name="data_export_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(status="ready", expires_at__isnull=False) | ~Q(status="ready") & Q(expires_at=None),
                name="data_export_expires_when_ready",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(status__in=["queued", "running"]), name="data_export_one_at_a_time"
            ),
        ]
        indexes = [
            models.Index(
                fields=["claimed_until"], name="data_export_due", condition=Q(status__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d}"


class DataExportChunk(models.Model):
    """A piece of such a file: the pieces of its latest attempt, in order, are the file."""

    app_role_privileges = "SELECT, INSERT, DELETE"

    export = models.ForeignKey(DataExport, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    number = models.PositiveIntegerField(_("number"))
    content = models.BinaryField(_("content"))

    class Meta:
        verbose_name = _("piece of a data export")
        verbose_name_plural = _("pieces of data exports")
        constraints = [
            models.UniqueConstraint(fields=["export", "attempt", "number"], name="data_export_chunk_once"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt}.{self.number}"

"""The audit log and the outbox of mails: neither knows a domain word, neither has a foreign key."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.ids import uuid7


class AuditEntry(models.Model):
    """One sensitive act: who did what, to whom, when and in which request. Never changed, never deleted."""

    app_role_privileges = "SELECT, INSERT"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor = models.CharField(_("actor"), max_length=254, blank=True)
    action = models.CharField(_("action"), max_length=64)
    subject = models.CharField(_("subject"), max_length=128)
    details = models.JSONField(_("details"), default=dict, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["subject", "-at"], name="audit_subject_at"),
            models.Index(fields=["request_id"], name="audit_request_id"),
        ]
        triggers = [pgtrigger.Protect(name="audit_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject}"


class OutgoingMail(models.Model):
    """A mail to be sent once: written in the transaction of its reason, delivered by the worker, then emptied."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(_("business key"), max_length=128, unique=True)
    to = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=250)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    status = models.CharField(_("status"), max_length=6, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=250, blank=True)
    next_attempt_at = models.DateTimeField(_("next attempt at"), auto_now_add=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["queued", "sent", "failed"]), name="mail_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="mail_due", condition=models.Q(status="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"

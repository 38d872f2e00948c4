"""The audit log, the outbox of mails, and alerts: none knows a domain word, none has a foreign key."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.ids import uuid7


class AuditEntry(models.Model):
    """One sensitive act: who did what, on whom, when, from where and in which request. Never changed, never deleted."""

    app_role_privileges = "SELECT, INSERT"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    actor = models.CharField(_("actor"), max_length=254, blank=True)
    # Who really acted, where staff acted in somebody's name: then that somebody is the actor. The database has the
    # defaults too: a process of the release before inserts entries without these columns.
    impersonator = models.CharField(_("really done by"), max_length=254, blank=True, default="", db_default="")
    action = models.CharField(_("action"), max_length=64)
    subject = models.CharField(_("subject"), max_length=128)
    workspace_id = models.UUIDField(_("workspace"), null=True, blank=True)
    user_id = models.BigIntegerField(_("user"), null=True, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True, default="", db_default="")
    details = models.JSONField(_("details"), default=dict, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["subject", "-at"], name="audit_subject_at"),
            models.Index(fields=["request_id"], name="audit_request_id"),
            models.Index(fields=["actor", "-id"], name="audit_actor"),
            models.Index(
                fields=["impersonator", "-id"], name="audit_impersonator", condition=~models.Q(impersonator="")
            ),
            models.Index(fields=["workspace_id", "-id"], name="audit_workspace"),
            models.Index(fields=["user_id", "-id"], name="audit_user"),
        ]
        permissions = [("export_auditentry", _("Can export the audit log"))]
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


class Alert(models.Model):
    """Something that those who run the product were told: once per kind and window. Read by staff, kept for a while."""

    class Delivery(models.TextChoices):
        NONE = "none", _("No webhook")
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=32)
    window = models.CharField(_("whom and when it concerns"), max_length=200)
    sentence = models.CharField(_("sentence"), max_length=500)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    # To the webhook; mails have an outbox of their own.
    delivery = models.CharField(_("webhook"), max_length=6, choices=Delivery, default=Delivery.NONE)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("last error"), max_length=250, blank=True)
    next_attempt_at = models.DateTimeField(_("next attempt at"), auto_now_add=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(fields=["kind", "window"], name="alert_once_per_window"),
            models.CheckConstraint(
                condition=models.Q(delivery__in=["none", "queued", "sent", "failed"]), name="alert_delivery_known"
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], name="alert_due", condition=models.Q(delivery="queued")),
            models.Index(fields=["created_at"], name="alert_created_at"),
        ]

    def __str__(self) -> str:
        return self.sentence

"""What people write to us, and what we tell everybody."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.ids import uuid7


class ContactMessage(models.Model):
    """A message to the people behind the product; with a request id when it is about something that went wrong."""

    class Topic(models.TextChoices):
        QUESTION = "question", _("A question")
        PROBLEM = "problem", _("Something went wrong")
        CREDITS = "credits", _("Credits and prices")
        DATA = "data", _("My data")
        OTHER = "other", _("Something else")

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        HANDLED = "handled", _("Handled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    idempotency_key = models.UUIDField(_("idempotency key"), unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("user"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reply_to = models.EmailField(_("reply to"))
    topic = models.CharField(_("topic"), max_length=8, choices=Topic)
    message = models.TextField(_("message"))
    page = models.CharField(_("page"), max_length=200, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=7, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact message")
        verbose_name_plural = _("contact messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(topic__in=["question", "problem", "credits", "data", "other"]), name="contact_topic_known"
            ),
            models.CheckConstraint(condition=Q(status__in=["open", "handled"]), name="contact_status_known"),
            models.CheckConstraint(
                condition=Q(status="open", handled_at__isnull=True) | Q(status="handled", handled_at__isnull=False),
                name="contact_handled_has_time",
            ),
            models.CheckConstraint(condition=~Q(message=""), name="contact_message_says_something"),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="contact_open", condition=Q(status="open")),
            models.Index(fields=["request_id"], name="contact_request_id"),
        ]

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.reply_to}"


class Notice(models.Model):
    """A line above every page for a while: planned maintenance, an outage, good news."""

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        WARNING = "warning", _("Warning")
        ERROR = "error", _("Outage")

    message = models.CharField(_("message"), max_length=300, help_text=_("Plain text, one or two sentences."))
    level = models.CharField(_("level"), max_length=7, choices=Level, default=Level.INFO)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True, help_text=_("Empty: until you end it here."))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.CheckConstraint(condition=Q(level__in=["info", "warning", "error"]), name="notice_level_known"),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="notice_ends_after_start",
                violation_error_message=_("A notice ends after it starts."),
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="notice_starts_at")]

    def __str__(self) -> str:
        return self.message

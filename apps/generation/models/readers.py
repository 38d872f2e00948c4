"""What people think of answers, whom they show them to, and how they like to be written for."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.core.ids import uuid7
from apps.generation.models.generations import Generation


class Preference(models.Model):
    """How a person likes to be written for: choices alone, each of which is a sentence of ours in the prompt."""

    class Tone(models.TextChoices):
        AS_ASKED = "as_asked", _("As the template says")
        FRIENDLY = "friendly", _("Friendly")
        FORMAL = "formal", _("Formal")
        PLAIN = "plain", _("Plain and short")
        LIVELY = "lively", _("Lively")

    class Language(models.TextChoices):
        AS_ASKED = "as_asked", _("The language of what I write")
        ENGLISH = "en", _("English")
        GERMAN = "de", _("German")
        FRENCH = "fr", _("French")
        SPANISH = "es", _("Spanish")
        ITALIAN = "it", _("Italian")
        PORTUGUESE = "pt", _("Portuguese")
        DUTCH = "nl", _("Dutch")
        POLISH = "pl", _("Polish")
        JAPANESE = "ja", _("Japanese")
        CHINESE = "zh", _("Chinese")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="preference"
    )
    tone = models.CharField(_("tone"), max_length=16, choices=Tone, default=Tone.AS_ASKED)
    language = models.CharField(_("language"), max_length=8, choices=Language, default=Language.AS_ASKED)
    # The name of a template; empty, or of one that is gone: the first of the list.
    template = models.CharField(_("default template"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        constraints = [
            models.CheckConstraint(
                condition=Q(tone__in=["as_asked", "friendly", "formal", "plain", "lively"]),
                name="preference_tone_known",
            ),
            models.CheckConstraint(
                condition=Q(language__in=["as_asked", "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "zh"]),
                name="preference_language_known",
            ),
        ]

    def __str__(self) -> str:
        return f"preference of {self.user_id}"


class Feedback(models.Model):
    """What one person thinks of one answer; they may change it and take it back."""

    class Verdict(models.TextChoices):
        UP = "up", _("Good")
        DOWN = "down", _("Bad")

    workspace_parent = "generation"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="feedback")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(_("verdict"), max_length=4, choices=Verdict)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        constraints = [
            models.UniqueConstraint(fields=["generation", "user"], name="feedback_once_per_person"),
            models.CheckConstraint(condition=Q(verdict__in=["up", "down"]), name="feedback_verdict_known"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} for {self.generation_id}"


class ShareLink(models.Model):
    """A private link to an answer, or to a conversation up to it; of the link itself only a digest is kept."""

    app_role_privileges = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="share_links")
    generation = models.ForeignKey(Generation, on_delete=models.PROTECT, related_name="share_links")
    # With all that was said before this answer, questions included.
    is_conversation = models.BooleanField(_("whole conversation"), default=False)
    digest = models.CharField(_("digest of the link"), max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("share link")
        verbose_name_plural = _("share links")

    def __str__(self) -> str:
        return f"share link of {self.generation_id}"

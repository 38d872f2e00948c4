"""Conversations, the generations in them, and every attempt at a provider."""

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


class PromptTemplateVersion(models.Model):
    """The immutable text of a prompt template as it was deployed; PublishedTemplate says which one is live."""

    app_role_privileges = "SELECT, INSERT"

    slug = models.SlugField(_("template"), max_length=64)
    number = models.PositiveIntegerField(_("number"))
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    content = models.JSONField(_("content"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("prompt template version")
        verbose_name_plural = _("prompt template versions")
        permissions = [("publish_prompttemplateversion", _("Can publish another version of a prompt template"))]
        constraints = [
            models.UniqueConstraint(fields=["slug", "number"], name="template_version_number_once"),
            models.UniqueConstraint(fields=["slug", "fingerprint"], name="template_version_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.slug} v{self.number}"


class PublishedTemplate(models.Model):
    """Which version of a prompt template is live. A release publishes what has changed; staff may choose another."""

    slug = models.SlugField(_("template"), max_length=64, primary_key=True)
    version = models.ForeignKey(PromptTemplateVersion, on_delete=models.PROTECT, related_name="published")
    # What the last release has brought: bringing the same once more leaves the choice of staff as it is.
    deployed_fingerprint = models.CharField(_("fingerprint of the file"), max_length=64)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(_("published at"))

    class Meta:
        verbose_name = _("published template")
        verbose_name_plural = _("published templates")

    def __str__(self) -> str:
        return self.slug


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
    idempotency_key = models.CharField(_("idempotency key"), max_length=64)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)

    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.QUEUED)
    output = models.TextField(_("output"), blank=True)
    # Counts of personal data and secrets, never the values: by direction, by what was done, by kind.
    findings = models.JSONField(_("findings"), default=dict, db_default={}, blank=True)
    finish_reason = models.CharField(_("finish reason"), max_length=32, blank=True)
    error_code = models.CharField(_("error"), max_length=64, blank=True)
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

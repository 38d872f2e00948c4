"""Batches: a CSV whose rows are each run as a generation."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Workspace
from apps.core.ids import uuid7

TEXT_CHARACTERS_MAX = 300


class Batch(models.Model):
    """A CSV that was uploaded for a template. Each change of status is one conditional UPDATE."""

    class Status(models.TextChoices):
        READY = "ready", _("Not started")
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        FINISHED = "finished", _("Finished")
        CANCELED = "canceled", _("Canceled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="batches")
    # Who has uploaded it, and in whose name it runs: whoever has pressed Start or Resume last.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="batches")
    runs_as = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    template_version = models.ForeignKey("generation.PromptTemplateVersion", on_delete=models.PROTECT, related_name="+")
    request_model = models.CharField(_("model"), max_length=128)
    file_name = models.CharField(_("file"), max_length=200)
    # How the file was written: the download is written alike.
    delimiter = models.CharField(_("delimiter"), max_length=1)
    columns = models.JSONField(_("columns"), default=list)
    # In which column each field of the template stands.
    positions = models.JSONField(_("positions"), default=dict)
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    invalid_count = models.PositiveIntegerField(_("rows left out"), default=0)

    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.READY)
    # The code of the refusal for which it is paused, or of the limit for which it waits.
    reason = models.CharField(_("reason"), max_length=64, blank=True)
    waits_until = models.DateTimeField(_("waits until"), null=True, blank=True)
    fed_at = models.DateTimeField(_("fed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    resumed_at = models.DateTimeField(_("resumed at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["ready", "running", "paused", "finished", "canceled"]),
                name="batch_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["finished", "canceled"], finished_at__isnull=False)
                | Q(status__in=["ready", "running", "paused"], finished_at__isnull=True),
                name="batch_finished_when_over",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["ready", "canceled"]) | Q(started_at__isnull=False, resumed_at__isnull=False),
                name="batch_started_when_running",
            ),
            models.CheckConstraint(condition=Q(invalid_count__lte=F("row_count")), name="batch_invalid_among_rows"),
        ]
        indexes = [
            models.Index(F("workspace"), F("id").desc(), name="batch_newest"),
            models.Index(fields=["fed_at"], name="batch_running", condition=Q(status="running")),
        ]

    def __str__(self) -> str:
        return f"batch {self.id}"

    @property
    def is_over(self) -> bool:
        """Whether nothing of it will be started any more, unless somebody runs failed rows again."""
        return self.status in {self.Status.FINISHED, self.Status.CANCELED}


class BatchRow(models.Model):
    """One row of a batch's CSV, kept as it was written, with the generation that it has become."""

    class Status(models.TextChoices):
        INVALID = "invalid", _("Left out")
        WAITING = "waiting", _("Waiting")
        STARTED = "started", _("Started")
        REFUSED = "refused", _("Refused")
        CANCELED = "canceled", _("Not run")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Without indexes of their own: those below serve both.
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, db_index=False, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, db_index=False, related_name="rows")
    number = models.PositiveIntegerField(_("number"))
    line = models.PositiveIntegerField(_("line"))
    cells = models.JSONField(_("cells"), default=list)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.WAITING)
    problem = models.CharField(_("problem"), max_length=TEXT_CHARACTERS_MAX, blank=True)
    # The most that running it can cost, as the hold will count it.
    credits_max = models.PositiveBigIntegerField(_("most credits"), default=0)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    generation = models.OneToOneField(
        "generation.Generation", on_delete=models.PROTECT, null=True, blank=True, related_name="batch_row"
    )
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch row")
        verbose_name_plural = _("batch rows")
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="batch_row_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=["invalid", "waiting", "started", "refused", "canceled"]),
                name="batch_row_status_known",
            ),
            models.CheckConstraint(
                condition=Q(status="started", generation__isnull=False, started_at__isnull=False)
                | ~Q(status="started") & Q(generation__isnull=True),
                name="batch_row_started_has_generation",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["invalid", "refused"]) | ~Q(problem=""), name="batch_row_problem_is_said"
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "number"], name="batch_row_waiting", condition=Q(status="waiting")),
            models.Index(fields=["workspace", "started_at"], name="batch_row_lately", condition=Q(status="started")),
        ]

    def __str__(self) -> str:
        return f"row {self.number} of {self.batch_id}"

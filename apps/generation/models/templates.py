"""Prompt templates as they were deployed, and which version of each is live."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


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

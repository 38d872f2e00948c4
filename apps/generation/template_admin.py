"""Prompt template versions in the admin: which one is live, and the way back to an older one."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.admin_acts import ActsAdmin
from apps.accounts.models import User
from apps.core.admin import ReadOnlyAdmin
from apps.core.admin_links import Related
from apps.core.errors import DomainError
from apps.generation import publishing
from apps.generation.models import Feedback, PromptTemplateVersion, PublishedTemplate


@admin.register(PromptTemplateVersion)
class PromptTemplateVersionAdmin(ReadOnlyAdmin, ActsAdmin):
    """What was deployed, when, and which version of each template is live. "Publish" needs a permission of its own."""

    list_display = ["slug", "number", "live", "created_at"]
    list_filter = ["slug"]
    search_fields = ["slug"]
    search_help_text = gettext_lazy("The whole name of the template.")
    readonly_fields = ["live", "feedback", "see_also"]
    ordering = ["slug", "-number"]
    change_form_template = "admin/generation/template_version.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the act beside the admin's own addresses."""
        route = "<int:version_id>/publication/"
        return [self.own_path(route, self.publish, name="publication"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PromptTemplateVersion]:
        """Add whether a version is the live one."""
        published = PublishedTemplate.objects.filter(version=OuterRef("pk"))
        versions: QuerySet[PromptTemplateVersion] = super().get_queryset(request)
        return versions.annotate(is_live=Exists(published))

    def publish(self, request: HttpRequest, version_id: int) -> HttpResponse:
        """Ask why, then make this version the live one."""
        version = get_object_or_404(PromptTemplateVersion, pk=version_id)

        def act(reason: str) -> str:
            assert isinstance(request.user, User)
            try:
                if publishing.publish(version, staff=request.user, reason=reason):
                    messages.success(request, _("This version is live from now on."))
                else:
                    messages.warning(request, _("This version was live before: nothing changed."))
            except DomainError as refusal:
                messages.error(request, str(refusal.sentence))
            return self.page_of(version)

        lead = _(
            "New runs use this version at once. Runs under way keep theirs. The next release leaves your choice as it "
            "is, unless it brings a changed file."
        )
        return self.ask_reason(
            request, version, permission=publishing.PERMISSION, title=_("Publish this version"), lead=lead, act=act
        )

    @admin.display(description=gettext_lazy("live"), boolean=True, ordering="is_live")
    def live(self, version: Any) -> bool:
        """Tell whether new runs use this version."""
        return bool(version.is_live)

    @admin.display(description=gettext_lazy("feedback"))
    def feedback(self, version: PromptTemplateVersion) -> str:
        """Return how its answers were received."""
        given = Feedback.objects.filter(generation__template_version=version).values_list("verdict")
        counted = dict(given.annotate(count=Count("pk")).order_by())
        return _("%(good)d good, %(bad)d bad") % {"good": counted.get("up", 0), "bad": counted.get("down", 0)}

    def related(self, row: PromptTemplateVersion) -> list[Related]:
        """Return the way to what ran with this template, and to who published which version."""
        return [
            Related(_("Generations"), "generation.generation", {"template_version__slug": row.slug}),
            Related(_("All versions"), "generation.prompttemplateversion", {"slug": row.slug}),
            Related(_("Audit log"), "core.auditentry", {"q": f"template:{row.slug}"}),
        ]

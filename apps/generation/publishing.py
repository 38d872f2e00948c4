"""Another version of a prompt template becomes the live one: the choice of staff, until a release changes the file."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core import audit
from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.generation.models import PromptTemplateVersion, PublishedTemplate

PERMISSION = "generation.publish_prompttemplateversion"


class TemplateWithoutFileError(DomainError):
    """The template has left the product: a release has unpublished it."""

    code = "template_without_file"
    status = 409
    sentence = _("This template is not part of the product any more. A release with its file brings it back.")


def publish(version: PromptTemplateVersion, *, staff: User, reason: str) -> bool:
    """Make a version the live one from the next run on; return whether it was another before.

    Runs that were started keep the version that they have. Raises TemplateWithoutFileError.
    """
    with system_scope():
        # Locked, so that two members of staff are written down one after the other, each with what it was before.
        # Without a join: whoever waited for the lock would look for the row with the version that it had before.
        row = PublishedTemplate.objects.select_for_update().filter(slug=version.slug).first()
        if row is None:
            raise TemplateWithoutFileError
        if row.version_id == version.pk:
            return False
        before = row.version.number
        row.version, row.published_by, row.published_at = version, staff, timezone.now()
        row.save(update_fields=["version", "published_by", "published_at"])
        audit.record(
            actor=f"user:{staff.pk}",
            action="template_published",
            subject=f"template:{version.slug}",
            version=version.number,
            before=before,
            reason=reason,
        )
    return True

"""What `manage.py check --deploy` says about texts that only founders can write."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register

# How a gap begins in templates/pages/legal/; it ends with the closing bracket.
GAP = "[To fill in:"
LEGAL_PAGES = settings.BASE_DIR / "templates" / "pages" / "legal"


@register(Tags.security, deploy=True)
def find_gaps_in_legal_pages(**options: Any) -> list[CheckMessage]:
    """Warn of legal pages that still say what is to be filled in, once anybody could read them."""
    if settings.ENVIRONMENT == "development":
        return []
    gaps = {page.name: page.read_text().count(GAP) for page in sorted(LEGAL_PAGES.glob("*.html"))}
    told = ", ".join(f"{name} ({count})" for name, count in gaps.items() if count)
    if not told:
        return []
    hint = f"Look for “{GAP}” in templates/pages/legal/, and have the texts checked by somebody who knows your law."
    return [Warning(f"Legal pages have gaps: {told}.", hint=hint, id="keel.W003")]

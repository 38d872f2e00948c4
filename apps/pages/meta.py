"""What search engines and link previews read of the public pages: a title and one sentence each."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Meta(NamedTuple):
    """The title and the description of one page."""

    title: str | Promise
    description: str | Promise


META = {
    "landing": Meta(
        _("Watch it write, know what it costs"),
        _(
            "Turn notes into announcements, customer replies and summaries. The text arrives as it is written, and "
            "every credit is explained."
        ),
    ),
    "pricing": Meta(
        _("Pricing"),
        _("Plans, packs and what a run costs; when credits arrive and expire. Free to start, no card needed."),
    ),
    "help": Meta(_("Help"), _("Answers about credits, holds, stopping, failed runs and your data.")),
    "contact": Meta(_("Contact"), _("Write to the people behind the product. A person answers.")),
    "status": Meta(_("Status"), _("Whether everything works right now.")),
    "terms": Meta(_("Terms of service"), _("What you may expect of us, and what we expect of you.")),
    "privacy": Meta(_("Privacy"), _("What we know about you, why, and for how long.")),
    "cookies": Meta(_("Cookies"), _("The few cookies that we set, and what each is for.")),
    "imprint": Meta(_("Imprint"), _("Who runs this site, and how to reach them.")),
    "ai": Meta(_("What is sent to whom"), _("Which of your words go to an AI provider, and which never do.")),
}

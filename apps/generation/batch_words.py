"""What stands in the way of a batch, in words, by the code of its reason."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_UNKNOWN = _("Something stood in the way. Resume to try again.")
_MODEL = _("This model is not available any more. Upload the file again with another model.")
_SENTENCES: dict[str, str | Promise] = {
    # It is paused until somebody resumes it.
    "insufficient_credits": _("The credits ran out. Add credits, then resume: it goes on where it stopped."),
    "spend_cap": _("The monthly spend cap is reached. An owner or admin can raise it; then resume."),
    "member_allowance": _("The person it runs for has used their monthly credits. Somebody else can resume it."),
    "person_budget_month": _(
        "The person it runs for has reached what one may use in a month. Somebody else can resume it."
    ),
    "plan_limit_tokens": _("The plan's tokens of this month are used up. Choose a larger plan, or resume next month."),
    "consent_required": _("Whoever resumes it has to agree first that its texts are sent to our AI provider."),
    "model_not_in_plan": _("The plan does not include this model any more. Move to a larger plan, then resume."),
    "unknown_model": _MODEL,
    "model_without_rate": _MODEL,
    "workspace_suspended": _("This workspace is suspended. Write to us to sort it out."),
    "not_permitted": _("The person it ran for may not generate here any more. Resume it in your own name."),
    "not_found": _("The person it ran for has left this workspace. Resume it in your own name."),
    "person_gone": _("The account of the person it ran for is closed. Resume it in your own name."),
    "template_changed": _("The template has other fields now. Upload the file again, as its new sample shows."),
    "failing": _("Many rows failed one after the other. Look at what they say, then resume."),
    # It goes on by itself.
    "plan_limit_day": _("All generations of this day are used. It goes on after midnight UTC."),
    "plan_limit_budget": _("What this plan may use in a day is used up. It goes on after midnight UTC."),
    "plan_limit_concurrent": _("Other work of this workspace comes first. It goes on as soon as a place is free."),
    "plan_limit_requests": _("It goes on within a minute, as fast as the plan allows."),
    "member_daily_allowance": _(
        "The person it runs for has used their credits of today. It goes on after midnight UTC."
    ),
    "person_budget_day": _(
        "The person it runs for has reached what one may use in a day. It goes on after midnight UTC."
    ),
    "budget_exhausted": _(
        "We have reached our own limit of today. It goes on by itself, after midnight UTC at the latest."
    ),
    "generation_limit": _("It goes on within a minute."),
    "generation_paused": _("Generating is paused on our side for now. It goes on by itself within a minute after."),
}


def explain(reason: str) -> str | Promise:
    """Return why a batch is paused or waits; empty where nothing stands in its way."""
    return _SENTENCES.get(reason, _UNKNOWN) if reason else ""

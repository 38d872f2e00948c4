"""The composer as it opens: empty, with an earlier text, or with an example. Reads only."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.entitlements import Entitlements
from apps.core.errors import DomainError
from apps.generation import catalogue, estimates, preferences, prompts, quotas, rollouts, selectors, switches
from apps.generation.estimates import Estimate
from apps.generation.forms import ComposerForm
from apps.generation.models import Preference
from apps.generation.prompts import PromptTemplate
from apps.generation.rollouts import NOTHING, Withheld
from apps.generation.switches import Stop, Work


@dataclass(frozen=True)
class Composer:
    """A form, and why it opens as it does; a draft may take the place of what it shows if `keeps_draft`."""

    form: ComposerForm
    templates: Sequence[PromptTemplate]
    preference: Preference
    is_first_run: bool = False
    is_prefilled: bool = False
    template_is_gone: bool = False

    @property
    def keeps_draft(self) -> bool:
        """Whether an unfinished text of the same template may come back into this form."""
        return not (self.is_prefilled or self.form.is_bound)


def open_composer(*, workspace_id: UUID, user: User, query: Mapping[str, str]) -> Composer | None:
    """Return the composer that an address asks for; None if it names a generation that is not there.

    Raises UnknownTemplateError.
    """
    withheld, preference = rollouts.read_withheld(user), preferences.of_user(user.pk)
    templates = withheld.templates(prompts.list_templates())
    if not templates:
        raise prompts.UnknownTemplateError
    if "from" in query:
        return _of_earlier(workspace_id, query["from"], templates=templates, preference=preference, withheld=withheld)
    first = preferences.first_template(preference, templates=templates)
    template = _choose(templates, slug=query["template"]) if "template" in query else first
    is_first_run = not selectors.has_generations(workspace_id)
    wants_example = "example" in query
    initial = template.example if is_first_run or wants_example else {}
    form = _form(template, initial, withheld=withheld)
    return Composer(form, templates, preference, is_first_run=is_first_run, is_prefilled=wants_example)


def submitted_form(data: Mapping[str, str], *, template: PromptTemplate, withheld: Withheld = NOTHING) -> ComposerForm:
    """Return the form that was sent."""
    return ComposerForm(data, template=template, models=models_for(template, withheld=withheld))


def models_for(template: PromptTemplate, *, withheld: Withheld = NOTHING) -> list[str]:
    """Return the models that are offered to somebody, the best for this template first."""
    models = catalogue.offered(template.task, first=template.models)
    return withheld.models(models) or models[:1]


def find_paused(*, template: PromptTemplate, model: str, rights: Entitlements) -> Stop | None:
    """Return what keeps a text of the composer from being started now, or None, for a page."""
    stand_ins = catalogue.fallbacks(model, rights=rights, on=timezone.now().date())
    return switches.find_shown_stop(Work(switches.Feature.COMPOSER, template.slug, (model, *stand_ins)))


def lock_models(form: ComposerForm, *, rights: Entitlements) -> None:
    """Mark the models that a plan does not include."""
    form.lock(find_locked(form.models, rights=rights))


def find_locked(models: list[str], *, rights: Entitlements) -> dict[str, str]:
    """Return the models that a plan does not include, with the name of the plan that does."""
    including = {model: quotas.find_plan_with_model(model) for model in models if not rights.limits.allows_model(model)}
    return {model: plan.name if plan else _("no plan") for model, plan in including.items()}


def estimate_shown(
    form: ComposerForm, *, workspace_id: UUID, rights: Entitlements, preference: Preference
) -> Estimate | None:
    """Return what the form would hold as it is now; None where that cannot be said, because a model has no rate."""
    try:
        return estimates.estimate(
            workspace_id=workspace_id,
            template=form.prompt_template,
            inputs=form.shown_inputs(),
            model=form.shown_model(),
            rights=rights,
            instructions=preferences.sentences(preference),
        )
    except DomainError:
        return None


def address_of(template: PromptTemplate) -> str:
    """Return where the composer opens with a template."""
    return f"{reverse('generation:new')}?{urlencode({'template': template.slug})}"


def new_key() -> str:
    """Return an idempotency key that nobody has used."""
    return secrets.token_urlsafe(16)


def _choose(templates: Sequence[PromptTemplate], *, slug: str) -> PromptTemplate:
    found = next((template for template in templates if template.slug == slug), None)
    if found is None:
        raise prompts.UnknownTemplateError
    return found


def _of_earlier(
    workspace_id: UUID,
    generation_id: str,
    *,
    templates: Sequence[PromptTemplate],
    preference: Preference,
    withheld: Withheld,
) -> Composer | None:
    """Open with the inputs of an earlier generation; with an empty form if its template is no longer there."""
    try:
        generation = selectors.find_generation(workspace_id=workspace_id, generation_id=UUID(generation_id))
    except ValueError:
        return None
    if generation is None:
        return None
    slug = generation.template_version.slug
    template = next((template for template in templates if template.slug == slug), None)
    if template is None:
        first = preferences.first_template(preference, templates=templates)
        return Composer(_form(first, {}, withheld=withheld), templates, preference, template_is_gone=True)
    names = {field.name for field in template.fields}
    inputs = {} if generation.texts_erased_at else {n: text for n, text in generation.inputs.items() if n in names}
    form = _form(template, inputs | {"model": generation.request_model}, withheld=withheld)
    return Composer(form, templates, preference, is_prefilled=True)


def _form(template: PromptTemplate, initial: Mapping[str, str], *, withheld: Withheld) -> ComposerForm:
    fixed = {"template": template.slug, "idempotency_key": new_key()}
    return ComposerForm(template=template, models=models_for(template, withheld=withheld), initial={**initial, **fixed})

"""What may run now: the one place that decides, at every start and before every call of a provider.

Staff stop things in the admin: a row of `Switch` with such a name is active.

    stop:all                everything
    stop:feature:NAME       one way of starting (`Feature`)
    stop:template:SLUG      one prompt template
    stop:model:NAME         one model; those that may stand in for it go on
    stop:provider:NAME      one provider, for models and for moderation

The deployment stops everything with GENERATION_DISABLED. The database is asked each time, in one small query: what
somebody has stopped is stopped at once in every process, with or without Redis.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from apps.core.errors import DomainError
from apps.generation import catalogue, shown_cache
from apps.generation.gateway import errors
from apps.generation.gateway.types import Permit
from apps.generation.models import Generation, Switch

ALL = "stop:all"
RETRY_AFTER_SECONDS = 60
# A batch starts its rows from here, and no person can (batch_feeding.py).
BATCH_ADDRESS = "batch:"


class Feature(TextChoices):
    """A way of starting a run, or of calling a model without one."""

    COMPOSER = "composer", gettext_lazy("The composer")
    CONVERSATION = "conversation", gettext_lazy("Follow-ups and further versions")
    BATCH = "batch", gettext_lazy("Batches")
    API = "api", gettext_lazy("The API")
    TRIAL = "trial", gettext_lazy("Commands that try out templates")


class Part(TextChoices):
    """What a switch may name besides everything."""

    FEATURE = "feature", gettext_lazy("Features")
    TEMPLATE = "template", gettext_lazy("Templates")
    MODEL = "model", gettext_lazy("Models")
    PROVIDER = "provider", gettext_lazy("Providers")


_SENTENCES: dict[str, str | Promise] = {
    "all": gettext_lazy("Generating is paused for now."),
    Part.FEATURE: gettext_lazy("This way of generating is paused for now."),
    Part.TEMPLATE: gettext_lazy("This template is paused for now."),
    Part.MODEL: gettext_lazy("This model is paused for now."),
    Part.PROVIDER: gettext_lazy("The provider of this model is paused for now."),
}


class GenerationPausedError(DomainError):
    """Staff, or the deployment, have stopped what this run would need."""

    code = "generation_paused"
    status = 503
    retry_after_seconds = RETRY_AFTER_SECONDS


@dataclass(frozen=True)
class Work:
    """What somebody wants to run, in the words of switches; of its models the first that may will answer."""

    feature: str = ""
    template: str = ""
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stop:
    """Something that is stopped, and why, in words for everybody."""

    name: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What people read: what is paused, then why."""
        part = self.name.split(":")[1]
        return " ".join(filter(None, [str(_SENTENCES.get(part, _SENTENCES["all"])), self.reason]))


def name_of(part: Part, key: str) -> str:
    """Return the name of the switch of one thing."""
    return f"stop:{part}:{key}"


def feature_of(generation: Generation, *, is_of_batch: bool) -> Feature:
    """Return by which way a generation was, or is being, started."""
    if is_of_batch:
        return Feature.BATCH
    if generation.api_key_id:
        return Feature.API
    follows = generation.parent_id or generation.variant_of_id
    return Feature.CONVERSATION if follows else Feature.COMPOSER


def require_running(work: Work) -> None:
    """Refuse to start what is stopped. One query. Raises GenerationPausedError."""
    stop = find_stop(work)
    if stop is not None:
        raise GenerationPausedError(stop.sentence)


def find_stop(work: Work) -> Stop | None:
    """Return what keeps this from running, or None. One query, in any scope or none."""
    return _first(work, _read_stops(_names(work)))


def find_shown_stop(work: Work) -> Stop | None:
    """Return the same for a page, as it was lately (shown_cache.py): no query as a rule. It decides nothing."""
    if settings.GENERATION_DISABLED:
        return Stop(ALL)
    return _first(work, [Stop(*row) for row in shown_cache.read(Switch.SHOWN_AS, _list_active)])


def permit(work: Work, *, model: str = "", provider: str = "") -> Permit:
    """Return the permit for one call of a model, or of a provider for something else. One query.

    In the transaction that writes the call down, if one does. Raises PausedError, or ModelPausedError where another
    model may answer.
    """
    provider = provider or catalogue.describe(model).provider
    whole = replace(work, models=())
    of_call = [name_of(Part.PROVIDER, provider), *([name_of(Part.MODEL, model)] if model else [])]
    stops = _read_stops([*_names(whole), *of_call])
    stop = _first(whole, stops)
    if stop is not None:
        raise errors.PausedError(stop.sentence)
    if stops:
        raise errors.ModelPausedError(stops[0].sentence)
    return Permit(provider)


def find_stop_of_running(work: Work, stops: Iterable[Stop]) -> Stop | None:
    """Return which of these ends a run that is calling the only model of `work`, or None. No query."""
    return _first(work, list(stops))


def _first(work: Work, stops: Sequence[Stop]) -> Stop | None:
    by_name = {stop.name: stop for stop in stops}
    for name in _names(replace(work, models=())):
        if name in by_name:
            return by_name[name]
    of_models = [next((by_name[name] for name in _names_of_model(m) if name in by_name), None) for m in work.models]
    # A model that is stopped keeps nobody waiting while another one may answer.
    return of_models[0] if of_models and all(of_models) else None


def _names(work: Work) -> list[str]:
    names = [ALL]
    if work.feature:
        names.append(name_of(Part.FEATURE, work.feature))
    if work.template:
        names.append(name_of(Part.TEMPLATE, work.template))
    return names + [name for model in work.models for name in _names_of_model(model)]


def _names_of_model(model: str) -> list[str]:
    return [name_of(Part.MODEL, model), name_of(Part.PROVIDER, catalogue.describe(model).provider)]


def _list_active() -> list[list[str]]:
    return [list(row) for row in Switch.objects.filter(active=True).values_list("name", "reason")]


def _read_stops(names: Sequence[str]) -> list[Stop]:
    if settings.GENERATION_DISABLED:
        return [Stop(ALL)]
    active = Switch.objects.filter(active=True, name__in=names)
    return [Stop(name, reason) for name, reason in active.order_by("name").values_list("name", "reason")]

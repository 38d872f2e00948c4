"""Which models this product offers, who runs them, and what answers when one cannot: catalogue.yaml, with the keys."""

import re
from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from apps.billing.entitlements import Entitlements
from apps.core.errors import DomainError
from apps.generation.gateway.types import Endpoint
from apps.usage import rates

CATALOGUE_PATH = Path(__file__).with_name("catalogue.yaml")
OPENAI = "openai"
FALLBACKS_MAX = 3
# Of a model that the catalogue does not list, nobody knows more than that it is not tiny.
UNLISTED_CONTEXT_WINDOW = 32_000
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")

Protocol = Literal["openai", "anthropic"]
Capability = Literal["tools", "json_schema"]
Omittable = Literal["store", "safety_identifier", "stream_options"]
ModelName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^\S+$")]
ProviderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Tokens = Annotated[int, Field(ge=1, le=10**8)]


class UnknownModelError(DomainError):
    """The model is not one that this product offers."""

    code = "unknown_model"
    status = 422
    sentence = _("This model is not available. Choose another one.")


class InvalidModelsError(ImproperlyConfigured):
    """The catalogue of models is broken; the message names the entry."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Provider(_Part):
    """Who runs models. Addresses may be variables, keys always are."""

    name: ProviderName
    protocol: Protocol
    base_url: Annotated[str, Field(pattern=r"^(https?://\S+|[A-Z][A-Z0-9_]*_BASE_URL)$")]
    key: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*_API_KEY$")] | None = None
    organization: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*_ORGANIZATION$")] | None = None
    omit: list[Omittable] = []

    @property
    def endpoint(self) -> Endpoint:
        """Where calls go, as the environment says now."""
        return Endpoint(
            name=self.name,
            protocol=self.protocol,
            base_url=_value(self.base_url).rstrip("/"),
            key=_value(self.key) if self.key else "",
            organization=_value(self.organization) if self.organization else "",
            omit=frozenset(self.omit),
        )

    @property
    def is_configured(self) -> bool:
        """Whether the environment has what calls need."""
        return bool(_value(self.base_url)) and (self.key is None or bool(_value(self.key)))


class Model(_Part):
    """A model, or several by a pattern of their names. Sizes are tokens; None is what the provider allows."""

    name: ModelName
    provider: ProviderName
    model: ModelName | None = None
    label: str = ""
    context_window: Tokens = UNLISTED_CONTEXT_WINDOW
    output_tokens_max: Tokens | None = None
    capabilities: list[Capability] = []
    fallbacks: Annotated[list[ModelName], Field(max_length=FALLBACKS_MAX)] = []

    @property
    def is_pattern(self) -> bool:
        """Whether this describes models that are named elsewhere."""
        return any(sign in self.name for sign in "*?[")

    def can(self, capability: Capability) -> bool:
        """Tell whether the model can do this."""
        return capability in self.capabilities


class Defaults(_Part):
    """The model to begin with."""

    production: ModelName | None = None
    otherwise: ModelName | None = None


class Catalogue(_Part):
    """The whole file."""

    providers: list[Provider]
    models: list[Model]
    tasks: dict[str, list[ModelName]] = {}
    defaults: Defaults = Defaults()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        providers = _require_once(provider.name for provider in self.providers)
        models = _require_once(model.name for model in self.models)
        if OPENAI not in providers:
            raise ValueError(f"there is no provider {OPENAI!r}, which the OPENAI_ variables are for")
        for model in self.models:
            if model.provider not in providers:
                raise ValueError(f"the provider {model.provider!r} of {model.name} is not listed")
            if model.name in model.fallbacks:
                raise ValueError(f"{model.name} falls back to itself")
        wanted = {name: f"a fallback of {model.name}" for model in self.models for name in model.fallbacks}
        wanted |= {name: f"a model of the task {task}" for task, names in self.tasks.items() for name in names}
        for name, what in wanted.items():
            if name not in models:
                raise ValueError(f"{name}, {what}, is not listed")
        return self


def offered(task: str = "", *, first: Iterable[str] = ()) -> list[str]:
    """Return the names of the models that customers may choose from; the first is the default for this task.

    `first` are models that a template prefers by itself.
    """
    catalogue = load()
    others = [model.name for model in catalogue.models if model.provider != OPENAI and not model.is_pattern]
    names = [name for name in dict.fromkeys([*settings.GENERATION_MODELS, *others]) if _is_configured(name)]
    defaults = catalogue.defaults
    in_production = settings.ENVIRONMENT == "production"
    wanted = [*first, *catalogue.tasks.get(task, ())]
    wanted = [*wanted, defaults.production] if in_production else [defaults.otherwise, *wanted]
    return list(dict.fromkeys([name for name in wanted if name in names] + names))


def require_offered(model: str) -> None:
    """Refuse a model that is not offered. Raises UnknownModelError."""
    if model not in offered():
        raise UnknownModelError


def find(name: str) -> Model | None:
    """Return what is known of a model that is listed or offered, else None."""
    if name in settings.GENERATION_MODELS or any(model.name == name for model in load().models):
        return describe(name)
    return None


def describe(name: str) -> Model:
    """Return what is known of a model: its entry, that of a pattern, or next to nothing; OpenAI's if nobody says."""
    models = load().models
    exact = next((model for model in models if model.name == name), None)
    found = exact or next((model for model in models if fnmatchcase(name, model.name)), None)
    return found.model_copy(update={"name": name}) if found else Model(name=name, provider=OPENAI)


def route(task: str = "", *, rights: Entitlements, first: Iterable[str] = ()) -> str:
    """Return the best model for a task that the plan includes; the first that is offered if it includes none."""
    names = offered(task, first=first)
    return next((name for name in names if rights.limits.allows_model(name)), names[0])


def fallbacks(model: str, *, rights: Entitlements, on: date) -> tuple[str, ...]:
    """Return the models that may answer in the place of one: offered, rated on this day, and part of the plan."""
    names = offered()
    return tuple(
        name
        for name in describe(model).fallbacks
        if name in names and rights.limits.allows_model(name) and _is_rated(name, on=on)
    )


def find_endpoint(model: Model) -> Endpoint | None:
    """Return where calls of a model go; None if its provider is not configured any more."""
    provider = _provider(model.provider)
    return provider.endpoint if provider.is_configured else None


def list_endpoints() -> list[Endpoint]:
    """Return the providers whose models are offered."""
    used = {describe(name).provider for name in offered()}
    return [provider.endpoint for provider in load().providers if provider.name in used]


def is_task(name: str) -> bool:
    """Tell whether the catalogue knows a kind of work."""
    return name in load().tasks


def load() -> Catalogue:
    """Return the catalogue (catalogue.yaml, or MODELS_FILE), parsed once. Raises InvalidModelsError."""
    return _load(Path(settings.MODELS_FILE or CATALOGUE_PATH))


def parse(text: str) -> Catalogue:
    """Read and validate a catalogue. Raises InvalidModelsError with the entry that is wrong."""
    try:
        document = yaml.safe_load(text)
        return Catalogue.model_validate(document)
    except yaml.YAMLError as error:
        raise InvalidModelsError(f"catalogue.yaml is no YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidModelsError(f"catalogue.yaml: {_place(document, first['loc'])}: {first['msg']}.") from error


@cache
def _load(path: Path) -> Catalogue:
    return parse(path.read_text(encoding="utf-8"))


def _place(document: object, location: tuple[int | str, ...]) -> str:
    """Return where in the file something is wrong, with the name of the entry in the place of its number."""
    steps: list[str] = []
    for step in location:
        document = _inside(document, step)
        name = document.get("name") if isinstance(document, dict) else None
        steps.append(str(name) if isinstance(step, int) and name else str(step))
    return ".".join(steps) or "the file"


def _inside(document: object, step: int | str) -> object:
    if isinstance(document, dict):
        return document.get(step)
    return document[step] if isinstance(document, list) and isinstance(step, int) and step < len(document) else None


def _require_once(names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{name} is listed twice")
        seen.add(name)
    return seen


def _provider(name: str) -> Provider:
    return next(provider for provider in load().providers if provider.name == name)


def _is_configured(model: str) -> bool:
    return _provider(describe(model).provider).is_configured


def _is_rated(model: str, *, on: date) -> bool:
    try:
        rates.find_rate(model=model, on=on)
    except rates.UnratedModelError:
        return False
    return True


def _value(text: str) -> str:
    """Return what a variable says, by its name; anything else is meant as it is."""
    if not _VARIABLE.fullmatch(text):
        return text
    return str(getattr(settings, text, "") or settings.PROVIDER_VARIABLES.get(text, ""))

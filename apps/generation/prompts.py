"""Prompt templates: files in prompts/, published on deploy as immutable versions."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from apps.core.errors import DomainError
from apps.generation import catalogue
from apps.generation.models import PromptTemplateVersion

FOLDER = Path(__file__).parent / "prompts"


class InvalidTemplateError(ImproperlyConfigured):
    """The file of a prompt template is broken; the message names the file."""


class UnknownTemplateError(DomainError):
    """There is no prompt template of this name."""

    code = "unknown_template"
    status = 404
    sentence = _("This template does not exist any more. Choose another one.")


@dataclass(frozen=True)
class Field:
    """One input of a template's form, with its limits."""

    name: str
    label: str
    kind: str
    characters_max: int = 200
    words_min: int = 0
    words_max: int = 0
    placeholder: str = ""
    choices: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True)
class PromptTemplate:
    """A named prompt as its file describes it; `content` is all of it that a version keeps, as JSON."""

    slug: str
    name: str
    description: str
    output_tokens_max: int
    fields: tuple[Field, ...]
    system: str
    user: str
    content: str
    # What the model is chosen by, where nobody chooses: a task of the catalogue, or models, best first.
    task: str = ""
    models: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """The hash of everything that the file says, but for its examples."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def example(self) -> dict[str, str]:
        """Inputs to try this template with, by field; empty texts where the file names none."""
        return {field.name: field.example for field in self.fields}

    def messages(self, inputs: dict[str, str]) -> tuple[dict[str, str], ...]:
        """Return the prompt for these inputs."""
        return _messages(system=self.system, user=self.user, inputs=inputs)


def get_template(slug: str) -> PromptTemplate:
    """Return a published template. Raises UnknownTemplateError."""
    template = find_template(slug)
    if template is None:
        raise UnknownTemplateError
    return template


def find_template(slug: str) -> PromptTemplate | None:
    """Return a published template, or None."""
    return _templates().get(slug)


def list_templates() -> list[PromptTemplate]:
    """Return all published templates by name."""
    return sorted(_templates().values(), key=lambda template: template.name)


def publish_all() -> list[PromptTemplateVersion]:
    """Make a new immutable version of every template whose file has changed; return the versions made."""
    made = []
    for template in list_templates():
        versions = PromptTemplateVersion.objects.filter(slug=template.slug)
        if not versions.filter(fingerprint=template.fingerprint).exists():
            made.append(_publish(template, number=versions.count() + 1))
    return made


def ensure_version(template: PromptTemplate) -> PromptTemplateVersion:
    """Return the stored version of a published template, publishing it when no release has done so yet."""
    found = PromptTemplateVersion.objects.filter(slug=template.slug, fingerprint=template.fingerprint)
    version = found.first()
    if version is None:
        publish_all()
        version = found.get()
    return version


def messages_of(version: PromptTemplateVersion, inputs: dict[str, str]) -> tuple[dict[str, str], ...]:
    """Return the prompt that a stored version makes of these inputs, whatever its file says today."""
    return _messages(system=version.content["system"], user=version.content["user"], inputs=inputs)


def _publish(template: PromptTemplate, *, number: int) -> PromptTemplateVersion:
    version = PromptTemplateVersion(
        slug=template.slug, number=number, fingerprint=template.fingerprint, content=json.loads(template.content)
    )
    # Another process may publish the same text at the same time; its version is then ours too.
    PromptTemplateVersion.objects.bulk_create([version], ignore_conflicts=True)
    return PromptTemplateVersion.objects.get(slug=template.slug, fingerprint=template.fingerprint)


def _messages(*, system: str, user: str, inputs: dict[str, str]) -> tuple[dict[str, str], ...]:
    # User text goes into the user role only, exactly as it was written.
    return (
        {"role": "system", "content": system},
        {"role": "user", "content": Template(user).substitute(inputs)},
    )


@cache
def _templates() -> dict[str, PromptTemplate]:
    return {path.stem: _load(path) for path in sorted(FOLDER.glob("*.yaml"))}


def _load(path: Path) -> PromptTemplate:
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        fields = tuple(_field(field) for field in raw["fields"])
        texts = {key: raw[key] for key in ("name", "description", "output_tokens_max", "system", "user")}
    except (KeyError, TypeError) as error:
        raise InvalidTemplateError(f"{path.name}: {error}") from error
    for field in fields:
        if field.example and field.choices and field.example not in field.choices:
            raise InvalidTemplateError(f"{path.name}: {field.example!r} is no choice of {field.name}.")
        if len(field.example) > field.characters_max:
            raise InvalidTemplateError(f"{path.name}: the example of {field.name} is too long.")
    return PromptTemplate(
        slug=path.stem, fields=fields, content=_content(raw), **texts, **_model_policy(raw, path=path)
    )


def _model_policy(raw: dict[str, Any], *, path: Path) -> dict[str, Any]:
    task, models = raw.get("task", ""), raw.get("models", [])
    if task and not (isinstance(task, str) and catalogue.is_task(task)):
        raise InvalidTemplateError(f"{path.name}: {task!r} is no task of catalogue.yaml.")
    if not isinstance(models, list) or not all(isinstance(name, str) and catalogue.find(name) for name in models):
        raise InvalidTemplateError(f"{path.name}: {models!r} is no list of models of catalogue.yaml.")
    return {"task": task, "models": tuple(models)}


def _field(raw: dict[str, Any]) -> Field:
    return Field(**{**raw, "choices": tuple(raw.get("choices", ()))})


def _content(raw: dict[str, Any]) -> str:
    """Return what a version keeps: examples only help to fill in a form, so another one makes no new version."""
    fields = [{key: value for key, value in field.items() if key != "example"} for field in raw["fields"]]
    return json.dumps({**raw, "fields": fields}, sort_keys=True)

"""Prompt templates: files in prompts/, made immutable versions on deploy, of which one each is published.

Everything that a customer sees or runs is the published version, as the database has it. Only while a database has
never been published to do the files speak for themselves: then the first start publishes them.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import yaml
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.db import system_scope
from apps.core.errors import DomainError
from apps.generation import answer_policies, catalogue, output_schema, policies
from apps.generation.answer_policies import Policy
from apps.generation.models import PromptTemplateVersion, PublishedTemplate
from apps.generation.policies import DEFAULTS, Policies

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


_FIELD_NAMES = {each.name for each in fields(Field)}


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
    policy: Policy = field(default_factory=Policy)
    policies: Policies = DEFAULTS
    # Whether people choose it: what the product starts by itself is in no list.
    listed: bool = True
    # The published version that this is; None for a file that no release has published yet.
    version: PromptTemplateVersion | None = field(default=None, compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """The hash of everything that the file says, but for its examples."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def example(self) -> dict[str, str]:
        """Inputs to try this template with, by field; empty texts where the file names none."""
        return {each.name: each.example for each in self.fields}

    def messages(self, inputs: dict[str, str]) -> tuple[dict[str, str], ...]:
        """Return the prompt for these inputs."""
        return _messages(system=self.system, user=self.user, inputs=policies.outgoing_inputs(self.policies, inputs))


def get_template(slug: str) -> PromptTemplate:
    """Return a published template that people choose. One query. Raises UnknownTemplateError."""
    template = find_template(slug)
    if template is None or not template.listed:
        raise UnknownTemplateError
    return template


def find_template(slug: str) -> PromptTemplate | None:
    """Return a published template, listed or not; or None. One query."""
    return next((template for template in list_all() if template.slug == slug), None)


def list_templates() -> list[PromptTemplate]:
    """Return the published templates that people choose from, by name. One query, in any scope or none."""
    return [template for template in list_all() if template.listed]


def list_all() -> list[PromptTemplate]:
    """Return all published templates by name, also those that the product starts by itself. One query.

    On a laptop nobody makes releases: there a process publishes its files when it is first asked.
    """
    if settings.DEBUG:
        _publish_once()
    published = [_of_version(row.version) for row in PublishedTemplate.objects.select_related("version")]
    return sorted(published or _templates().values(), key=lambda template: template.name)


def list_files() -> list[PromptTemplate]:
    """Return the templates as the files of this checkout describe them, by name. No query."""
    return sorted(_templates().values(), key=lambda template: template.name)


def get_file(slug: str) -> PromptTemplate:
    """Return a template as its file describes it. No query. Raises UnknownTemplateError."""
    if slug not in _templates():
        raise UnknownTemplateError
    return _templates()[slug]


def ensure_version(template: PromptTemplate) -> PromptTemplateVersion:
    """Return the stored version of a template; what no release has published yet is published now."""
    if template.version is not None:
        return template.version
    found = PromptTemplateVersion.objects.filter(slug=template.slug, fingerprint=template.fingerprint)
    version = found.first()
    if version is None:
        publish_all()
        version = found.get()
    return version


def publish_all() -> list[PromptTemplateVersion]:
    """Publish every template whose file has changed since it was last deployed; return the versions published.

    A file that has not changed leaves what staff have chosen as it is. A template without a file is unpublished.
    """
    files = _templates()
    with system_scope():
        _lock()
        current = {row.slug: row for row in PublishedTemplate.objects.all()}
        published = [
            _publish(template)
            for slug, template in files.items()
            if slug not in current or current[slug].deployed_fingerprint != template.fingerprint
        ]
        PublishedTemplate.objects.exclude(slug__in=files).delete()
    return published


def messages_of(version: PromptTemplateVersion, inputs: dict[str, str]) -> tuple[dict[str, str], ...]:
    """Return the prompt that a stored version makes of these inputs, whatever its file says today."""
    sent = policies.outgoing_inputs(policies.of(version.content), inputs)
    return _messages(system=version.content["system"], user=version.content["user"], inputs=sent)


@cache
def _publish_once() -> None:
    publish_all()


def _lock() -> None:
    """Let one process publish at a time, until its transaction ends: versions are counted. Readers do not wait."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE generation_publishedtemplate IN SHARE ROW EXCLUSIVE MODE")


def _publish(template: PromptTemplate) -> PromptTemplateVersion:
    versions = PromptTemplateVersion.objects.filter(slug=template.slug)
    version = versions.filter(fingerprint=template.fingerprint).first()
    if version is None:
        version = PromptTemplateVersion.objects.create(
            slug=template.slug,
            number=versions.count() + 1,
            fingerprint=template.fingerprint,
            content=json.loads(template.content),
        )
    chosen = {"version": version, "published_by": None, "published_at": timezone.now()}
    deployed = {"deployed_fingerprint": template.fingerprint}
    PublishedTemplate.objects.update_or_create(slug=template.slug, defaults=chosen | deployed)
    return version


def _of_version(version: PromptTemplateVersion) -> PromptTemplate:
    """Return a template as its stored version describes it; examples come from its file, which may be newer."""
    content, file = version.content, _templates().get(version.slug)
    template = _template(version.slug, content)
    examples = file.example if file else {}
    shown = tuple(replace(each, example=_example_for(each, examples.get(each.name, ""))) for each in template.fields)
    return replace(template, fields=shown, version=version)


def _example_for(field: Field, example: str) -> str:
    fits = len(example) <= field.characters_max and (not field.choices or example in field.choices)
    return example if fits else ""


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
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "output" in raw:
            raw["output"] = {**raw["output"], "schema": output_schema.ordered(raw["output"].get("schema"))}
        unknown = [name for each in raw["fields"] for name in each if name not in _FIELD_NAMES]
        template = _template(path.stem, raw)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidTemplateError(f"{path.name}: {error}") from error
    if unknown:
        raise InvalidTemplateError(f"{path.name}: a field knows nothing of {', '.join(unknown)}.")
    for each in template.fields:
        if each.example and each.choices and each.example not in each.choices:
            raise InvalidTemplateError(f"{path.name}: {each.example!r} is no choice of {each.name}.")
        if len(each.example) > each.characters_max:
            raise InvalidTemplateError(f"{path.name}: the example of {each.name} is too long.")
    if not isinstance(template.listed, bool):
        raise InvalidTemplateError(f"{path.name}: listed is true or false.")
    _check_models(raw, path=path)
    return template


def _check_models(raw: Mapping[str, Any], *, path: Path) -> None:
    task, models = raw.get("task", ""), raw.get("models", [])
    if task and not (isinstance(task, str) and catalogue.is_task(task)):
        raise InvalidTemplateError(f"{path.name}: {task!r} is no task of catalogue.yaml.")
    if not isinstance(models, list) or not all(isinstance(name, str) and catalogue.find(name) for name in models):
        raise InvalidTemplateError(f"{path.name}: {models!r} is no list of models of catalogue.yaml.")


def _template(slug: str, raw: Mapping[str, Any]) -> PromptTemplate:
    """Read a file's content, or a version's: what this release knows nothing of, a newer one may have written."""
    texts = {key: raw[key] for key in ("name", "description", "output_tokens_max", "system", "user")}
    inputs = tuple(_field(each) for each in raw["fields"])
    return PromptTemplate(
        slug=slug,
        fields=inputs,
        content=_content(raw),
        # A version may be older than the catalogue.
        task=raw.get("task", ""),
        models=tuple(raw.get("models", ())),
        policy=answer_policies.parse(raw),
        policies=policies.of(raw),
        listed=raw.get("listed", True),
        **texts,
    )


def _field(raw: Mapping[str, Any]) -> Field:
    known = {name: value for name, value in raw.items() if name in _FIELD_NAMES}
    return Field(**{**known, "choices": tuple(raw.get("choices", ()))})


def _content(raw: Mapping[str, Any]) -> str:
    """Return what a version keeps: examples only help to fill in a form, so another one makes no new version."""
    inputs = [{key: value for key, value in each.items() if key != "example"} for each in raw["fields"]]
    return json.dumps({**raw, "fields": inputs}, sort_keys=True)

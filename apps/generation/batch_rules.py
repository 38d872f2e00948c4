"""What a row has to fulfil: the rules of the composer's form, asked cell by cell, since a form per row is slow."""

from collections.abc import Mapping, Sequence

from django import forms
from django.core.exceptions import ValidationError

from apps.generation.forms import ComposerForm
from apps.generation.prompts import PromptTemplate


class RowError(ValueError):
    """A row does not fit its template; the text says which column, and why."""


class RowRules:
    """The rules of one template for the rows of one file."""

    def __init__(self, *, template: PromptTemplate, positions: Mapping[str, int]) -> None:
        form = ComposerForm(template=template, models=[""])
        self._fields = [(spec, form.fields[spec.name], positions[spec.name]) for spec in template.fields]
        self._choices = {
            spec.name: {choice.strip().casefold(): choice for choice in spec.choices} for spec in template.fields
        }

    def inputs_of(self, cells: Sequence[str]) -> dict[str, str]:
        """Return the inputs that a row stands for, as the composer would have sent them. Raises RowError."""
        inputs, problems = {}, []
        for spec, field, place in self._fields:
            try:
                inputs[spec.name] = self._clean(spec.name, field, cells[place])
            except ValidationError as error:
                problems.append(f"“{spec.label}”: {' '.join(error.messages)}")
        if problems:
            raise RowError(" ".join(problems))
        return inputs

    def _clean(self, name: str, field: forms.Field, text: str) -> str:
        choices = self._choices[name]
        return str(field.clean(choices.get(text.strip().casefold(), text) if choices else text))

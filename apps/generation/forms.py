"""The composer's form: made from a prompt template's fields, with the same limits in the browser and here."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.text import storable
from apps.generation.prompts import Field, PromptTemplate

IDEMPOTENCY_KEY_LENGTH_MAX = 64


class TextField(forms.CharField):
    """A text input with limits in characters and words. Line ends count as one character, as browsers count them."""

    def __init__(self, *, spec: Field, **options: Any) -> None:
        self.spec = spec
        super().__init__(max_length=spec.characters_max, label=spec.label, strip=False, **options)

    def to_python(self, value: Any) -> str:
        """Return the text as it is kept: exactly, but for what cannot be stored and the form of line ends."""
        return str(super().to_python(storable(str(value or "")).replace("\r\n", "\n").replace("\r", "\n")))

    def validate(self, value: str) -> None:
        """Refuse too few or too many words."""
        super().validate(value.strip())
        words, least, most = len(value.split()), self.spec.words_min, self.spec.words_max
        if words < least:
            raise ValidationError(_too_few(least), code="words_min")
        if most and words > most:
            raise ValidationError(_too_many(most), code="words_max")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Let the browser know the limits, and what it says beyond them."""
        attributes = super().widget_attrs(widget) | {"placeholder": self.spec.placeholder}
        if least := self.spec.words_min:
            attributes |= {"data-words-min": least, "data-words-min-message": _too_few(least)}
        if most := self.spec.words_max:
            attributes |= {"data-words-max": most, "data-words-max-message": _too_many(most)}
        return attributes


class ComposerForm(forms.Form):
    """What every submission carries, whatever its template."""

    template = forms.SlugField(widget=forms.HiddenInput)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=IDEMPOTENCY_KEY_LENGTH_MAX)

    def __init__(self, data: Any = None, *, template: PromptTemplate, models: list[str], **options: Any) -> None:
        super().__init__(data, **options)
        self.prompt_template = template
        for spec in template.fields:
            self.fields[spec.name] = _form_field(spec)
        self.fields["model"] = forms.ChoiceField(
            label=_("Model"), choices=[(model, model) for model in models], required=False
        )
        self.models = models

    def inputs(self) -> dict[str, str]:
        """Return the cleaned values of the template's own fields."""
        return {spec.name: self.cleaned_data[spec.name] for spec in self.prompt_template.fields}

    def model(self) -> str:
        """Return the chosen model, or the first that is offered."""
        return str(self.cleaned_data["model"] or self.models[0])


def _form_field(spec: Field) -> forms.Field:
    if spec.kind == "select":
        return forms.ChoiceField(label=spec.label, choices=[(choice, choice) for choice in spec.choices])
    widget = forms.Textarea(attrs={"rows": 6}) if spec.kind == "textarea" else forms.TextInput()
    return TextField(spec=spec, widget=widget)


def _too_few(least: int) -> str:
    message = ngettext("Please write at least %(least)d word.", "Please write at least %(least)d words.", least)
    return message % {"least": least}


def _too_many(most: int) -> str:
    message = ngettext("Please keep to %(most)d word at most.", "Please keep to %(most)d words at most.", most)
    return message % {"most": most}

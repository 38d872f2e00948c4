"""The composer's form: made from a prompt template's fields, with the same limits in the browser and here."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.text import storable
from apps.generation import policies
from apps.generation.model_names import model_label, price_hint
from apps.generation.prompts import Field, PromptTemplate

IDEMPOTENCY_KEY_LENGTH_MAX = 64
TEXTAREA_ROWS = 5


class TextField(forms.CharField):
    """A text input with limits in characters and words. Line ends count as one character, as browsers count them."""

    def __init__(self, *, spec: Field, **options: Any) -> None:
        self.spec = spec
        super().__init__(
            max_length=spec.characters_max, label=spec.label, help_text=_words_hint(spec), strip=False, **options
        )

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
        """Let the browser know the limits, what it says beyond them, and the example."""
        attributes = super().widget_attrs(widget) | {"placeholder": self.spec.placeholder} | _example(self.spec)
        if least := self.spec.words_min:
            attributes |= {"data-words-min": least, "data-words-min-message": _too_few(least)}
        if most := self.spec.words_max:
            attributes |= {"data-words-max": most, "data-words-max-message": _too_many(most)}
        return attributes


class ModelSelect(forms.Select):
    """A choice of models, each with its price, for the browser to show beside the chosen one.

    Those in `locked` are shown with the plan that includes them, and cannot be chosen.
    """

    locked: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **more: Any) -> dict[str, Any]:
        """Return an option with its price."""
        option = super().create_option(name, value, *args, **more)
        option["attrs"]["data-hint"] = price_hint(str(value))
        if plan := self.locked.get(str(value)):
            option["label"] = _("%(model)s (in %(plan)s)") % {"model": option["label"], "plan": plan}
            option["attrs"].pop("selected", None)
            option["attrs"]["disabled"] = True
        return option


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
            label=_("Model"),
            choices=[(model, model_label(model)) for model in models],
            required=False,
            widget=ModelSelect,
        )
        self.models = models
        self.locked: Mapping[str, str] = {}
        self["model"].help_text = price_hint(self.shown_model())

    def clean(self) -> dict[str, Any]:
        """Refuse what the template does not send, at the field in which it stands."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for spec in self.prompt_template.fields:
            found = policies.examine(self.prompt_template.policies, [str(cleaned.get(spec.name, ""))])
            if refused := found.get(policies.Action.REFUSE):
                error = ValidationError(policies.refusal_sentence(refused), code=policies.InputRefusedError.code)
                self.add_error(spec.name, error)
        return cleaned

    def lock(self, models: Mapping[str, str]) -> None:
        """Show that the plan does not include some models: the name of each, and of the plan that does.

        Sending one all the same passes the form: who starts the generation refuses it, and says which plan has it.
        """
        self.locked = models
        self.fields["model"].widget.locked = models
        self["model"].help_text = price_hint(self.shown_model())

    def locked_by_plan(self) -> dict[str, list[str]]:
        """Return the readable names of the locked models by the plan that includes them."""
        plans: dict[str, list[str]] = {}
        for model, plan in self.locked.items():
            plans.setdefault(plan, []).append(model_label(model))
        return plans

    def inputs(self) -> dict[str, str]:
        """Return the cleaned values of the template's own fields."""
        return {spec.name: self.cleaned_data[spec.name] for spec in self.prompt_template.fields}

    def model(self) -> str:
        """Return the chosen model, or the first that is offered."""
        return str(self.cleaned_data["model"] or self.models[0])

    def shown_inputs(self) -> dict[str, str]:
        """Return what the fields of the template show now, valid or not."""
        return {spec.name: str(self[spec.name].value() or "") for spec in self.prompt_template.fields}

    def shown_model(self) -> str:
        """Return the model that the form shows; the first that can be chosen where it shows none."""
        open_models = [model for model in self.models if model not in self.locked] or self.models
        shown = self["model"].value()
        return shown if shown in open_models else open_models[0]


def _form_field(spec: Field) -> forms.Field:
    if spec.kind == "select":
        choices = [(choice, choice) for choice in spec.choices]
        return forms.ChoiceField(label=spec.label, choices=choices, widget=forms.Select(attrs=_example(spec)))
    widget = forms.Textarea(attrs={"rows": TEXTAREA_ROWS}) if spec.kind == "textarea" else forms.TextInput()
    return TextField(spec=spec, widget=widget)


def _example(spec: Field) -> dict[str, str]:
    return {"data-example": spec.example} if spec.example else {}


def _words_hint(spec: Field) -> str:
    if spec.words_min and spec.words_max:
        return _("%(least)s to %(most)s words.") % {
            "least": number_format(spec.words_min),
            "most": number_format(spec.words_max, force_grouping=True),
        }
    return ""


def _too_few(least: int) -> str:
    message = ngettext("Please write at least %(least)d word.", "Please write at least %(least)d words.", least)
    return message % {"least": least}


def _too_many(most: int) -> str:
    message = ngettext("Please keep to %(most)d word at most.", "Please keep to %(most)d words at most.", most)
    return message % {"most": most}

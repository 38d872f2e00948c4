"""The form of how a person likes to be written for: choices alone, because each becomes a sentence of ours."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.generation import prompts
from apps.generation.models import Preference


class PreferenceForm(forms.Form):
    """Tone, language and the template that the composer opens with."""

    tone = forms.ChoiceField(
        label=_("Tone"),
        choices=Preference.Tone.choices,
        help_text=_("A tone that you choose in a template's own form goes before this one."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=Preference.Language.choices)
    template = forms.ChoiceField(
        label=_("Start with"), required=False, help_text=_("The template that the composer opens with.")
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        listed = [(template.slug, template.name) for template in prompts.list_templates()]
        choice = self.fields["template"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("The first of the list")), *listed]

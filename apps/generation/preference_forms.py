"""The form of how a person likes to be written for: choices alone, because each becomes a sentence of ours."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.generation import prompts, rollouts
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

    def __init__(self, data: Any = None, *, user: User, **options: Any) -> None:
        super().__init__(data, **options)
        offered = rollouts.read_withheld(user).templates(prompts.list_templates())
        listed = [(template.slug, template.name) for template in offered]
        choice = self.fields["template"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("The first of the list")), *listed]

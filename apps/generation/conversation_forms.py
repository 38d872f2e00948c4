"""The forms of a conversation's page: the next message, and what the conversation is called."""

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from apps.core.text import storable
from apps.generation import conversations, prompts
from apps.generation.forms import IDEMPOTENCY_KEY_LENGTH_MAX, TextField
from apps.generation.models import Conversation
from apps.generation.prompts import PromptTemplate

FOLLOW_UP = "follow-up"
ROWS = 3


class FollowUpForm(forms.Form):
    """The next message of a conversation: which one it follows, and its text."""

    parent = forms.UUIDField(widget=forms.HiddenInput)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=IDEMPOTENCY_KEY_LENGTH_MAX)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        (spec,) = self.prompt_template.fields
        self.fields["text"] = TextField(spec=spec, widget=forms.Textarea(attrs={"rows": ROWS}))

    @cached_property
    def prompt_template(self) -> PromptTemplate:
        """The template that messages are made with."""
        template = prompts.find_template(FOLLOW_UP)
        assert template is not None, f"prompts/{FOLLOW_UP}.yaml is part of the product"
        return template

    def inputs(self) -> dict[str, str]:
        """Return the template's input."""
        return {"text": self.cleaned_data["text"]}


class LabelForm(forms.Form):
    """What a conversation is called, and its tags."""

    title = forms.CharField(label=_("Title"), max_length=Conversation._meta.get_field("title").max_length)
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=conversations.TAGS_MAX * (conversations.TAG_CHARACTERS + 2),
        help_text=_("Between commas, for example: spring, newsletter."),
    )

    def clean_title(self) -> str:
        """Keep it in one line."""
        title = " ".join(storable(str(self.cleaned_data["title"])).split())
        if not title:
            raise forms.ValidationError(_("Give it a title."))
        return title

    def clean_tags(self) -> list[str]:
        """Refuse too many tags, and too long ones."""
        tags = conversations.parse_tags(storable(str(self.cleaned_data["tags"])))
        if len(tags) > conversations.TAGS_MAX:
            most = conversations.TAGS_MAX
            raise forms.ValidationError(ngettext_lazy("Keep to %d tag.", "Keep to %d tags.", most) % most)
        if any(len(tag) > conversations.TAG_CHARACTERS for tag in tags):
            most = conversations.TAG_CHARACTERS
            raise forms.ValidationError(
                ngettext_lazy("A tag has at most %d character.", "A tag has at most %d characters.", most) % most
            )
        return tags

"""The contact form."""

import re
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.text import storable
from apps.pages.models import ContactMessage

MESSAGE_CHARACTERS_MIN, MESSAGE_CHARACTERS_MAX = 10, 4000
PAGE_CHARACTERS_MAX = 200
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class ContactForm(forms.Form):
    """A message to us. The hidden key makes a form that is sent twice count once; people never see `website`."""

    reply_to = forms.EmailField(
        label=_("Your e-mail address"),
        max_length=254,
        help_text=_("We answer to this address and use it for nothing else."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    topic = forms.ChoiceField(label=_("What is it about?"), choices=ContactMessage.Topic.choices)
    message = forms.CharField(
        label=_("Your message"),
        min_length=MESSAGE_CHARACTERS_MIN,
        max_length=MESSAGE_CHARACTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    request_id = forms.RegexField(
        label=_("Request id"),
        regex=rf"^{REQUEST_ID.pattern}$",
        required=False,
        help_text=_("From the error that you saw. With it we find what happened."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    page = forms.CharField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    website = forms.CharField(label=_("Leave this empty"), required=False)

    def clean_message(self) -> str:
        """Return the message as it can be kept."""
        return storable(self.cleaned_data["message"])

    def clean_page(self) -> str:
        """Return where the person came from, cut rather than refused."""
        return storable(self.cleaned_data["page"])[:PAGE_CHARACTERS_MAX]

    def visible(self) -> list[forms.BoundField]:
        """Return the fields that a person fills in."""
        return [self[name] for name in ("reply_to", "topic", "message", "request_id")]

    @property
    def is_from_a_machine(self) -> bool:
        """Whether the field was filled in that no person can see."""
        return bool(self.cleaned_data["website"])


def initial_values(query: dict[str, str], *, email: str) -> dict[str, Any]:
    """Return what a link to the form says already; anything odd in it is left out."""
    request_id = query.get("request_id", "")
    known_id = request_id if REQUEST_ID.fullmatch(request_id) else ""
    topic = query.get("topic", "")
    fallback = ContactMessage.Topic.PROBLEM if known_id else ContactMessage.Topic.QUESTION
    return {
        "reply_to": email,
        "topic": topic if topic in ContactMessage.Topic.values else fallback,
        "request_id": known_id,
        "page": storable(query.get("page", ""))[:PAGE_CHARACTERS_MAX],
    }

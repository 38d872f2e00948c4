"""`/dev/components/`: every part of the design on one page, for whoever changes it or builds a page with it."""

from typing import NamedTuple

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path


class Color(NamedTuple):
    """A colour of the theme, with the class that fills a surface with it."""

    name: str
    classes: str


# Written out, so that the compiler of the stylesheet finds each class.
COLORS = [
    Color("primary", "bg-primary text-primary-content"),
    Color("secondary", "bg-secondary text-secondary-content"),
    Color("accent", "bg-accent text-accent-content"),
    Color("neutral", "bg-neutral text-neutral-content"),
    Color("info", "bg-info text-info-content"),
    Color("success", "bg-success text-success-content"),
    Color("warning", "bg-warning text-warning-content"),
    Color("error", "bg-error text-error-content"),
    Color("base-100", "bg-base-100 text-base-content"),
    Color("base-200", "bg-base-200 text-base-content"),
    Color("base-300", "bg-base-300 text-base-content"),
]


class SampleForm(forms.Form):
    """One of each control."""

    name = forms.CharField(label="A text", help_text="Help stands below the control.")
    wrong = forms.CharField(label="A text with an error")
    choice = forms.ChoiceField(label="A choice", choices=[("a", "One"), ("b", "Another")], required=False)
    text = forms.CharField(label="A longer text", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label="A box to tick, whose words may well take more than one line", required=False)
    kind = forms.ChoiceField(
        label="One of a few", choices=[("a", "First"), ("b", "Second")], widget=forms.RadioSelect, required=False
    )


def components(request: HttpRequest) -> HttpResponse:
    """Show every component with its states."""
    form = SampleForm({"name": "Written", "wrong": "", "kind": "a"})
    icons = sorted(file.stem for file in (settings.BASE_DIR / "templates" / "icons").glob("*.svg"))
    context = {"colors": COLORS, "form": form, "icons": icons}
    return render(request, "dev/components.html", context)


urlpatterns = [path("", components, name="dev_components")]

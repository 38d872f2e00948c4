"""The form that a batch is uploaded with."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import DomainError
from apps.generation.forms import ModelSelect
from apps.generation.model_names import model_label, price_hint
from apps.generation.prompts import PromptTemplate


class FileTooLargeError(DomainError):
    """The file is larger than what a batch may be."""

    code = "file_too_large"
    status = 413

    def __init__(self) -> None:
        most = filesizeformat(settings.BATCH_FILE_BYTES_MAX)
        super().__init__(_("This file is larger than %(most)s. Split it into several files.") % {"most": most})


class UploadForm(forms.Form):
    """A template, a model and a file."""

    template = forms.SlugField(widget=forms.HiddenInput)
    model = forms.ChoiceField(label=gettext_lazy("Model"), required=False, widget=ModelSelect)
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv,text/tab-separated-values"}),
    )

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        template: PromptTemplate,
        models: list[str],
        locked: Mapping[str, str],
    ) -> None:
        super().__init__(data, files, initial={"template": template.slug})
        choice = self.fields["model"]
        assert isinstance(choice, forms.ChoiceField)
        assert isinstance(choice.widget, ModelSelect)
        # Where there is but one, the page does not ask.
        choice.required = len(models) > 1
        choice.choices = [(model, model_label(model)) for model in models]
        choice.widget.locked = locked
        self.models = models
        open_models = [model for model in models if model not in locked] or models
        choice.help_text = price_hint(open_models[0])

    def chosen_model(self) -> str:
        """Return the chosen model, or the first that is offered."""
        return str(self.cleaned_data["model"] or self.models[0])

    def chosen_file(self) -> "UploadedFile[Any]":
        """Return the file. Raises FileTooLargeError."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size is None or file.size > settings.BATCH_FILE_BYTES_MAX:
            raise FileTooLargeError
        return file

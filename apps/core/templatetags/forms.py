"""The look of form controls, kept out of the forms themselves: `{{ field|control }}`."""

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.safestring import SafeString

register = template.Library()

_CLASSES: list[tuple[type[forms.Widget], str]] = [
    (forms.RadioSelect, "choices"),
    (forms.CheckboxSelectMultiple, "choices"),
    (forms.CheckboxInput, "checkbox"),
    (forms.Select, "select"),
    (forms.Textarea, "textarea"),
    (forms.FileInput, "file-input"),
    (forms.Widget, "input"),
]


@register.filter
def control(field: BoundField) -> SafeString:
    """Return the field's control with the class of its kind, tied to its help and its errors for screen readers."""
    kind = next(name for widget, name in _CLASSES if isinstance(field.field.widget, widget))
    given = field.field.widget.attrs
    notes = [f"{field.auto_id}_helptext"] if field.help_text else []
    attributes: dict[str, str | bool] = {"class": f"{kind} {given.get('class', '')}".strip()}
    if field.errors:
        notes.append(f"{field.auto_id}_error")
        attributes["aria-invalid"] = "true"
    if notes and not field.use_fieldset:
        attributes["aria-describedby"] = " ".join(notes)
    return field.as_widget(attrs=attributes)

"""Kill switches and gradual rollouts in the admin: chosen from what there is, so that no switch stops nothing."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import audit
from apps.core.admin import ModelAdmin
from apps.core.admin_links import badge
from apps.generation import catalogue, prompts, rollouts, switches
from apps.generation.models import Flag, Switch
from apps.generation.switches import Feature, Part

if TYPE_CHECKING:
    SwitchFormBase = forms.ModelForm[Switch]
    FlagFormBase = forms.ModelForm[Flag]
else:
    SwitchFormBase = FlagFormBase = forms.ModelForm

Choices = list[tuple[str | Promise, Any]]


class SwitchForm(SwitchFormBase):
    """What is to be stopped, out of what there is, and what people are told."""

    class Meta:
        model = Switch
        fields = ["name", "active", "stops_running", "reason", "note"]
        help_texts = {"note": gettext_lazy("For your colleagues; customers do not see it.")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _choose(self, list_switch_choices())

    def clean(self) -> dict[str, Any]:
        """Ask for a reason while it stops something: people read it, and wonder without one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("active") and not cleaned.get("reason", "").strip():
            self.add_error("reason", _("Say why: people read it where they would have started something."))
        return cleaned


class FlagForm(FlagFormBase):
    """What is offered to some people only, out of what there is, and to whom."""

    class Meta:
        model = Flag
        fields = ["name", "everyone", "percent", "staff", "superusers", "groups", "users", "note"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _choose(self, list_flag_choices())


@admin.register(Switch)
class SwitchAdmin(ModelAdmin):
    """What is stopped, and why. Every process asks before each call of a model, so a change acts at once."""

    form = SwitchForm
    list_display = ["what", "state", "stops_running", "reason", "modified"]
    list_filter = ["active"]
    search_fields = ["name"]
    ordering = ["-active", "name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Switch | None = None) -> list[str]:
        """Keep what a switch is for: another thing is another switch."""
        return ["name"] if obj else []

    def save_model(self, request: HttpRequest, obj: Switch, form: Any, change: bool) -> None:
        """Keep it, and write down in words what was stopped, or goes on."""
        super().save_model(request, obj, form, change)
        _record_flip(request, obj, is_stopped=obj.active)

    def delete_model(self, request: HttpRequest, obj: Switch) -> None:
        """Take it away: what it stopped goes on."""
        _record_flip(request, obj, is_stopped=False)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Take several away."""
        for switch in queryset:
            self.delete_model(request, switch)

    @admin.display(description=gettext_lazy("what"), ordering="name")
    def what(self, switch: Switch) -> str:
        """Return what it stops; one that was made elsewhere may name nothing that is there."""
        return _label(switch.name, list_switch_choices()) or _("%(name)s: there is nothing of this name") % {
            "name": switch.name
        }

    @admin.display(description=gettext_lazy("state"), ordering="active")
    def state(self, switch: Switch) -> SafeString:
        """Show in color whether it stops something now."""
        return badge("failed", label=_("Stopped")) if switch.active else badge("succeeded", label=_("Runs"))


@admin.register(Flag)
class FlagAdmin(ModelAdmin):
    """What is rolled out gradually, and to whom."""

    form = FlagForm
    list_display = ["what", "everyone", "percent", "staff", "note", "modified"]
    search_fields = ["name"]
    ordering = ["name"]
    filter_horizontal = ["groups"]
    raw_id_fields = ["users"]

    def get_readonly_fields(self, request: HttpRequest, obj: Flag | None = None) -> list[str]:
        """Keep what a rollout is for, and with it who is among its percents."""
        return ["name"] if obj else []

    @admin.display(description=gettext_lazy("what"), ordering="name")
    def what(self, flag: Flag) -> str:
        """Return what is rolled out."""
        return _label(flag.name, list_flag_choices()) or flag.name


def list_switch_choices() -> Choices:
    """Return what can be stopped, by its kind."""
    features = [(switches.name_of(Part.FEATURE, value), label) for value, label in Feature.choices]
    providers = [(switches.name_of(Part.PROVIDER, one.name), one.name) for one in catalogue.load().providers]
    return [
        (switches.ALL, _("All generation")),
        (Part.FEATURE.label, features),
        (Part.TEMPLATE.label, [(switches.name_of(Part.TEMPLATE, slug), name) for slug, name in _templates()]),
        (Part.MODEL.label, [(switches.name_of(Part.MODEL, model), model) for model in _models()]),
        (Part.PROVIDER.label, providers),
    ]


def list_flag_choices() -> Choices:
    """Return what can be rolled out gradually, by its kind."""
    return [
        (Part.TEMPLATE.label, [(rollouts.TEMPLATE + slug, name) for slug, name in _templates()]),
        (Part.MODEL.label, [(rollouts.MODEL + model, model) for model in _models()]),
    ]


def _templates() -> list[tuple[str, str]]:
    return [(template.slug, template.name) for template in prompts.list_all()]


def _models() -> list[str]:
    stand_ins = [name for model in catalogue.offered() for name in catalogue.describe(model).fallbacks]
    return list(dict.fromkeys([*catalogue.offered(), *stand_ins]))


def _choose(form: Any, choices: Choices) -> None:
    """Let the name be chosen; a row that exists keeps its own."""
    if "name" in form.fields:
        form.fields["name"] = forms.ChoiceField(label=_("What"), choices=choices)


def _label(name: str, choices: Choices) -> str:
    for value, label in choices:
        if isinstance(label, list):
            found = next((inner for key, inner in label if key == name), None)
            if found is not None:
                return f"{value}: {found}"
        elif value == name:
            return str(label)
    return ""


def _record_flip(request: HttpRequest, switch: Switch, *, is_stopped: bool) -> None:
    audit.record(
        actor=f"user:{request.user.pk}",
        action="generation_stopped" if is_stopped else "generation_resumed",
        subject=switch.name[:128],
        stops_running=switch.stops_running,
        reason=switch.reason,
    )

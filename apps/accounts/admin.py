"""Users, workspaces and memberships in the admin."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Membership, User, Workspace

if TYPE_CHECKING:
    BaseUserAdmin = DjangoUserAdmin[User]
    BaseCreationForm = BaseUserCreationForm[User]
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Membership, Any]
else:
    BaseUserAdmin, BaseCreationForm = DjangoUserAdmin, BaseUserCreationForm
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline


class UserCreationForm(BaseCreationForm):
    """A new user, by e-mail address."""

    class Meta:
        model = User
        fields = ("email",)

    def clean_email(self) -> str:
        """Return the address as the database wants it: in lower case."""
        return str(self.cleaned_data["email"]).lower()


class MembershipInline(TabularInline):
    """The workspaces of a user, or the members of a workspace."""

    model = Membership
    extra = 0
    raw_id_fields = ["user", "workspace"]


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """People, found by their e-mail address."""

    add_form = UserCreationForm
    list_display = ["email", "name", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["email", "name"]
    ordering = ["-date_joined"]
    date_hierarchy = "date_joined"
    readonly_fields = ["last_login", "date_joined"]
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "password1", "password2"]})]


@admin.register(Workspace)
class WorkspaceAdmin(ModelAdmin):
    """Workspaces, found by their members."""

    list_display = ["name", "kind", "id", "created_at"]
    list_filter = ["kind"]
    search_fields = ["name", "id", "members__email"]
    readonly_fields = ["id", "created_at"]
    ordering = ["-created_at"]
    inlines = [MembershipInline]

    def has_delete_permission(self, request: Any, obj: Workspace | None = None) -> bool:
        """Refuse: money and usage hang on a workspace."""
        return False


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Who belongs where."""

    list_display = ["user", "workspace", "role", "created_at"]
    list_filter = ["role"]
    search_fields = ["user__email", "workspace__name"]
    list_select_related = ["user", "workspace"]
    raw_id_fields = ["user", "workspace"]

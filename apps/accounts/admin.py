"""Users, workspaces and memberships in the admin, and what every list of customers' rows has in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

# Imported before they are replaced below: importing them registers them.
import allauth.mfa.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin  # noqa: F401
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

# Imported to be registered: waitlist_admin.
from apps.accounts import api_keys, waitlist_admin, workspaces  # noqa: F401
from apps.accounts.admin_acts import UserActsAdmin, WorkspaceActsAdmin
from apps.accounts.devices import read_device
from apps.accounts.models import ApiKey, Invitation, Membership, User, Workspace
from apps.core.admin import CappedPaginator, ReadOnlyAdmin
from apps.core.admin_filters import TimeFilter, related_filter
from apps.core.admin_links import Related, link_to, page_link, related_links
from apps.core.db import system_scope
from apps.core.errors import DomainError

if TYPE_CHECKING:
    BaseUserAdmin = DjangoUserAdmin[User]
    BaseCreationForm = BaseUserCreationForm[User]
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Membership, Any]
else:
    BaseUserAdmin, BaseCreationForm = DjangoUserAdmin, BaseUserCreationForm
    ModelAdmin, TabularInline = admin.ModelAdmin, admin.TabularInline

# A search for customers stops here: "@" alone would otherwise name everybody.
CUSTOMERS_MAX = 200
CUSTOMER_SEARCH_HELP = _("An e-mail address or a part of it, a workspace's name, an id, or a request id.")


def find_users(text: str) -> list[User]:
    """Return the people whose address or name has this text in it, at most CUSTOMERS_MAX of them."""
    matching = Q(email__icontains=text) | Q(name__icontains=text)
    return list(User.objects.filter(matching).order_by("email")[:CUSTOMERS_MAX])


def find_workspace_ids(text: str) -> set[UUID]:
    """Return the workspaces with this text in their name or in a member's address."""
    of_people = Membership.objects.filter(user__email__icontains=text).values_list("workspace_id", flat=True)
    named = Workspace.objects.filter(name__icontains=text).values_list("pk", flat=True)
    return {*of_people[:CUSTOMERS_MAX], *named[:CUSTOMERS_MAX]}


class CustomerRowsAdmin(ReadOnlyAdmin):
    """Rows that belong to a workspace: found by its people, with a column that says whose they are.

    `workspace_field` is the foreign key to the workspace, or to a row that has the workspace's key.
    """

    workspace_field = "workspace"
    search_help_text = CUSTOMER_SEARCH_HELP

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Add the address of the workspace's owner to each row: no query for each."""
        owners = Membership.objects.filter(workspace=OuterRef(f"{self.workspace_field}_id"), role=Membership.Role.OWNER)
        addresses = owners.order_by("pk").values("user__email")[:1]
        rows: QuerySet[Any] = super().get_queryset(request).annotate(customer_email=Subquery(addresses))
        return rows

    def search_condition(self, term: str) -> Q:
        """Find the rows of customers, too."""
        return super().search_condition(term) | Q(**{f"{self.workspace_field}__in": find_workspace_ids(term)})

    @admin.display(description=_("customer"))
    def customer(self, row: Any) -> SafeString | str:
        """Link to the workspace by its owner's address."""
        key = getattr(row, f"{self.workspace_field}_id")
        return page_link("accounts.workspace", key, label=row.customer_email or key)


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
    fields = ["user", "workspace", "role", "other_side"]
    readonly_fields = ["other_side"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "workspace")

    @admin.display(description=_("page"))
    def other_side(self, membership: Membership) -> SafeString | str:
        """Link to the workspace from a user's page, and to the user from a workspace's."""
        return link_to(membership.workspace if self.parent_model is User else membership.user)


@admin.register(User)
class UserAdmin(UserActsAdmin, BaseUserAdmin):
    """People, found by their e-mail address."""

    add_form = UserCreationForm
    list_display = ["email", "name", "generations", "is_active", "is_staff", "date_joined", "last_login"]
    list_filter = [
        "is_active",
        ("suspended_at", admin.EmptyFieldListFilter),
        ("deletion_due_at", admin.EmptyFieldListFilter),
        "is_staff",
        "is_superuser",
        "groups",
    ]
    search_fields = ["email", "name"]
    # As they joined, by an index.
    ordering = ["-pk"]
    paginator = CappedPaginator
    readonly_fields = ["last_login", "date_joined", "suspended_at", "deletion_due_at", "erased_at", "see_also"]
    show_full_result_count = False
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "name", "time_zone", "password", "see_also"]}),
        (_("Permissions"), {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        (
            _("Dates"),
            {"fields": ["last_login", "date_joined", "suspended_at", "deletion_due_at", "erased_at"]},
        ),
    ]
    add_fieldsets = [(None, {"classes": ["wide"], "fields": ["email", "password1", "password2"]})]

    @admin.display(description=_("generations"))
    def generations(self, user: User) -> SafeString:
        """Link to what the person ran."""
        return related_links(_generations_of(user))

    @admin.display(description=_("see also"))
    def see_also(self, user: User) -> SafeString:
        """Link to everything that hangs on a person."""
        name = f"user:{user.pk}"
        return related_links(
            [
                *_generations_of(user),
                Related(_("Usage records"), "usage.usagerecord", {"user": user.pk}),
                Related(_("Ledger"), "billing.ledgerentry", {"q": user.email}),
                Related(_("Mails"), "core.outgoingmail", {"q": user.email}),
                Related(_("API keys"), "accounts.apikey", {"q": user.email}),
                Related(_("Audit log"), "core.auditentry", {"q": name}),
            ]
        )


def _generations_of(user: User) -> Sequence[Related]:
    return [
        Related(_("All generations"), "generation.generation", {"user": user.pk}),
        Related(_("Failed"), "generation.generation", {"user": user.pk, "status__exact": "failed"}),
    ]


@admin.register(Workspace)
class WorkspaceAdmin(WorkspaceActsAdmin):
    """Workspaces, found by their members."""

    list_display = ["name", "owner", "kind", "credits_link", "created_at"]
    list_filter = ["kind", ("suspended_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "id__exact", "members__email"]
    search_help_text = _("A member's e-mail address or a part of it, the name, or the id.")
    # Seats follow the plan, and a team is deleted by its owner.
    readonly_fields = ["id", "seat_limit", "deleted_at", "erased_at", "created_at", "suspended_at", "see_also"]
    show_full_result_count = False
    paginator = CappedPaginator
    ordering = ["-id"]
    inlines = [MembershipInline]
    actions = ["restore"]

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        """Refuse: money and usage hang on a workspace."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workspace]:
        """Add the owner's address to each row."""
        owners = Membership.objects.filter(workspace=OuterRef("pk"), role=Membership.Role.OWNER).order_by("pk")
        rows: QuerySet[Workspace] = super().get_queryset(request)
        return rows.annotate(owner_email=Subquery(owners.values("user__email")[:1]))

    def has_restore_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may open a workspace again."""
        return request.user.has_perm("accounts.suspend_workspace")

    @admin.action(description=_("Restore what was deleted"), permissions=["restore"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Workspace]) -> None:
        """Take the deletion of workspaces back, as far as that is possible."""
        assert isinstance(request.user, User)
        for workspace_id in queryset.values_list("pk", flat=True):
            try:
                with system_scope():
                    workspaces.restore(user=request.user, workspace_id=workspace_id, is_act_of_staff=True)
            except DomainError as refusal:
                self.message_user(request, f"{workspace_id}: {refusal.sentence}", messages.ERROR)

    @admin.display(description=_("owner"), empty_value="-")
    def owner(self, workspace: Any) -> str | None:
        """Return the owner's address."""
        address: str | None = workspace.owner_email
        return address

    @admin.display(description=_("credits"))
    def credits_link(self, workspace: Workspace) -> SafeString | str:
        """Link to the credit account."""
        return page_link("billing.creditaccount", workspace.pk, label=_("Credit account"))

    @admin.display(description=_("see also"))
    def see_also(self, workspace: Workspace) -> SafeString:
        """Link to everything that hangs on a workspace."""
        return related_links(related_to_workspace(workspace.pk))


def related_to_workspace(workspace_id: UUID) -> list[Related]:
    """Return the ways from a workspace to everything it has."""
    return [
        Related(_("Credit account"), "billing.creditaccount", {"q": workspace_id}),
        Related(_("Ledger"), "billing.ledgerentry", {"account": workspace_id}),
        Related(_("Holds"), "billing.hold", {"account": workspace_id}),
        Related(_("Grants"), "billing.creditgrant", {"account": workspace_id}),
        Related(_("Payments"), "billing.payment", {"workspace": workspace_id}),
        Related(_("Subscriptions"), "billing.subscription", {"workspace": workspace_id}),
        Related(_("Generations"), "generation.generation", {"workspace": workspace_id}),
        Related(_("Usage records"), "usage.usagerecord", {"workspace": workspace_id}),
        Related(_("Usage by day"), "usage.dailyusage", {"workspace": workspace_id}),
        Related(_("API keys"), "accounts.apikey", {"workspace": workspace_id}),
        Related(_("Audit log"), "core.auditentry", {"q": f"workspace:{workspace_id}"}),
    ]


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Who belongs where."""

    list_display = ["user", "workspace_link", "role", "created_at"]
    list_filter = ["role", related_filter("user", title=_("user")), related_filter("workspace", title=_("workspace"))]
    search_fields = ["user__email", "workspace__name"]
    list_select_related = ["user", "workspace"]
    raw_id_fields = ["user", "workspace"]
    show_full_result_count = False
    paginator = CappedPaginator

    @admin.display(description=_("workspace"), ordering="workspace__name")
    def workspace_link(self, membership: Membership) -> SafeString | str:
        """Link to the workspace."""
        return link_to(membership.workspace)


@admin.register(Invitation)
class InvitationAdmin(CustomerRowsAdmin):
    """Who was invited where, and what became of it; nothing here lets anybody in."""

    list_display = ["email", "customer", "role", "sent_at", "expires_at", "accepted_at", "revoked_at"]
    exclude = ["digest"]
    list_filter = ["role", related_filter("workspace", title=_("workspace"))]
    search_fields = ["email"]
    ordering = ["-id"]


# allauth's own ones search by user names, which our people do not have, and show secrets.
admin.site.unregister([UserSession, Authenticator, SocialAccount, SocialApp, SocialToken])


@admin.register(UserSession)
class UserSessionAdmin(ReadOnlyAdmin):
    """Where people are logged in, without the keys that let somebody in."""

    list_display = ["user", "device", "address", "created_at", "last_seen_at"]
    fields = ["user", "device", "address", "user_agent", "created_at", "last_seen_at"]
    readonly_fields = ["device", "address"]
    search_fields = ["ip"]
    search_help_text = _("An e-mail address, or the beginning of an IP address.")
    list_select_related = ["user"]
    date_hierarchy = "last_seen_at"
    ordering = ["-last_seen_at"]

    def search_condition(self, term: str) -> Q:
        """Find the sessions of a person, or from a network."""
        return Q(user__email=term.lower()) | Q(ip__startswith=term)

    @admin.display(description=_("browser"))
    def device(self, session: UserSession) -> str:
        """Return what the browser says it is."""
        return read_device(session.user_agent).name

    @admin.display(description=_("IP address"), ordering="ip")
    def address(self, session: UserSession) -> str:
        """Return where the person was last seen."""
        return str(session.ip)


@admin.register(ApiKey)
class ApiKeyAdmin(CustomerRowsAdmin):
    """The keys of programs, without what lets somebody in. "Revoke" goes with suspending a workspace."""

    list_display = ["created_at", "customer", "name", "prefix", "scopes", "last_used_at", "expires_at", "revoked_at"]
    list_filter = [
        ("revoked_at", admin.EmptyFieldListFilter),
        TimeFilter,
        related_filter("workspace", title=_("workspace")),
    ]
    search_fields = ["id", "prefix", "workspace"]
    ordering = ["-id"]
    exclude = ["secret_hash"]
    readonly_fields = ["customer", "see_also"]
    actions = ["revoke_selected"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Tell whether this member of staff may revoke keys."""
        return request.user.has_perm("accounts.suspend_workspace")

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        """End keys at once."""
        with system_scope():
            keys = list(queryset)
        for key in keys:
            api_keys.revoke_key(workspace_id=key.workspace_id, key_id=key.pk, actor=f"user:{request.user.pk}")
        messages.success(request, _("The keys are revoked."))

    def related(self, row: ApiKey) -> list[Related]:
        """Return the ways to what was done to the key."""
        return [Related(_("Audit log"), "core.auditentry", {"q": f"api_key:{row.pk}"})]


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnlyAdmin):
    """Which second factors people have; never what they are made of."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    fields = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    search_fields = ["user__email"]
    search_help_text = _("An e-mail address.")
    list_select_related = ["user"]
    ordering = ["-created_at"]

    def search_condition(self, term: str) -> Q:
        """Find the factors of a person."""
        return Q(user__email=term.lower())


@admin.register(SocialAccount)
class SocialAccountAdmin(ReadOnlyAdmin):
    """Which accounts elsewhere let people in."""

    list_display = ["user", "provider", "uid", "date_joined", "last_login"]
    fields = ["user", "provider", "uid", "date_joined", "last_login"]
    list_filter = ["provider"]
    search_fields = ["uid"]
    search_help_text = _("An e-mail address, or the id at the provider.")
    list_select_related = ["user"]
    time_field = "date_joined"
    ordering = ["-date_joined"]

    def search_condition(self, term: str) -> Q:
        """Find the connections of a person, or one by its id."""
        return Q(user__email=term.lower()) | Q(uid=term)

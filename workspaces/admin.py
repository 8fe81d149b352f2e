"""The operators' view of people and workspaces; tiers, staff and service tokens are kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.template.response import TemplateResponse
from django.utils import timezone

from common.admin import AnyModelAdmin, ReadOnlyAdmin, shown_fields
from workspaces.authentication import issue_service_token
from workspaces.enums import Tier
from workspaces.leaving import promised_by
from workspaces.models import (
    Client,
    ClientInvitation,
    ClientVisit,
    Invitation,
    Membership,
    PlanChange,
    ServiceToken,
    User,
    UserProfile,
    Workspace,
)
from workspaces.services.plans import change_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


class NewUserForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A user by e-mail."""

    class Meta:
        model = User
        fields = ("email", "name")
        field_classes: ClassVar[dict[str, Any]] = {}


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    """Who may sign in, and who operates. People are switched off, never deleted."""

    add_form = NewUserForm
    form = forms.ModelForm
    list_display = ("email", "name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name", "=id")
    ordering = ("email",)
    fieldsets = (
        (None, {"fields": ("email", "name")}),
        (
            "Rights",
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "password1", "password2")}),)
    readonly_fields = ("last_login", "date_joined")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only a superuser gives rights; others could give them to themselves."""
        kept = super().get_readonly_fields(request, obj)
        if request.user.is_superuser:
            return kept
        return (*kept, "email", "is_staff", "is_superuser", "groups", "user_permissions")

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """Who is switched off keeps what they have promised: the operator is told what that is."""
        super().save_model(request, obj, form, change)
        if change and "is_active" in form.changed_data and not obj.is_active:
            memberships = obj.memberships.select_related("workspace", "user")
            words = _promised_words(memberships)
            if words:
                self.message_user(request, f"Still promised: {words}.", messages.WARNING)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _promised_words(memberships: Iterable[Membership]) -> str:
    """What is to be handed over before these end, by workspace; blank for nothing."""
    now = timezone.now()
    return "; ".join(
        f"{membership.workspace.name}: {', '.join(one.words for one in promised)}"
        for membership in memberships
        if (promised := promised_by(membership, now))
    )


@admin.register(Workspace)
class WorkspaceAdmin(AnyModelAdmin):
    """Tiers and switches. Workspaces are founded by signing up, headquarters named by owners."""

    list_display = ("name", "slug", "tier", "headquarters", "created_at")
    list_filter = ("tier",)
    list_select_related = ("headquarters",)
    search_fields = ("name", "slug", "=id")
    fields = (
        "name",
        "slug",
        "tier",
        "timezone",
        "telehealth_enabled",
        "full_names_to_providers",
        "crm_for_clients",
        "headquarters",
        "headquarters_accepted_at",
        "created_at",
    )
    readonly_fields = ("headquarters", "headquarters_accepted_at", "created_at")

    def save_model(self, request: HttpRequest, obj: Workspace, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        """The plan goes through its service, which keeps who changed it and when."""
        tier = Tier(obj.tier)
        kept = [field.name for field in Workspace._meta.concrete_fields if field.name != "tier"]
        obj.save(update_fields=[name for name in kept if name in form.changed_data] or ["name"])
        change_plan(workspace_id=obj.pk, tier=tier, by=cast("User", request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PlanChange)
class PlanChangeAdmin(ReadOnlyAdmin):
    """Who put which workspace on which plan."""

    list_display = ("workspace", "from_tier", "to_tier", "changed_by_name", "created_at")
    list_filter = ("to_tier",)
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "=workspace__id")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Memberships end on the members page, which asks for what is promised; here that is listed."""

    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name", "=workspace__id")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_fields(request, obj), "promised"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), "promised"]

    @admin.display(description="To be handed over first")
    def promised(self, obj: Membership) -> str:
        return _promised_words([obj]) or "Nothing"


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "workspace", "role", "invited_by", "expires_at", "accepted_at")
    list_select_related = ("workspace", "invited_by")
    search_fields = ("email",)
    ordering = ("-created_at",)


@admin.register(ClientInvitation)
class ClientInvitationAdmin(ReadOnlyAdmin):
    """Who was asked to which client's own page, and how that ended."""

    list_display = ("email", "client", "workspace", "invited_by", "opened_at", "expires_at")
    list_filter = ("ended_because",)
    list_select_related = ("client", "workspace", "invited_by")
    search_fields = ("email", "=client__id", "=workspace__id")
    ordering = ("-created_at",)


@admin.register(ClientVisit)
class ClientVisitAdmin(ReadOnlyAdmin):
    """From where a client's page was opened, and until when."""

    list_display = ("invitation", "address", "created_at", "last_used_at", "expires_at", "ended_at")
    list_select_related = ("invitation__client",)
    search_fields = ("invitation__email", "=invitation__workspace__id")
    ordering = ("-created_at",)


@admin.register(Client)
class ClientAdmin(ReadOnlyAdmin):
    list_display = ("name", "workspace", "primary_contact_email", "timezone")
    list_select_related = ("workspace",)
    search_fields = ("name", "primary_contact_email", "=id", "=workspace__id")


@admin.register(UserProfile)
class UserProfileAdmin(ReadOnlyAdmin):
    list_display = ("user", "timezone", "preferred_conference")
    list_select_related = ("user",)
    search_fields = ("user__email",)


class ServiceTokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new token may do, for whom, and how long."""

    scopes = forms.CharField(help_text="With spaces between, such as calendar.events.list.")

    class Meta:
        model = ServiceToken
        fields = ("workspace", "acts_as", "name", "scopes", "expires_at")

    def clean_scopes(self) -> list[str]:
        return sorted(set(self.cleaned_data["scopes"].split()))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        workspace, user = said.get("workspace"), said.get("acts_as")
        if workspace and user and not workspace.memberships.filter(user=user).exists():
            self.add_error("acts_as", "This user is not a member of the workspace.")
        return said


@admin.register(ServiceToken)
class ServiceTokenAdmin(ReadOnlyAdmin):
    """Programs' keys: issued here and shown once, revoked here, never shown again."""

    form = ServiceTokenForm
    list_display = ("name", "prefix", "workspace", "acts_as", "last_used_at", "revoked_at")
    list_select_related = ("workspace", "acts_as")
    search_fields = ("name", "prefix", "=workspace__id")
    autocomplete_fields = ("workspace", "acts_as")
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return list(ServiceTokenForm.Meta.fields) if obj is None else shown_fields(self.model)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else shown_fields(self.model)

    def save_model(self, request: HttpRequest, obj: ServiceToken, form: Any, change: bool) -> None:  # noqa: FBT001 -- Django's signature
        row, plain = issue_service_token(
            workspace=obj.workspace, acts_as=obj.acts_as, name=obj.name, scopes=obj.scopes
        )
        row.expires_at = obj.expires_at
        row.save(update_fields=["expires_at", "updated_at"])
        obj.pk, obj.token_hash, obj.prefix = row.pk, row.token_hash, row.prefix
        obj.plain = plain  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ServiceToken, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The token stands in this one answer: not in a message, which would be kept somewhere."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Service token",
            "opts": self.opts,
            "token": obj,
            "plain": obj.plain,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/workspaces/servicetoken/issued.html", context)

    @admin.action(description="Revoke", permissions=["operate"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceToken]) -> None:
        count = queryset.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())
        self.message_user(request, f"{count} revoked.", messages.SUCCESS)

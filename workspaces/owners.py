"""The two kinds of owner as data: what a client and a user have in common for booking.

Which tables belong to which kind is said in `calendars.owners` and `booking.owners`. Nothing else
in the product asks which mode it is in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from common.languages import ENGLISH
from common.statements import Select
from workspaces.availability import Availability, parse_availability
from workspaces.enums import OwnerKind
from workspaces.models import Client, User, UserProfile, Workspace

if TYPE_CHECKING:
    from workspaces.models import Membership

_CLIENT = Select(
    lambda pk, workspace: Client.objects.filter(pk=pk, workspace=workspace),
    pk=UUID,
    workspace=UUID,
)
_USER = Select(
    lambda pk, workspace: User.objects.select_related("profile").filter(
        pk=pk, memberships__workspace=workspace
    ),
    pk=UUID,
    workspace=UUID,
)
_CLIENT_ROW = Select(
    lambda pk: Client.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk"),
    pk=UUID,
)
_USER_ROW = Select(
    lambda pk: User.objects.select_for_update(no_key=True).filter(pk=pk).values_list("pk"),
    pk=UUID,
)


@dataclass(frozen=True, slots=True)
class Owner(ABC):
    """Whoever a connection, a link or a hold belongs to, inside one workspace."""

    kind: ClassVar[OwnerKind]
    workspace: Workspace

    @property
    @abstractmethod
    def id(self) -> UUID:
        """The id of the client or user."""

    @property
    @abstractmethod
    def name(self) -> str:
        """How visitors know the owner."""

    @property
    @abstractmethod
    def zone(self) -> ZoneInfo:
        """The zone availability is kept in."""

    @property
    @abstractmethod
    def availability(self) -> Availability:
        """The weekly hours and overrides."""

    @property
    @abstractmethod
    def notice_email(self) -> str:
        """Where notices of bookings go; blank when nobody is to be told."""

    @property
    @abstractmethod
    def language(self) -> str:
        """The language, by its code, that notices to `notice_email` are written in."""

    @property
    @abstractmethod
    def preferred_conference(self) -> str:
        """What `auto` picks first; blank for the host's own."""

    @abstractmethod
    def lock(self) -> None:
        """Lock the owner's row until the transaction ends: one booking at a time."""

    @abstractmethod
    def save_hours(self, *, zone_name: str, availability: Availability) -> None:
        """Keep new hours and zone."""

    @property
    def state_prefix(self) -> str:
        """The owner part of the OAuth state, as the source document has it."""
        return str(self.id)

    def filter_for(self, prefix: str = "") -> Q:
        """A filter for rows whose `client` or `user` column is this owner."""
        return Q(**{f"{prefix}{self.kind.value}_id": self.id})


@dataclass(frozen=True, slots=True)
class ClientOwner(Owner):
    """A client of the workspace."""

    kind: ClassVar[OwnerKind] = OwnerKind.CLIENT
    client: Client

    @property
    def id(self) -> UUID:
        return self.client.id

    @property
    def name(self) -> str:
        return self.client.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.client.timezone)

    @property
    def availability(self) -> Availability:
        return parse_availability(self.client.availability_settings)

    @property
    def notice_email(self) -> str:
        return self.client.primary_contact_email

    @property
    def language(self) -> str:
        return self.client.language

    @property
    def preferred_conference(self) -> str:
        return self.client.preferred_conference

    def lock(self) -> None:
        _lock(Client, _CLIENT_ROW, self.client.pk)

    def save_hours(self, *, zone_name: str, availability: Availability) -> None:
        self.client.timezone = zone_name
        self.client.availability_settings = availability.to_json()
        self.client.save(update_fields=["timezone", "availability_settings", "updated_at"])


@dataclass(frozen=True, slots=True)
class UserOwner(Owner):
    """One of the workspace's own users."""

    kind: ClassVar[OwnerKind] = OwnerKind.USER
    user: User
    profile: UserProfile

    @property
    def id(self) -> UUID:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.get_full_name()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.profile.timezone)

    @property
    def availability(self) -> Availability:
        return parse_availability(self.profile.availability_settings)

    @property
    def notice_email(self) -> str:
        return self.user.email

    @property
    def language(self) -> str:
        # The staff pages are in English; users have no language.
        return ENGLISH

    @property
    def preferred_conference(self) -> str:
        return self.profile.preferred_conference

    @property
    def state_prefix(self) -> str:
        return f"user:{self.id}"

    def lock(self) -> None:
        _lock(User, _USER_ROW, self.user.pk)

    def save_hours(self, *, zone_name: str, availability: Availability) -> None:
        self.profile.timezone = zone_name
        self.profile.availability_settings = availability.to_json()
        self.profile.save(update_fields=["timezone", "availability_settings", "updated_at"])


def owner_of_user(user: User, workspace: Workspace) -> UserOwner:
    """The user as an owner; makes the profile when it is missing."""
    profile, _ = UserProfile.objects.get_or_create(
        user=user, defaults={"timezone": workspace.timezone}
    )
    return UserOwner(workspace=workspace, user=user, profile=profile)


def owner_of_member(membership: Membership) -> UserOwner:
    """The member as an owner; asks for nothing that the request's membership was read with."""
    user = membership.user
    profile: UserProfile | None = getattr(user, "profile", None)
    if profile is None:
        return owner_of_user(user, membership.workspace)
    return UserOwner(workspace=membership.workspace, user=user, profile=profile)


def owner_for(kind: str, owner_id: UUID, workspace: Workspace) -> Owner:
    """The owner of that kind and id in that workspace.

    Raises Client.DoesNotExist or User.DoesNotExist when it is not of this workspace.
    """
    if kind == OwnerKind.CLIENT:
        client = _CLIENT.first(pk=owner_id, workspace=workspace.pk)
        if client is None:
            raise Client.DoesNotExist
        return ClientOwner(workspace=workspace, client=client)
    user = _USER.first(pk=owner_id, workspace=workspace.pk)
    if user is None:
        raise User.DoesNotExist
    profile: UserProfile | None = getattr(user, "profile", None)
    if profile is None:
        return owner_of_user(user, workspace)
    return UserOwner(workspace=workspace, user=user, profile=profile)


def _lock(model: type[Client | User], row: Select[Any], pk: UUID) -> None:
    if not row.rows(pk=pk):
        raise model.DoesNotExist

"""The tenant: people, workspaces, who is in which, and the clients a workspace books for."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower

from common.fields import UUIDModel
from common.languages import ENGLISH
from workspaces.availability import DEFAULT_AVAILABILITY, InvalidAvailability, parse_availability
from workspaces.enums import AccessEnd, PreferredConference, Role, Theme, Tier
from workspaces.zones import validate_zone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def default_availability() -> dict[str, Any]:
    """A fresh copy of Monday to Friday, nine to five."""
    return DEFAULT_AVAILABILITY.to_json()


def validate_availability(value: object) -> None:
    """Raise Django's ValidationError with the path of the wrong key."""
    try:
        parse_availability(value)
    except InvalidAvailability as error:
        raise ValidationError(f"{error.field}: {error.message}") from error


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail; there are no user names."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Create a user with a lower-cased address. Raises ValueError without one."""
        if not email:
            raise ValueError("a user needs an e-mail address")
        user = self.model(email=email.strip().lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> User:
        """Create an operator of the installation."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)


class User(AbstractUser):
    """A person who signs in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail", unique=True)
    name = models.CharField(max_length=120, blank=True, default="")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        db_table = "users"
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_ci")]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ", maxsplit=1)[0] if self.name else self.email

    def __str__(self) -> str:
        return self.get_full_name()


class Workspace(UUIDModel):
    """The tenant. Nothing crosses it."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    tier = models.CharField(max_length=16, choices=Tier.choices, default=Tier.FREE)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    headquarters = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="branches"
    )
    headquarters_accepted_at = models.DateTimeField(null=True, blank=True)
    telehealth_enabled = models.BooleanField(default=False)
    full_names_to_providers = models.BooleanField(
        default=False, help_text="Off: titles sent to providers carry a patient's initials only."
    )
    crm_for_clients = models.BooleanField(
        default=False, help_text="On: client bookings also become leads in the CRM."
    )
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="workspaces"
    )

    class Meta:
        db_table = "workspaces"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(headquarters=models.F("id")), name="workspace_not_own_hq"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PlanChange(UUIDModel):
    """Who put a workspace on which plan, and when. Written once, shown to operators and admins."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="plan_changes")
    from_tier = models.CharField(max_length=16, choices=Tier.choices)
    to_tier = models.CharField(max_length=16, choices=Tier.choices)
    changed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_by_name = models.CharField(max_length=320, blank=True, default="")

    class Meta:
        db_table = "plan_changes"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.workspace} from {self.from_tier} to {self.to_tier}"


class Membership(UUIDModel):
    """A user in a workspace, with a role."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        db_table = "memberships"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"


class Invitation(UUIDModel):
    """An open door for one e-mail address into one workspace; the token is a hash at rest."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "invitations"

    def __str__(self) -> str:
        return f"{self.email} to {self.workspace}"


class Client(UUIDModel):
    """An outside organisation the workspace books for. `language` is what its people read."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="clients")
    name = models.CharField(max_length=120)
    primary_contact_name = models.CharField(max_length=120, blank=True, default="")
    primary_contact_email = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=8, default=ENGLISH)
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    availability_settings = models.JSONField(
        default=default_availability, validators=[validate_availability]
    )
    preferred_conference = models.CharField(
        max_length=8,
        choices=PreferredConference.choices,
        blank=True,
        default=PreferredConference.NONE,
    )

    class Meta:
        db_table = "clients"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ClientInvitation(UUIDModel):
    """A door for one person of a client to the client's own page; the token is a hash at rest.

    `expires_at` ends it: first the time to open it, then the time it is worked with.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True, default="")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(
        max_length=12, choices=AccessEnd.choices, blank=True, default=AccessEnd.NOT_ENDED
    )
    ended_by_name = models.CharField(max_length=320, blank=True, default="")

    visits: models.Manager[ClientVisit]

    class Meta:
        db_table = "client_invitations"
        indexes = [models.Index(fields=["client", "created_at"], name="client_invitation_client")]

    def __str__(self) -> str:
        return f"{self.email} for {self.client}"

    def is_open(self, now: datetime) -> bool:
        """Whether it lets anybody in at that instant."""
        return self.ended_at is None and self.expires_at > now


class ClientVisit(UUIDModel):
    """One browser that came in by an invitation; the cookie's secret is a hash at rest.

    It is no sign-in: it opens the client's page and nothing else.
    """

    invitation = models.ForeignKey(
        ClientInvitation, on_delete=models.CASCADE, related_name="visits"
    )
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    address = models.CharField(max_length=45, blank=True, default="")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "client_visits"

    def __str__(self) -> str:
        return f"visit of {self.invitation_id} at {self.created_at:%Y-%m-%d %H:%M}"


class UserProfile(UUIDModel):
    """What a user set for themself, the same in every workspace."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="profile")
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    second_timezone = models.CharField(
        max_length=64, blank=True, default="", validators=[validate_zone]
    )
    availability_settings = models.JSONField(
        default=default_availability, validators=[validate_availability]
    )
    preferred_conference = models.CharField(
        max_length=8,
        choices=PreferredConference.choices,
        blank=True,
        default=PreferredConference.NONE,
    )
    theme = models.CharField(max_length=8, choices=Theme.choices, blank=True, default=Theme.SYSTEM)
    single_keys = models.BooleanField(default=True)
    last_calendar_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "user_profiles"

    def __str__(self) -> str:
        return f"profile of {self.user}"


class ServiceToken(UUIDModel):
    """A program's key to the API of one workspace; only its hash is kept."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="service_tokens"
    )
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField(max_length=12, editable=False)
    scopes = models.JSONField(default=list)
    acts_as = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="service_tokens", help_text="Whose rights."
    )
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "service_tokens"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def has_scopes(self, wanted: Iterable[str]) -> bool:
        """Whether every wanted scope was given."""
        return set(wanted) <= set(self.scopes)

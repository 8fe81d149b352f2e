"""The fixed vocabularies of a workspace."""

from __future__ import annotations

from django.db.models import TextChoices


class Tier(TextChoices):
    """A workspace's plan, from the smallest to the largest; `rank` orders them."""

    FREE = "free", "Free"
    STANDARD = "standard", "Standard"
    ADVANCED = "advanced", "Advanced"
    ENTERPRISE = "enterprise", "Enterprise"

    @property
    def rank(self) -> int:
        """0 for the smallest plan. TextChoices are strings, so `<` would compare letters."""
        return list(Tier).index(self)


class Role(TextChoices):
    """What a member may do in a workspace."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    MEMBER = "member", "Member"
    AUDITOR = "auditor", "Auditor"


class PreferredConference(TextChoices):
    """What `auto` picks before it looks at the host; blank leaves the choice to the host."""

    NONE = "", "The calendar's own"
    MEET = "meet", "Google Meet"
    TEAMS = "teams", "Microsoft Teams"
    ZOOM = "zoom", "Zoom"


class Theme(TextChoices):
    """Light or dark pages."""

    SYSTEM = "", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class OwnerKind(TextChoices):
    """Who a connection, a link or a hold belongs to."""

    CLIENT = "client", "Client"
    USER = "user", "User"


class AccessEnd(TextChoices):
    """Why a client's invitation ended before its time."""

    NOT_ENDED = "", "Not ended"
    REVOKED = "revoked", "Revoked"
    REPLACED = "replaced", "Replaced by a newer one"
    SENDER_LEFT = "sender_left", "Its sender left the workspace"
    CONTACT_GONE = "contact_gone", "Its reader is the primary contact no more"

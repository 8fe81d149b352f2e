"""The kinds of meeting link an event can carry, and why one can be missing."""

from __future__ import annotations

from django.db.models import TextChoices


class Conference(TextChoices):
    """What a person may wish for; AUTO is a wish only and never the answer of `route`."""

    NONE = "none", "None"
    MEET = "meet", "Google Meet"
    TEAMS = "teams", "Microsoft Teams"
    ZOOM = "zoom", "Zoom"
    AUTO = "auto", "Auto"


class LinkFailure(TextChoices):
    """Why there is no link. What a person can do about it follows from this alone."""

    NONE = "", "None"
    NOT_MADE = "not_made", "The provider could not make it"
    LATE = "late", "It did not come"
    REFUSED = "refused", "This account or calendar makes no such link"
    PLAN = "plan", "The plan has no such link"
    RECONNECT = "reconnect", "The account has to be connected again"
    LIMITED = "limited", "The account may make no more for now"
    UNREACHABLE = "unreachable", "The provider did not answer"


class LinkKind(TextChoices):
    """Into whose hands a telehealth link was put."""

    GUEST = "guest", "Anybody with the event"
    BOOKER = "booker", "The person who booked"
    OWNER = "owner", "Whoever they booked with"


class EntrantKind(TextChoices):
    """Who entered a telehealth room."""

    GUEST = "guest", "By the event's link"
    BOOKER = "booker", "By the booker's link"
    OWNER = "owner", "By the owner's link"
    STAFF = "staff", "A member, from the calendar"


class ZoomAccess(TextChoices):
    """How a Zoom account came to be usable: its person consented, or the workspace has a key."""

    CONSENT = "consent", "Consent"
    SERVER = "server", "The workspace's key"

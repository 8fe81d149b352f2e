"""Words of calendars and events."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from django.db import models


class EventStatus(models.TextChoices):
    CONFIRMED = "confirmed", "Confirmed"
    TENTATIVE = "tentative", "Tentative"
    CANCELLED = "cancelled", "Cancelled"


class Visibility(models.TextChoices):
    DEFAULT = "default", "As the calendar"
    PUBLIC = "public", "Public"
    PRIVATE = "private", "Private"


class Response(models.TextChoices):
    """How somebody answered an invitation."""

    NONE = "", "Not invited"
    NEEDS_ACTION = "needs_action", "No reply yet"
    ACCEPTED = "accepted", "Accepted"
    TENTATIVE = "tentative", "Maybe"
    DECLINED = "declined", "Declined"


class ConferenceState(models.TextChoices):
    """A conference is a state of its own on an event: the event never fails with it."""

    NONE = "", "None"
    PENDING = "pending", "On its way"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class Hue(models.TextChoices):
    """The eight colours a calendar can have."""

    TIDE = "tide", "Tide"
    MOSS = "moss", "Moss"
    PLUM = "plum", "Plum"
    CLAY = "clay", "Clay"
    IRIS = "iris", "Iris"
    OCHRE = "ochre", "Ochre"
    LAGOON = "lagoon", "Lagoon"
    SLATE = "slate", "Slate"


class EventKind(models.TextChoices):
    """What an event is. The last two are made elsewhere and only shown; they take no time."""

    NORMAL = "normal", "Event"
    OUT_OF_OFFICE = "out_of_office", "Out of office"
    FOCUS_TIME = "focus_time", "Focus time"
    WORKING_LOCATION = "working_location", "Working location"
    BIRTHDAY = "birthday", "Birthday"


# The kinds that a person can choose beside a plain event; both take time.
STATUS_KINDS: Final = (EventKind.OUT_OF_OFFICE, EventKind.FOCUS_TIME)


class ShareLevel(models.TextChoices):
    BUSY = "busy", "Busy only"
    DETAILS = "details", "Details"
    EDIT = "edit", "Details and changes"


class HoldSource(models.TextChoices):
    MEETING = "meeting", "Meeting"
    SALES_MEETING = "sales_meeting", "Sales meeting"
    PATIENT_SESSION = "patient_session", "Patient session"


class Sight(IntEnum):
    """What a member may see of a calendar, from the least to the most.

    Private events are busy only for everyone below FULL.
    """

    BUSY = 1
    DETAILS = 2
    EDIT = 3
    FULL = 4


class Scope(models.TextChoices):
    """How much of a series a change is meant for."""

    THIS = "this", "This one"
    FOLLOWING = "following", "This and the following"
    ALL = "all", "The whole series"


class Acquaintance(models.TextChoices):
    """How somebody is known to the workspace, the closest first."""

    MEMBER = "member", "Colleague"
    CONTACT = "contact", "Contact"
    CLIENT = "client", "Client"
    PROSPECT = "prospect", "Prospect"
    MET = "met", "Met before"

    @property
    def closeness(self) -> int:
        return list(type(self)).index(self)


class NotKnown(models.TextChoices):
    """Why it is not known when a colleague is free."""

    NOT_CONNECTED = "not_connected", "No calendar connected"
    NOT_COUNTING = "not_counting", "No calendar counts as busy"
    PAUSED = "paused", "Calendar paused"
    RECONNECT_NEEDED = "reconnect_needed", "Has to be connected again"
    NOT_READ = "not_read", "Not read yet"
    STALE = "stale", "Not up to date"

"""Words of calendars and events."""

from __future__ import annotations

from enum import IntEnum

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

"""The kinds of meeting link an event can carry."""

from __future__ import annotations

from django.db.models import TextChoices


class Conference(TextChoices):
    """What a person may wish for; AUTO is a wish only and never the answer of `route`."""

    NONE = "none", "None"
    MEET = "meet", "Google Meet"
    TEAMS = "teams", "Microsoft Teams"
    ZOOM = "zoom", "Zoom"
    AUTO = "auto", "Auto"

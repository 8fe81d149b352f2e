"""States of a patient session."""

from __future__ import annotations

from django.db import models


class SessionState(models.TextChoices):
    PLANNED = "planned", "Planned"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"
    NO_SHOW = "no_show", "No-show"


TAKES_TIME = (SessionState.PLANNED, SessionState.DONE, SessionState.NO_SHOW)

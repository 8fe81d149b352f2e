"""What a member lays over their own week."""

from __future__ import annotations

from django.db import models

from common.fields import UUIDModel


class CalendarChoice(UUIDModel):
    """Whether a member wants a colleague's calendar beside their own. Without a row it depends on
    what is shared with them (see `VisibleCalendar.is_shown`).
    """

    membership = models.ForeignKey(
        "workspaces.Membership", on_delete=models.CASCADE, related_name="+"
    )
    calendar = models.ForeignKey(
        "calendars.Calendar", on_delete=models.CASCADE, related_name="choices"
    )
    is_shown = models.BooleanField()

    class Meta:
        db_table = "calendar_choices"
        constraints = [
            models.UniqueConstraint(fields=["membership", "calendar"], name="calendar_choice_once")
        ]

    def __str__(self) -> str:
        return f"{self.calendar_id}: {'shown' if self.is_shown else 'hidden'}"

"""How people arrange calendars: shown or not, colour, what counts as busy, which comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from calendars.models import CalendarChoice
from workspaces.models import UserProfile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from calendars.models import Calendar
    from calendars.queries import VisibleCalendar
    from workspaces.models import Membership, User


def show_calendars(*, calendars: Iterable[Calendar], shown: Collection[UUID]) -> None:
    """Show those whose id is in `shown` and hide the others."""
    for calendar in calendars:
        wanted = calendar.pk in shown
        if calendar.is_shown != wanted:
            calendar.is_shown = wanted
            _save(calendar, "is_shown")


def lay_over(
    *, membership: Membership, calendars: Iterable[VisibleCalendar], shown: Collection[UUID]
) -> None:
    """Keep for the member which of these colleagues' calendars stand beside their own."""
    for one in calendars:
        wanted = one.calendar.pk in shown
        if one.is_shown != wanted:
            CalendarChoice.objects.update_or_create(
                membership=membership, calendar=one.calendar, defaults={"is_shown": wanted}
            )


def arrange_calendar(*, calendar: Calendar, hue: str, is_shown: bool, counts_as_busy: bool) -> None:
    """Keep a calendar's colour, whether it is shown, and whether its events take time."""
    calendar.hue, calendar.is_shown, calendar.counts_as_busy = hue, is_shown, counts_as_busy
    _save(calendar, "hue", "is_shown", "counts_as_busy")


def remember_calendar(*, user: User, calendar: Calendar) -> None:
    """Offer this calendar first the next time the user creates an event."""
    UserProfile.objects.filter(user=user).update(last_calendar_id=calendar.pk)


def _save(calendar: Calendar, *fields: str) -> None:
    # The stamp is what pages that are open elsewhere notice.
    calendar.changed_at = timezone.now()
    calendar.save(update_fields=[*fields, "changed_at", "updated_at"])

"""What the calendar says against a meeting, in words. Of the other event only its time
and calendar are told: what it is about is between its owner and their calendar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _

from booking.enums import Clash
from booking.wording import clock_range, short_day
from calendars.models import Event

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from booking.models import MeetingBase

SHORT: Final = {
    Clash.EVENT_OVER_IT: "Something came over it",
    Clash.OCCUPIED: "Its event was moved",
    Clash.PAST: "Its event was moved",
    Clash.ALL_DAY: "Its event lasts all day",
    Clash.TOO_SHORT: "Its event is too short",
    Clash.TOO_LONG: "Its event is too long",
    Clash.REFUSED: "Its event was changed",
}
_LONG: Final = {
    Clash.EVENT_OVER_IT: "Something else stands in the calendar at this time.",
    Clash.OCCUPIED: "Its event was moved to where another meeting is promised.",
    Clash.PAST: "Its event was moved to a time that has passed.",
    Clash.ALL_DAY: "Its event was made to last all day.",
    Clash.TOO_SHORT: "Its event was made shorter than 5 minutes, which is too short for a meeting.",
    Clash.TOO_LONG: "Its event was made longer than a day, which is too long for a meeting.",
    Clash.REFUSED: "Its event was changed in the calendar, and the meeting could not follow.",
}


def clash_line(meeting: MeetingBase, zone: ZoneInfo) -> tuple[str, str]:
    """What is in the way, and where that is; blank when nothing is."""
    clash = Clash(meeting.clash)
    return (_LONG[clash], where_it_is(meeting, zone)) if clash else ("", "")


def where_it_is(meeting: MeetingBase, zone: ZoneInfo) -> str:
    """Day, hours and calendar of the event in the way; blank when it is gone."""
    if meeting.clash_event_id is None:
        return ""
    rows = Event.objects.filter(
        pk=meeting.clash_event_id, workspace=meeting.workspace_id, deleted_at__isnull=True
    )
    event = rows.select_related("calendar").first()
    if event is None:
        return ""
    if event.is_all_day:
        return _("All day, in %(calendar)s") % {"calendar": event.calendar.name}
    day = short_day(event.start_at.astimezone(zone).date())
    words = {
        "day": day,
        "time": clock_range(event.start_at, event.end_at, zone),
        "calendar": event.calendar.name,
    }
    return _("%(day)s, %(time)s, in %(calendar)s") % words

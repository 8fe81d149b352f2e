"""What the public pages say of a link and of a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _

from booking import wording
from booking.beyond import refused_by_plan
from booking.owners import public_name
from booking.services import letters
from conferencing.enums import Conference

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from booking.models import BookingLink, MeetingBase
    from workspaces.owners import Owner

# What a phone shows in a few lines.
_SHORT_BLURB = 140


def about(link: BookingLink, owner: Owner, duration: timedelta) -> dict[str, Any]:
    """The link, whose it is, and how the meeting is joined."""
    name = public_name(owner)
    words = [word for word in name.split() if word[0].isalnum()] or name.split()
    label = letters.conference_label(link.conference)
    is_promised = refused_by_plan(link, owner.workspace.tier) is None
    return {
        "link": link,
        "no_link_yet": not is_promised,
        "owner_name": name,
        "workspace_name": owner.workspace.name,
        "initials": "".join(word[0] for word in words[:2]).upper(),
        "conference": is_promised
        and (_("Video call") if link.conference == Conference.AUTO else label),
        "is_blurb_long": len(link.description) > _SHORT_BLURB or link.description.count("\n") > 1,
        "length_words": wording.minutes_words(duration),
    }


def times(
    start: datetime, end: datetime, zone: ZoneInfo, owner: Owner, *, year: bool = False
) -> dict[str, Any]:
    """Start and end in the visitor's words, and the owner's time where it reads differently."""
    day = start.astimezone(zone).date()
    return {
        "day_words": wording.long_day(day, year=year),
        "weekday": wording.weekday(day),
        "clock_words": wording.clock_range(start, end, zone),
        "zone_words": wording.zone_words(zone, start),
        "elsewhere": wording.elsewhere(start, zone, public_name(owner), owner.zone),
    }


def conference_words(meeting: MeetingBase) -> str:
    """What kind of video call it is, or is to be; blank for none."""
    label = letters.conference_label(meeting.conference)
    if label or meeting.link is None:
        return label
    wanted = meeting.link.conference
    if refused_by_plan(meeting.link, meeting.workspace.tier):
        return ""
    return _("Video call") if wanted == Conference.AUTO else letters.conference_label(wanted)


def opens_words() -> str:
    """From when on a telehealth room can be entered."""
    minutes = int(settings.TELEHEALTH_OPENS_BEFORE / timedelta(minutes=1))
    return _("Opens %(minutes)s minutes before the start; the link is in your e-mail too.") % {
        "minutes": minutes
    }

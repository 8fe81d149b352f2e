"""What was booked, for whoever has the token: the page and the calendar file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from booking.access import meeting_by_token
from booking.beyond import refused_by_plan
from booking.enums import MeetingState
from booking.joining import first_link, other_link
from booking.owners import owner_of_meeting, public_name
from booking.services import calendar_files, letters
from booking.views.facts import times
from booking.views.visit import public_page, show
from calendars.enums import ConferenceState
from common.errors import NotFound
from conferencing.enums import Conference, LinkKind

if TYPE_CHECKING:
    from django.http import HttpRequest

    from booking.models import MeetingBase
    from workspaces.owners import Owner


@require_safe
@public_page(may_be_framed=True)
def book_done(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What was booked, for whoever has the link."""
    meeting = meeting_by_token(slug, token)
    owner = owner_of_meeting(meeting)
    zone = ZoneInfo(meeting.booker_timezone)
    context = {
        **times(meeting.start_at, meeting.end_at, zone, owner, year=True),
        "meeting": meeting,
        "words": letters.meeting_words(meeting, owner),
        "owner_name": public_name(owner),
        "workspace_name": owner.workspace.name,
        "conference": _conference_words(meeting),
        "join_url": first_link(meeting, LinkKind.BOOKER),
        "other_url": other_link(meeting),
        "opens_words": _opens_words(),
        "state": MeetingState(meeting.state).name,
        "awaits_link": meeting.state == MeetingState.CONFIRMED
        and meeting.conference_state == ConferenceState.PENDING,
        "file_url": reverse("booking:book_file", args=[slug, token]),
        **_calendar_urls(meeting, owner),
    }
    return show(request, "booking/public/book_done.html", context)


@require_safe
@public_page(may_be_framed=False)
def book_file(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The meeting as a calendar file."""
    meeting = meeting_by_token(slug, token)
    if meeting.state != MeetingState.CONFIRMED:
        raise NotFound
    content = calendar_files.calendar_file(meeting, owner_of_meeting(meeting), now=timezone.now())
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8; method=REQUEST",
        headers={"Content-Disposition": 'attachment; filename="invite.ics"'},
    )


def _conference_words(meeting: MeetingBase) -> str:
    label = letters.conference_label(meeting.conference)
    if label or meeting.link is None:
        return label
    wanted = meeting.link.conference
    if refused_by_plan(meeting.link, meeting.workspace.tier):
        return ""
    return _("Video call") if wanted == Conference.AUTO else letters.conference_label(wanted)


def _opens_words() -> str:
    """From when on a telehealth room can be entered."""
    minutes = int(settings.TELEHEALTH_OPENS_BEFORE / timedelta(minutes=1))
    return _("Opens %(minutes)s minutes before the start; the link is in your e-mail too.") % {
        "minutes": minutes
    }


def _calendar_urls(meeting: MeetingBase, owner: Owner) -> dict[str, str]:
    """Addresses that open the booker's own web calendar with the meeting filled in."""
    stamp = "%Y%m%dT%H%M%SZ"
    words = letters.meeting_words(meeting, owner)
    place = first_link(meeting, LinkKind.BOOKER) or meeting.location
    google = {
        "action": "TEMPLATE",
        "text": words,
        "dates": f"{meeting.start_at:{stamp}}/{meeting.end_at:{stamp}}",
        "location": place,
    }
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": words,
        "startdt": f"{meeting.start_at:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{meeting.end_at:%Y-%m-%dT%H:%M:%SZ}",
        "location": place,
    }
    return {
        "google_url": f"https://calendar.google.com/calendar/render?{urlencode(google)}",
        "outlook_url": f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(outlook)}",
    }

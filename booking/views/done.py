"""What was booked, for whoever has the token: the page and the calendar file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from booking.access import meeting_by_token
from booking.enums import MeetingState
from booking.joining import first_link, other_link
from booking.owners import owner_of_meeting, public_name
from booking.plain import CONTROLS
from booking.services import calendar_files, letters
from booking.views.facts import conference_words, opens_words, times
from booking.views.visit import keep_private, public_page, show, visit_of
from calendars.enums import ConferenceState
from common.errors import NotFound
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from django.http import HttpRequest

    from booking.models import MeetingBase
    from workspaces.owners import Owner


@require_safe
@public_page(may_be_framed=True)
def book_done(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """What was booked, for whoever has the link."""
    meeting = meeting_by_token(token)
    owner = owner_of_meeting(meeting)
    zone, visit = ZoneInfo(meeting.booker_timezone), visit_of(request)
    next_url, next_site = _next_page(meeting)

    def visit_url(name: str) -> str:
        page = reverse(f"booking:{name}", args=[slug, token])
        # The booker's own pages stand in no frame.
        return f"{page}?lang={visit.chosen}" if visit.chosen else page

    context = {
        **times(meeting.start_at, meeting.end_at, zone, owner, year=True),
        "meeting": meeting,
        "words": letters.meeting_words(meeting, owner),
        "owner_name": public_name(owner),
        "workspace_name": owner.workspace.name,
        "conference": conference_words(meeting),
        "join_url": first_link(meeting, LinkKind.BOOKER),
        "other_url": other_link(meeting),
        "opens_words": opens_words(),
        "state": MeetingState(meeting.state).name,
        "awaits_link": meeting.state == MeetingState.CONFIRMED
        and meeting.conference_state == ConferenceState.PENDING,
        "file_url": reverse("booking:book_file", args=[slug, token]),
        "calendar_links": _calendar_links(meeting, owner),
        "next_url": next_url,
        "next_site": next_site,
        # Only who comes from the form is taken on by itself, and not out of another site's frame.
        "goes_on": bool(next_url) and "next" in request.GET and not visit.is_framed,
        "stay_url": visit.url(reverse("booking:book_done", args=[slug, token])),
        "manage_url": visit_url("manage"),
        "cancel_url": visit_url("manage_cancel"),
    }
    answer = show(request, "booking/public/book_done.html", context)
    keep_private(answer)
    return answer


@require_safe
@public_page(may_be_framed=False)
def book_file(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """The meeting as a calendar file."""
    meeting = meeting_by_token(token)
    if meeting.state != MeetingState.CONFIRMED:
        raise NotFound
    content = calendar_files.calendar_file(meeting, owner_of_meeting(meeting), now=timezone.now())
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8; method=REQUEST",
        headers={"Content-Disposition": 'attachment; filename="invite.ics"'},
    )


def _calendar_links(meeting: MeetingBase, owner: Owner) -> list[tuple[str, str]]:
    """Web calendars, with the addresses that open each with the meeting filled in."""
    words = letters.meeting_words(meeting, owner)
    place = first_link(meeting, LinkKind.BOOKER) or meeting.location
    start, end = (f"{at:%Y%m%dT%H%M%SZ}" for at in (meeting.start_at, meeting.end_at))
    google = {"action": "TEMPLATE", "text": words, "dates": f"{start}/{end}", "location": place}
    outlook = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": words,
        "startdt": f"{meeting.start_at:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{meeting.end_at:%Y-%m-%dT%H:%M:%SZ}",
        "location": place,
    }
    yahoo = {"v": "60", "title": words, "st": start, "et": end, "in_loc": place}
    return [
        ("Google", f"https://calendar.google.com/calendar/render?{urlencode(google)}"),
        (
            "Outlook.com",
            f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(outlook)}",
        ),
        (
            "Office 365",
            f"https://outlook.office.com/calendar/0/deeplink/compose?{urlencode(outlook)}",
        ),
        ("Yahoo", f"https://calendar.yahoo.com/?{urlencode(yahoo)}"),
    ]


def _next_page(meeting: MeetingBase) -> tuple[str, str]:
    """Where the link's owner leads bookers afterwards, and that site's name; blank for nowhere."""
    url = "" if meeting.link is None else meeting.link.redirect_url
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    is_safe = parts.scheme == "https" and host and not parts.username and not CONTROLS.search(url)
    return (url, host) if is_safe else ("", "")

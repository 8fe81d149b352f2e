"""The mails that come at a time of their own: before a meeting, and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from booking import wording
from booking.addresses import host_url, manage_url
from booking.enums import MeetingState, TextKind
from booking.joining import awaits_link
from booking.languages import ENGLISH, known_language, to_booker, to_host
from booking.own_text import as_html, as_plain
from booking.owners import public_name
from booking.services import letters
from booking.services.readers import Role
from booking.services.seats import others_of
from booking.services.stopping import stop_url
from calendars.enums import ConferenceState
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from booking.services.readers import Reader
    from common.mail_form import Letter


def reminder(meeting: MeetingBase, reader: Reader) -> Letter:
    """The meeting to come, with the way to join: in the reader's language and zone."""
    return (_remind_host if reader.role.is_host else _remind)(meeting, reader)


@to_booker
def follow_up(meeting: MeetingBase, reader: Reader) -> Letter:
    """The link's own text, after the meeting, to its booker."""
    owner, link = reader.owner, meeting.link
    text = link.follow_up_text if link is not None else ""
    values = letters.values_of(meeting, reader.name, reader.zone, owner)
    day = wording.long_day(meeting.start_at.astimezone(reader.zone).date(), year=True)
    clock = wording.clock_range(meeting.start_at, meeting.end_at, reader.zone)
    zone = wording.zone_words(reader.zone, meeting.start_at)
    facts = [letters.what_fact(meeting, owner), (_("When"), f"{day}, {clock}, {zone}", "")]
    subject = _("After %(meeting)s") % {"meeting": letters.meeting_words(meeting, owner)}
    context = {
        **_context(meeting, reader, subject, facts),
        "date_text": "",
        "hello": _greeting(reader),
        "own_text": as_plain(text, values),
        "own_html": as_html(text, values),
        "action_url": _again_url(meeting),
        "action_label": _("Book again"),
        **_own(meeting, reader, TextKind.FOLLOW_UP),
    }
    return _stoppable(meeting, reader, context)


@to_booker
def _remind(meeting: MeetingBase, reader: Reader) -> Letter:
    owner = reader.owner
    facts = [
        letters.what_fact(meeting, owner),
        *letters.where_facts(meeting, LinkKind.BOOKER),
    ]
    when = letters.joined(
        letters.when_and_place(meeting, reader.zone), letters.meeting_words(meeting, owner)
    )
    context = {
        **_context(meeting, reader, _("Reminder: %(meeting)s") % {"meeting": when}, facts),
        **letters.way_in(meeting, LinkKind.BOOKER),
        "hello": f"{_greeting(reader)} {_('this is a reminder of your meeting.')}",
        "manage_url": manage_url(meeting) if reader.role is Role.BOOKER else "",
        **_own(meeting, reader, TextKind.REMINDER),
    }
    return _stoppable(meeting, reader, context)


@to_host
def _remind_host(meeting: MeetingBase, reader: Reader) -> Letter:
    others = list(others_of(meeting).filter(state=MeetingState.CONFIRMED))
    facts = [
        *(letters.who_fact(one) for one in (meeting, *others)),
        letters.length_fact(meeting),
        *letters.where_facts(meeting, LinkKind.OWNER),
        *([] if others else letters.typed_facts(meeting, _("They wrote"))),
    ]
    when = letters.when_and_place(meeting, reader.zone)
    what = {"title": meeting.title, "name": meeting.booker_name, "count": 1 + len(others)}
    about = _("%(title)s with %(count)s guests") if others else _("%(title)s with %(name)s")
    said = about % what
    subject = _("Reminder: %(meeting)s") % {"meeting": letters.joined(when, said)}
    zone = ZoneInfo(meeting.booker_timezone)
    seen = letters.Reader(reader.email, reader.zone, meeting.booker_name, zone)
    way = letters.way_in(meeting, LinkKind.OWNER)
    context = {
        **letters.common_context(meeting, reader.owner, seen, subject, facts),
        **(way if way["action_url"] else _look_at(meeting)),
        "hello": _("A reminder of %(meeting)s.") % {"meeting": said},
        "for_host": True,
        "booker": meeting.booker_name,
    }
    return letters.compose("ahead", context, seen, reply_to=meeting.booker_email)


def _context(
    meeting: MeetingBase, reader: Reader, subject: str, facts: list[letters.Fact]
) -> dict[str, Any]:
    owner = reader.owner
    seen = letters.Reader(reader.email, reader.zone, public_name(owner), owner.zone)
    misses_link = not letters.way_in(meeting, LinkKind.BOOKER)["action_url"] and awaits_link(
        meeting
    )
    return {
        **letters.common_context(meeting, owner, seen, subject, facts),
        "link_is_late": misses_link and meeting.conference_state == ConferenceState.PENDING,
        "link_has_failed": misses_link and meeting.conference_state == ConferenceState.FAILED,
        "can_answer": bool(owner.notice_email),
        "booker": "" if reader.role is Role.BOOKER else meeting.booker_name,
        "booked_on": letters.stamp(meeting.created_at, reader.zone),
        "stop_url": stop_url(meeting, reader.email, meeting.booker_language),
    }


def _stoppable(meeting: MeetingBase, reader: Reader, context: dict[str, Any]) -> Letter:
    """With the way to stop such mails for the reader, and for their mail program (RFC 8058)."""
    owner = reader.owner
    seen = letters.Reader(reader.email, reader.zone, public_name(owner), owner.zone)
    letter = letters.compose(
        "ahead", context, seen, reply_to=owner.notice_email, house=letters.house_of(meeting)
    )
    letter.extra_headers["List-Unsubscribe"] = f"<{context['stop_url']}>"
    letter.extra_headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return letter


def _own(meeting: MeetingBase, reader: Reader, kind: TextKind) -> dict[str, Any]:
    return letters.own_words(meeting, kind, reader.called, reader.zone, reader.owner)


def _greeting(reader: Reader) -> str:
    return _("Hello %(name)s,") % {"name": reader.name} if reader.name else _("Hello,")


def _look_at(meeting: MeetingBase) -> dict[str, str]:
    return {"action_url": host_url(meeting), "action_label": _("Look at the meeting")}


def _again_url(meeting: MeetingBase) -> str:
    """The page of the link, where it takes another booking."""
    link = meeting.link
    if link is None or not link.is_active or link.is_one_time:
        return ""
    language = known_language(meeting.booker_language)
    query = f"?lang={language}" if language not in {"", ENGLISH} else ""
    return f"{settings.PUBLIC_URL}{reverse('booking:book', args=[link.slug])}{query}"

"""The mails about a new meeting: composed for one reader, in their zone."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from booking.addresses import host_url, manage_url
from booking.enums import EventPresence, MeetingState, TextKind
from booking.ics import mime_part
from booking.joining import awaits_link
from booking.languages import to_booker, to_owner
from booking.owners import public_name
from booking.services.calendar_files import calendar_file
from booking.services.letters import (
    Reader,
    common_context,
    compose,
    guests_facts,
    house_of,
    joined,
    length_fact,
    meeting_words,
    own_words,
    reason,
    stamp,
    typed_facts,
    way_in,
    what_fact,
    when_and_place,
    where_facts,
    who_fact,
)
from calendars.enums import ConferenceState
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from common.mail_form import Letter
    from workspaces.owners import Owner


@to_booker
def confirmation(
    meeting: MeetingBase, owner: Owner, *, now: datetime, is_update: bool = False
) -> Letter:
    """To the booker: the meeting with its calendar file, or the receipt of a request without one.

    An update brings the link that came later, or says that none will. `now` stamps the file.
    """
    zone = ZoneInfo(meeting.booker_timezone)
    reader = Reader(meeting.booker_email, zone, public_name(owner), owner.zone)
    is_request = meeting.state == MeetingState.REQUESTED
    link_has_failed = awaits_link(meeting) and meeting.conference_state == ConferenceState.FAILED
    facts = [
        what_fact(meeting, owner),
        *where_facts(meeting, LinkKind.BOOKER),
        *typed_facts(meeting, _("You wrote")),
    ]
    subject = joined(when_and_place(meeting, reader.zone), meeting_words(meeting, owner))
    if is_request:
        subject = _("Requested: %(meeting)s") % {"meeting": subject}
    elif is_update and link_has_failed:
        subject = _("No join link for %(meeting)s") % {"meeting": subject}
    elif is_update:
        subject = _("Join link for %(meeting)s") % {"meeting": subject}
    context = {
        **common_context(meeting, owner, reader, subject, facts),
        **way_in(meeting, LinkKind.BOOKER),
        "is_request": is_request,
        "is_update": is_update,
        "link_is_late": awaits_link(meeting)
        and meeting.conference_state == ConferenceState.PENDING,
        "link_has_failed": link_has_failed,
        "can_answer": bool(owner.notice_email),
        "manage_url": manage_url(meeting),
        "booked_on": stamp(meeting.created_at, reader.zone),
    }
    if not is_update:
        kind = TextKind.REQUESTED if is_request else TextKind.CONFIRMATION
        context |= own_words(meeting, kind, meeting.booker_name, reader.zone, owner)
    message = compose(
        "confirmation", context, reader, reply_to=owner.notice_email, house=house_of(meeting)
    )
    # Without a link there is nothing new to say to a calendar.
    if not is_request and not (is_update and link_has_failed):
        message.attach(mime_part(calendar_file(meeting, owner, now=now), "REQUEST"))
    return message


@to_owner
def notice(
    meeting: MeetingBase,
    owner: Owner,
    *,
    event: EventPresence,
    now: datetime,
    lost_link: bool = False,
) -> Letter:
    """To the owner: who booked what. Carries the calendar file when no event was made.

    With `lost_link` it follows an earlier one and says that the link, then awaited, never came.
    """
    zone = ZoneInfo(meeting.booker_timezone)
    reader = Reader(owner.notice_email, owner.zone, meeting.booker_name, zone)
    is_request = meeting.state == MeetingState.REQUESTED
    facts = [who_fact(meeting)]
    if meeting.booker_phone:
        facts.append((_("Phone"), meeting.booker_phone, ""))
    facts += [
        *guests_facts(meeting),
        length_fact(meeting),
        *where_facts(meeting, LinkKind.OWNER),
        *typed_facts(meeting, _("They wrote")),
    ]
    words = {"name": meeting.booker_name, "title": meeting.title}
    said = _("%(name)s asks for %(title)s") if is_request else _("%(name)s booked %(title)s")
    subject = joined(said % words, when_and_place(meeting, reader.zone))
    if lost_link:
        subject = _("No join link: %(notice)s") % {"notice": subject}
    context = {
        **common_context(meeting, owner, reader, subject, facts),
        **(_answer_here(meeting) if is_request else way_in(meeting, LinkKind.OWNER)),
        "is_request": is_request,
        "lost_link": lost_link,
        "event": event.name,
        "conference_note": reason(meeting.conference_note),
    }
    message = compose("notice", context, reader, reply_to=meeting.booker_email)
    if event in {EventPresence.NO_CALENDAR, EventPresence.FAILED} and not is_request:
        file = calendar_file(meeting, owner, now=now, for_owner=True)
        message.attach(mime_part(file, "REQUEST"))
    return message


def _answer_here(meeting: MeetingBase) -> dict[str, str]:
    """The button under a request; what it opens changes nothing."""
    return {"action_url": host_url(meeting), "action_label": _("Confirm or decline")}

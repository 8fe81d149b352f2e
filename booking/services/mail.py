"""The mails about a meeting: composed for one reader, in their zone, and handed to Django's mail.

Whatever a booker or a link says is treated as hostile: headers are one line, HTML is escaped by
the templates, and what was typed stands quoted in the plain text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from email.utils import formataddr, parseaddr
from enum import Enum
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from booking import wording
from booking.enums import MeetingState
from booking.ics import Address, build_invitation, mime_part
from booking.joining import awaits_link, first_link, other_link
from booking.languages import to_booker, to_owner
from booking.owners import public_name
from booking.plain import CONTROLS
from calendars.enums import ConferenceState
from conferencing.enums import Conference, LinkKind

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from workspaces.owners import Owner

_BLANK_LINES = re.compile(r"\n\s*\n")
Fact = tuple[str, str, str]


class EventPresence(Enum):
    """Whether the meeting stands in the owner's calendar, as far as is known."""

    THERE = "there"
    ON_ITS_WAY = "on its way"
    NO_CALENDAR = "no calendar"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Whom a mail is for and how they see times; and how the other side does."""

    email: str
    zone: ZoneInfo
    other_name: str
    other_zone: ZoneInfo


@to_booker
def confirmation(
    meeting: MeetingBase, owner: Owner, *, key: str, now: datetime, is_update: bool = False
) -> EmailMultiAlternatives:
    """To the booker: the meeting with its calendar file, or the receipt of a request without one.

    An update brings the link that came later, or says that none will. `key` names this mail for
    receivers that drop repeats.
    """
    zone = ZoneInfo(meeting.booker_timezone)
    reader = _Reader(meeting.booker_email, zone, public_name(owner), owner.zone)
    is_request = meeting.state == MeetingState.REQUESTED
    link_has_failed = awaits_link(meeting) and meeting.conference_state == ConferenceState.FAILED
    facts = [
        _what(meeting, owner),
        *_where(meeting, LinkKind.BOOKER),
        *_typed(meeting, _("You wrote")),
    ]
    subject = f"{_when_and_place(meeting, reader.zone)}: {meeting_words(meeting, owner)}"
    if is_request:
        subject = _("Requested: %(meeting)s") % {"meeting": subject}
    elif is_update and link_has_failed:
        subject = _("No join link for %(meeting)s") % {"meeting": subject}
    elif is_update:
        subject = _("Join link for %(meeting)s") % {"meeting": subject}
    context = {
        **_common(meeting, owner, reader, subject, facts),
        **_way_in(meeting, LinkKind.BOOKER),
        "is_request": is_request,
        "is_update": is_update,
        "link_is_late": awaits_link(meeting)
        and meeting.conference_state == ConferenceState.PENDING,
        "link_has_failed": link_has_failed,
        "can_answer": bool(owner.notice_email),
        "booked_on": _stamp(meeting.created_at, reader.zone),
    }
    message = _message("confirmation", context, reader, key=key, reply_to=owner.notice_email)
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
    key: str,
    now: datetime,
    lost_link: bool = False,
) -> EmailMultiAlternatives:
    """To the owner: who booked what. Carries the calendar file when no event was made.

    With `lost_link` it follows an earlier one and says that the link, then awaited, never came.
    """
    zone = ZoneInfo(meeting.booker_timezone)
    reader = _Reader(owner.notice_email, owner.zone, meeting.booker_name, zone)
    is_request = meeting.state == MeetingState.REQUESTED
    facts = [_who(meeting)]
    if meeting.booker_phone:
        facts.append(("Phone", meeting.booker_phone, ""))
    facts += [_length(meeting), *_where(meeting, LinkKind.OWNER), *_typed(meeting, "They wrote")]
    verb = "asks for" if is_request else "booked"
    subject = f"{meeting.booker_name} {verb} {meeting.title}: "
    subject += _when_and_place(meeting, reader.zone)
    if lost_link:
        subject = f"No join link: {subject}"
    context = {
        **_common(meeting, owner, reader, subject, facts),
        **_way_in(meeting, LinkKind.OWNER),
        "is_request": is_request,
        "verb": verb,
        "lost_link": lost_link,
        "event": event.name,
        "conference_note": meeting.conference_note,
    }
    message = _message("notice", context, reader, key=key, reply_to=meeting.booker_email)
    if event in {EventPresence.NO_CALENDAR, EventPresence.FAILED} and not is_request:
        file = calendar_file(meeting, owner, now=now, for_owner=True)
        message.attach(mime_part(file, "REQUEST"))
    return message


def calendar_file(
    meeting: MeetingBase, owner: Owner, *, now: datetime, for_owner: bool = False
) -> bytes:
    """The meeting as an invitation: the booker's copy, or the one of an owner without calendar."""
    _name, sender = parseaddr(settings.MAIL_FROM)
    booker = Address(meeting.booker_email, meeting.booker_name)
    # A program that finds itself named as the organiser does not offer to add the event.
    hosts = sender if for_owner or not owner.notice_email else owner.notice_email
    attendees = [Address(owner.notice_email, owner.name)] if for_owner else [booker]
    facts = [_who(meeting)] if for_owner else []
    kind = LinkKind.OWNER if for_owner else LinkKind.BOOKER
    link = first_link(meeting, kind)
    facts += [
        *_where(meeting, kind),
        *_typed(meeting, "They wrote" if for_owner else _("You wrote")),
    ]
    return build_invitation(
        method="REQUEST",
        uid=meeting.uid,
        sequence=meeting.sequence,
        dtstamp=now,
        start=meeting.start_at,
        end=meeting.end_at,
        summary=f"{meeting.title}: {meeting.booker_name}"
        if for_owner
        else meeting_words(meeting, owner),
        description="\n".join(f"{label}: {url or text}" for label, text, url in facts),
        organizer=Address(hosts, public_name(owner)),
        attendees=attendees,
        location=link or meeting.location,
        url=link,
        conference_url=link,
        status="CONFIRMED",
    )


def meeting_words(meeting: MeetingBase, owner: Owner) -> str:
    """Intro call with Amara Okafor."""
    return _("%(title)s with %(name)s") % {"title": meeting.title, "name": public_name(owner)}


def conference_label(conference: str) -> str:
    """Google Meet, Microsoft Teams, Zoom; blank when there is none."""
    known = {choice.value: str(choice.label) for choice in Conference}
    return known.get(conference, "") if conference not in {"", Conference.NONE.value} else ""


def _message(
    template: str, context: dict[str, Any], reader: _Reader, *, key: str, reply_to: str
) -> EmailMultiAlternatives:
    _name, sender = parseaddr(settings.MAIL_FROM)
    stem = f"booking/mail/{template}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:40]
    via = _("%(name)s via Meridian") % {"name": context["sender_name"]}
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=_BLANK_LINES.sub("\n\n", render_to_string(f"{stem}.txt", context)).strip() + "\n",
        from_email=formataddr((_header(via), sender)),
        to=[reader.email],
        reply_to=[reply_to] if reply_to else None,
        headers={
            "Message-ID": f"<{digest}@{settings.ICS_DOMAIN}>",
            "Idempotency-Key": digest,
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(render_to_string(f"{stem}.html", context), "text/html")
    return message


def _common(
    meeting: MeetingBase, owner: Owner, reader: _Reader, subject: str, facts: list[Fact]
) -> dict[str, Any]:
    first_day = meeting.start_at.astimezone(reader.zone).date()
    elsewhere = wording.elsewhere(
        meeting.start_at, reader.zone, reader.other_name, reader.other_zone
    )
    return {
        "meeting": meeting,
        "subject": _header(subject),
        "sender_name": public_name(owner),
        "reader_email": reader.email,
        "date_text": wording.long_day(first_day, year=True),
        "time_text": wording.clock_range(meeting.start_at, meeting.end_at, reader.zone),
        "zone_text": f"{wording.zone_words(reader.zone, meeting.start_at)}. {elsewhere}".strip(),
        "facts": facts,
    }


def _who(meeting: MeetingBase) -> Fact:
    return "Who", f"{meeting.booker_name}, {meeting.booker_email}", ""


def _what(meeting: MeetingBase, owner: Owner) -> Fact:
    length = wording.minutes_words(meeting.end_at - meeting.start_at)
    return _("What"), f"{meeting_words(meeting, owner)}, {length}", ""


def _length(meeting: MeetingBase) -> Fact:
    length = wording.minutes_words(meeting.end_at - meeting.start_at)
    return "What", f"{meeting.title}, {length}", ""


def _way_in(meeting: MeetingBase, kind: LinkKind) -> dict[str, Any]:
    """The button of the mail."""
    label = "" if meeting.room_id else conference_label(meeting.conference)
    return {
        "action_url": first_link(meeting, kind),
        "action_label": _("Join %(place)s") % {"place": label} if label else _("Join the meeting"),
    }


def _where(meeting: MeetingBase, kind: LinkKind) -> list[Fact]:
    """The link to join by, and what to do when that does not open."""
    link, other = first_link(meeting, kind), other_link(meeting)
    if link:
        room = _("Video room of %(workspace_name)s") % {"workspace_name": meeting.workspace.name}
        found: list[Fact] = [(_("Where"), room if meeting.room_id else _shown(link), link)]
        called = conference_label(meeting.conference) or _shown(other)
        return [*found, (_("If that does not open"), called, other)] if other else found
    return [(_("Where"), meeting.location, "")] if meeting.location else []


def _shown(url: str) -> str:
    return url.removeprefix("https://")


def _typed(meeting: MeetingBase, label: str) -> list[Fact]:
    facts = [
        (_("Answer"), f"{answer['label']} {_quoted(answer['answer'])}", "")
        for answer in meeting.answers
    ]
    if meeting.message:
        facts.append((label, _quoted(meeting.message), ""))
    return facts


def _quoted(text: str) -> str:
    return f"“{text}”"


def _when_and_place(meeting: MeetingBase, zone: ZoneInfo) -> str:
    day = wording.short_day(meeting.start_at.astimezone(zone).date())
    return f"{day}, {wording.clock(meeting.start_at, zone)} {wording.place(zone)}"


def _stamp(at: datetime, zone: ZoneInfo) -> str:
    day = wording.long_day(at.astimezone(zone).date())
    words = {"day": day, "time": wording.clock(at, zone), "place": wording.place(zone)}
    return _("%(day)s at %(time)s, %(place)s") % words


def _header(text: str) -> str:
    """One line for a header, whatever was typed."""
    return " ".join(CONTROLS.sub(" ", text).split())[:200]

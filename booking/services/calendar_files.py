"""The meeting as a calendar file: what its people's own calendars are told."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import gettext as _

from booking.ahead import alarms_of
from booking.enums import Answer, MeetingState
from booking.ics import Address, Answered, Method, Status, Uninvited, build_invitation
from booking.inbound import reply_address
from booking.joining import first_link
from booking.models import MeetingAnswer
from booking.owners import public_name
from booking.services.letters import meeting_words, typed_facts, where_facts, who_fact
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from workspaces.owners import Owner

_OFF = frozenset({MeetingState.CANCELLED, MeetingState.DECLINED})
_ANSWERS: Final[dict[Answer, Answered]] = {
    Answer.ACCEPTED: "ACCEPTED",
    Answer.TENTATIVE: "TENTATIVE",
    Answer.DECLINED: "DECLINED",
}


def calendar_file(
    meeting: MeetingBase,
    owner: Owner,
    *,
    now: datetime,
    for_owner: bool = False,
    for_guest: bool = False,
    organizer: str = "",
    is_off: bool = False,
    only_to: Address | None = None,
) -> bytes:
    """The meeting as an invitation: the booker's copy, a guest's, or an owner's without calendar.

    One that is off is a cancellation, as is one that goes on and `is_off` for this reader alone;
    a request is tentative.
    `organizer` is the address that earlier files named: a calendar takes a change from no other;
    of the booker's own it is known. What the booker typed is for the owner and not for guests.
    A cancellation `only_to` somebody who is no guest any more names nobody else.

    Who answered for the time that the meeting has is not asked again (RFC 5546, 3.2.2), if their
    answer was there by `now` and is surely theirs: another's must not decline for them.
    """
    method, status = _said(meeting, is_off=is_off)
    facts = [who_fact(meeting)] if for_owner else []
    kind = LinkKind.OWNER if for_owner else LinkKind.BOOKER
    link = first_link(meeting, kind) if method == "REQUEST" else ""
    facts += [
        *(where_facts(meeting, kind) if method == "REQUEST" else []),
        *(
            []
            if for_guest
            else typed_facts(meeting, _("They wrote") if for_owner else _("You wrote"))
        ),
    ]
    if not for_owner and not for_guest:
        known = meeting.told.get("booker", {})
        organizer = organizer or known.get("organizer", "")
        if known.get("has_file") and not organizer:
            organizer = former_organizer(owner)
    return build_invitation(
        method=method,
        uid=meeting.uid,
        sequence=meeting.sequence,
        dtstamp=now,
        start=meeting.start_at,
        end=meeting.end_at,
        summary=f"{meeting.title}: {meeting.booker_name}"
        if for_owner
        else meeting_words(meeting, owner),
        description="\n".join(
            f"{_('%(label)s:') % {'label': label}} {url or text}" for label, text, url in facts
        ),
        organizer=Address(
            organizer or organizer_of(meeting, owner, for_owner=for_owner), public_name(owner)
        ),
        sent_by=parseaddr(settings.MAIL_FROM)[1],
        attendees=[only_to]
        if only_to
        else _attendees(meeting, owner, now=now, for_owner=for_owner),
        location=link or meeting.location,
        url=link,
        conference_url=link,
        status=status,
        reminders=alarms_of(meeting.link),
    )


def organizer_of(meeting: MeetingBase, owner: Owner, *, for_owner: bool = False) -> str:
    """The address a new file names as its organiser: where calendars send their answers.

    That is the meeting's own, where mail comes in. A program that finds itself named so does not
    offer to add the event, so an owner's file names the installation; and so does a booker's or a
    guest's where one of them has the owner's address, as whoever tries their own link.
    """
    organizer = reply_address(meeting.pk) or former_organizer(owner)
    invited = {meeting.booker_email.lower(), *(one["email"].lower() for one in meeting.guests)}
    if for_owner or organizer.lower() in invited:
        return parseaddr(settings.MAIL_FROM)[1]
    return organizer


def former_organizer(owner: Owner) -> str:
    """Whom files named while no mail came in; those sent then name them for good."""
    return owner.notice_email or parseaddr(settings.MAIL_FROM)[1]


def _said(meeting: MeetingBase, *, is_off: bool) -> tuple[Method, Status | Uninvited]:
    if meeting.state in _OFF:
        return "CANCEL", "CANCELLED"
    if is_off:
        return "CANCEL", ""
    return "REQUEST", "TENTATIVE" if meeting.state == MeetingState.REQUESTED else "CONFIRMED"


def _attendees(
    meeting: MeetingBase, owner: Owner, *, now: datetime, for_owner: bool
) -> list[Address]:
    if for_owner:
        return [Address(owner.notice_email, owner.name)]
    answers = _answers(meeting, now)
    booker = (meeting.booker_email, meeting.booker_name)
    guests = [(guest["email"], guest.get("name", "")) for guest in meeting.guests]
    return [
        Address(email, name, answers.get(email.lower(), "")) for email, name in (booker, *guests)
    ]


def _answers(meeting: MeetingBase, now: datetime) -> dict[str, Answered]:
    rows = MeetingAnswer.objects.filter(
        meeting_id=meeting.pk,
        is_sure=True,
        start_at=meeting.start_at,
        end_at=meeting.end_at,
        received_at__lte=now,
    )
    return {one.email: _ANSWERS[Answer(one.answer)] for one in rows}

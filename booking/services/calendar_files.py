"""The meeting as a calendar file: what its people's own calendars are told."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from booking.ahead import alarms_of
from booking.enums import MeetingState
from booking.ics import Address, Method, Status, build_invitation
from booking.inbound import reply_address
from booking.joining import first_link
from booking.owners import public_name
from booking.services.letters import meeting_words, typed_facts, where_facts, who_fact
from conferencing.enums import LinkKind

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from workspaces.owners import Owner

_OFF = frozenset({MeetingState.CANCELLED, MeetingState.DECLINED})


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

    One that is off, or `is_off` for this reader, is a cancellation, and a request is tentative.
    `organizer` is the address that earlier files named: a calendar takes a change from no other;
    of the booker's own it is known. What the booker typed is for the owner and not for guests.
    A cancellation `only_to` somebody who is no guest any more names nobody else.
    """
    method, status = _said(meeting, is_off=is_off)
    facts = [who_fact(meeting)] if for_owner else []
    kind = LinkKind.OWNER if for_owner else LinkKind.BOOKER
    link = first_link(meeting, kind) if method == "REQUEST" else ""
    facts += [
        *(where_facts(meeting, kind) if method == "REQUEST" else []),
        *([] if for_guest else typed_facts(meeting, "They wrote" if for_owner else _("You wrote"))),
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
        description="\n".join(f"{label}: {url or text}" for label, text, url in facts),
        organizer=Address(
            organizer or organizer_of(meeting, owner, for_owner=for_owner), public_name(owner)
        ),
        attendees=[only_to] if only_to else _attendees(meeting, owner, for_owner=for_owner),
        location=link or meeting.location,
        url=link,
        conference_url=link,
        status=status,
        reminders=alarms_of(meeting.link),
    )


def organizer_of(meeting: MeetingBase, owner: Owner, *, for_owner: bool = False) -> str:
    """The address a new file names as its organiser: where calendars send their answers.

    That is the meeting's own, where mail comes in. A program that finds itself named so does not
    offer to add the event, so an owner's file names the installation.
    """
    if not for_owner:
        return reply_address(meeting.pk) or former_organizer(owner)
    return parseaddr(settings.MAIL_FROM)[1]


def former_organizer(owner: Owner) -> str:
    """Whom files named while no mail came in; those sent then name them for good."""
    return owner.notice_email or parseaddr(settings.MAIL_FROM)[1]


def _said(meeting: MeetingBase, *, is_off: bool) -> tuple[Method, Status]:
    if is_off or meeting.state in _OFF:
        return "CANCEL", "CANCELLED"
    return "REQUEST", "TENTATIVE" if meeting.state == MeetingState.REQUESTED else "CONFIRMED"


def _attendees(meeting: MeetingBase, owner: Owner, *, for_owner: bool) -> list[Address]:
    if for_owner:
        return [Address(owner.notice_email, owner.name)]
    guests = [Address(guest["email"], guest.get("name", "")) for guest in meeting.guests]
    return [Address(meeting.booker_email, meeting.booker_name), *guests]

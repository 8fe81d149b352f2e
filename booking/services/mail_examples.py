"""Mails as their readers will see them, about a meeting that nobody booked: to try words out."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from booking.enums import ChangeKind, MeetingState, Party, TextKind
from booking.models import BookingLink, MeetingChange, SalesMeeting
from booking.services import ahead_mail, mail
from booking.services.change_mail import change_mail
from booking.services.mail_texts import trying
from booking.services.readers import Known, Reader, Role
from booking.services.statements import FileKind, Said, Statement

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from booking.services.mail_texts import Words
    from common.mail_form import Letter
    from workspaces.owners import UserOwner

_NAME: Final = "Ada Brandt"
_EMAIL: Final = "ada.brandt@example.com"
_HALF_HOUR: Final = timedelta(minutes=30)
_SAID: Final = {
    TextKind.APPROVED: (Said.APPROVED, ChangeKind.APPROVED),
    TextKind.DECLINED: (Said.DECLINED, ChangeKind.DECLINED),
    TextKind.MOVED: (Said.MOVED, ChangeKind.MOVED),
    TextKind.CANCELLED: (Said.CANCELLED, ChangeKind.CANCELLED),
}
_STATES: Final = {
    TextKind.REQUESTED: MeetingState.REQUESTED,
    TextKind.DECLINED: MeetingState.DECLINED,
    TextKind.CANCELLED: MeetingState.CANCELLED,
}


def example(
    kind: TextKind, owner: UserOwner, words: Words, *, language: str, now: datetime
) -> Letter:
    """That mail with these words, about a meeting with `owner` two days on; no file goes along."""
    meeting = _meeting(kind, owner, language, now)
    with trying(words):
        letter = _letter(kind, meeting, owner, now)
    letter.attachments = []
    return letter


def _letter(kind: TextKind, meeting: MeetingBase, owner: UserOwner, now: datetime) -> Letter:
    if kind in {TextKind.CONFIRMATION, TextKind.REQUESTED}:
        return mail.confirmation(meeting, owner, now=now)
    reader = _reader(meeting, owner, was_elsewhere=kind is TextKind.MOVED)
    if kind is TextKind.REMINDER:
        return ahead_mail.reminder(meeting, reader)
    if kind is TextKind.FOLLOW_UP:
        return ahead_mail.follow_up(meeting, reader)
    said, done = _SAID[kind]
    change = MeetingChange(kind=done, by=Party.OWNER, name=owner.name, sequence=1)
    return change_mail(meeting, reader, Statement(said, FileKind.NONE, (change,)), now=now)


def _meeting(kind: TextKind, owner: UserOwner, language: str, now: datetime) -> MeetingBase:
    day = (now.astimezone(owner.zone) + timedelta(days=2)).date()
    start = datetime.combine(day, time(10), owner.zone).astimezone(ZoneInfo("UTC"))
    link = BookingLink(
        workspace=owner.workspace,
        user_id=owner.id,
        title="Intro call",
        slug="intro-call",
        follow_up_text="The text of the booking link stands here.",
    )
    meeting_id = uuid4()
    return SalesMeeting(
        id=meeting_id,
        workspace=owner.workspace,
        link=link,
        user_id=owner.id,
        title=link.title,
        start_at=start,
        end_at=start + _HALF_HOUR,
        created_at=now,
        state=_STATES.get(kind, MeetingState.CONFIRMED),
        booker_name=_NAME,
        booker_email=_EMAIL,
        booker_timezone=owner.zone.key,
        booker_language=language,
        location="12 Mill Lane",
        uid=f"{meeting_id}@example.com",
        sequence=1,
    )


def _reader(meeting: MeetingBase, owner: UserOwner, *, was_elsewhere: bool) -> Reader:
    was = meeting.start_at - timedelta(days=was_elsewhere)
    known = Known(sequence=0, state=MeetingState.CONFIRMED, start_at=was, end_at=was + _HALF_HOUR)
    return Reader(
        key="booker",
        role=Role.BOOKER,
        email=_EMAIL,
        name=_NAME,
        zone=owner.zone,
        owner=owner,
        known=known,
    )

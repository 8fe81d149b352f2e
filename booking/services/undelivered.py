"""Mails about a meeting that did not arrive: its owner is told, and they can be sent once more.

What became of each mail is noted by `common`. Here it is said to whom it matters, once for each
reader; a mail about a mail is never followed by another one.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from booking.enums import IS_OFF, MessageKind, Step
from booking.errors import LinkClosed
from booking.mail_troubles import ABOUT_MEETING, troubles_of
from booking.owners import meeting_tables, owner_of_meeting
from booking.services.invited_steps import ABOUT as ABOUT_INVITATION
from booking.services.invited_steps import note_untold
from booking.services.messages import locked, message_of
from booking.services.posting import post
from booking.services.readers import known_now, readers_of
from booking.services.stopping import stop_for
from booking.services.undelivered_mail import undelivered_mail
from common import outbox
from common.enums import MAIL_TROUBLE, MailState
from common.errors import Conflict, NotFound
from common.models import SentMail

if TYPE_CHECKING:
    from datetime import datetime

    from booking.models import MeetingBase
    from booking.services.readers import Reader
    from common.models import OutboxMessage

# Most delays are over sooner; the owner need not hear of those by mail.
DELAY_TOLD_AFTER: Final = timedelta(hours=1)
_BEFORE_START: Final = timedelta(minutes=30)


def handle_mail_trouble(message: OutboxMessage) -> None:
    """The outbox's handler of `booking.mail_trouble`: tell the owner by one mail for each reader.

    Of a delay only when it lasts for an hour, or until shortly before the start. What has arrived
    by now, and a mail to the owner themself, is told by no mail; the meeting's page shows it. An
    answer to an invitation from outside is told of on the page of invitations.
    Who marked one as spam is sent no more reminders and follow-ups.
    """
    mail = SentMail.objects.filter(pk=UUID(message.payload["mail_id"])).first()
    if mail is None or mail.state not in MAIL_TROUBLE or not mail.recipient:
        return
    if mail.about_kind == ABOUT_INVITATION:
        note_untold(mail)
        return
    meeting = _meeting_of(mail)
    if meeting is None or meeting.erased_at is not None:
        return
    if mail.state == MailState.COMPLAINED:
        stop_for(meeting.workspace, mail.recipient)
    try:
        owner = owner_of_meeting(meeting)
    except LinkClosed:
        return
    now, is_late = timezone.now(), mail.state == MailState.DELAYED
    if is_late:
        due_at = min(mail.state_at + DELAY_TOLD_AFTER, meeting.start_at - _BEFORE_START)
        if now < due_at:
            raise outbox.NotYet(due_at)
    if not owner.notice_email or mail.recipient.lower() == owner.notice_email.lower():
        return
    reader = hashlib.sha256(mail.recipient.lower().encode()).hexdigest()[:20]
    key = f"booking:{meeting.pk}:undelivered:{reader}:{owner.id}{':late' if is_late else ''}"
    letter = undelivered_mail(meeting, owner, mail)
    post(letter, meeting, kind="booking.undelivered", key=key, is_told=False)


def send_mail_again(*, meeting: MeetingBase, mail_id: UUID, now: datetime) -> None:
    """Tell the reader of that mail the whole of the meeting once more, as it is by now.

    Raises NotFound for a mail that is in no trouble, and Conflict when the meeting is over or
    its reader has no part in it any more.
    """
    with transaction.atomic():
        fresh = locked(meeting)
        mail = _trouble(fresh, mail_id)
        if fresh.end_at <= now:
            raise Conflict("This meeting is over. Nothing was sent.")
        reader = next(
            (one for one in readers_of(fresh) if one.email.lower() == mail.recipient.lower()), None
        )
        if reader is None:
            raise Conflict("Nobody with this address has a part in the meeting any more.")
        again = _forget_told(fresh, reader)
        message = message_of(fresh, MessageKind.NOTIFICATION, Step.AGAIN)
        outbox.enqueue(
            kind=message.kind,
            payload=message.payload,
            dedupe_key=f"{message.dedupe_key}:{mail.pk}:{again}",
            workspace_id=message.workspace_id,
            ordering_key=message.ordering_key,
            about_id=message.about_id,
        )
        _dismiss(mail, now)


def dismiss_mail_trouble(*, meeting: MeetingBase, mail_id: UUID, now: datetime) -> None:
    """Show the mail's trouble no more: its owner has reached its reader. Raises NotFound."""
    with transaction.atomic():
        _dismiss(_trouble(locked(meeting), mail_id), now)


def _meeting_of(mail: SentMail) -> MeetingBase | None:
    if mail.about_kind != ABOUT_MEETING:
        return None
    for tables in meeting_tables():
        found: MeetingBase | None = tables.meetings().filter(pk=mail.about_id).first()
        if found is not None:
            return found
    return None


def _trouble(meeting: MeetingBase, mail_id: UUID) -> SentMail:
    troubles = troubles_of(meeting.workspace_id, [meeting.pk])[meeting.pk]
    found = next((mail for mail in troubles if mail.pk == mail_id), None)
    if found is None:
        raise NotFound
    return found


def _forget_told(fresh: MeetingBase, reader: Reader) -> int:
    """Let the reader know nothing, but keep that they may have the file; which try it is."""
    known = reader.known or known_now(fresh, reader, has_file=False, organizer="")
    known = replace(known, sequence=-1, is_parted=False, again=known.again + 1)
    if fresh.state in IS_OFF:
        known = replace(known, has_file=reader.had_file)
    fresh.told = {**fresh.told, reader.key: known.to_json()}
    fresh.save(update_fields=["told", "updated_at"])
    return known.again


def _dismiss(mail: SentMail, now: datetime) -> None:
    SentMail.objects.filter(pk=mail.pk).update(dismissed_at=now, updated_at=now)

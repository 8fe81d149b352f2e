"""Reminders and follow-ups: when they are due, and to whom they are sent by then.

A meeting keeps only when to look at it next (`look_at`): each change of it, or of its link's
settings, has it looked at anew. What is due goes to the outbox as ids; what is true, and who has
still to hear of it, is found out when it is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone

from booking.ahead import MOST_MINUTES, STALE_AFTER, Moment, moments_of
from booking.enums import Ahead, Answer, EventPresence, MeetingState, MessageKind
from booking.mail_troubles import ABOUT_MEETING, unreached
from booking.models import MeetingAnswer
from booking.owners import meeting_tables, tables_for
from booking.services.ahead_mail import follow_up, reminder
from booking.services.messages import event_presence, meeting_of, queue_of
from booking.services.posting import Round, post
from booking.services.readers import Role, readers_of
from booking.services.seats import others_of
from booking.services.statements import changes_since, due_statement
from booking.services.stopping import has_stopped
from common import outbox
from common.enums import OutboxState
from common.mail import begun_at
from common.mail_trouble import MailRefused
from common.models import OutboxMessage, SentMail

if TYPE_CHECKING:
    from booking.models import BookingLink, MeetingBase
    from booking.services.readers import Reader

_AT_ONCE: Final = 500
_KINDS: Final = {kind: f"booking.{kind.value}" for kind in Ahead}
_NO_FILE: Final = frozenset({EventPresence.THERE, EventPresence.ON_ITS_WAY})


def look_ahead(*, now: datetime) -> int:
    """Hand to the outbox what is due by now; how many meetings were looked at."""
    looked = 0
    for tables in meeting_tables():
        rows = tables.meetings().filter(look_at__lte=now).order_by("look_at")
        for meeting in rows[:_AT_ONCE]:
            _look_at(meeting, now)
            looked += 1
    return looked


def follow_link(link: BookingLink, *, now: datetime) -> None:
    """Look anew at the link's meetings, whose reminders or follow-up were changed at `now`.

    Within the transaction that changes them.
    """
    for tables in meeting_tables():
        tables.meeting._default_manager.filter(
            link=link,
            state=MeetingState.CONFIRMED,
            end_at__gt=now - timedelta(minutes=MOST_MINUTES),
        ).update(look_at=now)


def handle_reminder(message: OutboxMessage) -> None:
    """The outbox's handler of `booking.reminder`."""
    meeting, said = meeting_of(message), message.payload
    if meeting is None:
        return
    now, kind = timezone.now(), Ahead(said["about"])
    moments = [
        one for one in _moments(meeting) if one.kind is kind and _is_worth(one, meeting, now)
    ]
    wanted = [one for one in moments if one.minutes == int(said["minutes"]) and one.at <= now]
    # Moved, or set anew, since: what is due by now has a message of its own.
    if not wanted or _stamp_of(meeting, kind) != said["stamp"]:
        return
    (moment,) = wanted
    if any(moment.at < other.at <= now for other in moments):
        return  # outrun by the next one
    _send_to_all(meeting, moment, now)


def _look_at(meeting: MeetingBase, now: datetime) -> None:
    moments = _moments(meeting)
    due = [one for one in moments if one.at <= now and _is_worth(one, meeting, now)]
    later = [one.at for one in moments if one.at > now]
    rows = tables_for(meeting).meeting._default_manager
    with transaction.atomic():
        for moment in due:
            stamp = _stamp_of(meeting, moment.kind)
            outbox.enqueue(
                kind=MessageKind.REMINDER,
                payload={
                    "owner_kind": tables_for(meeting).kind.value,
                    "meeting_id": str(meeting.pk),
                    "about": moment.kind.value,
                    "minutes": str(moment.minutes),
                    "stamp": stamp,
                },
                dedupe_key=_key_of(meeting, moment, stamp),
                workspace_id=meeting.workspace_id,
                about_id=meeting.pk,
            )
        # Whoever changed it meanwhile wants it looked at once more.
        rows.filter(pk=meeting.pk, look_at=meeting.look_at).update(
            look_at=min(later) if later else None
        )


def _moments(meeting: MeetingBase) -> list[Moment]:
    """What is, or was, to be mailed of the meeting as it and its link are now."""
    link = meeting.link
    if link is None or meeting.erased_at is not None or meeting.state != MeetingState.CONFIRMED:
        return []
    since = max(meeting.created_at, link.mails_set_at or meeting.created_at)
    found = moments_of(link, meeting.start_at, meeting.end_at)
    return [moment for moment in found if moment.at > since]


def _is_worth(moment: Moment, meeting: MeetingBase, now: datetime) -> bool:
    """Whether it helps anybody now."""
    if moment.kind is Ahead.REMINDER:
        return now < meeting.start_at
    return now < moment.at + STALE_AFTER


def _send_to_all(meeting: MeetingBase, moment: Moment, now: datetime) -> None:
    """Raises what the mail server raises, once everybody was tried."""
    readers = readers_of(meeting)
    trouble: Exception | None = None
    declined, lost = _declined(meeting), unreached(meeting)
    turn = Round(meeting, readers)
    for reader in turn.readers:
        address = reader.email.lower()
        if address in lost or (address in declined and not reader.role.is_host):
            continue
        if not _is_for(reader, meeting, moment) or _knows(meeting, reader, readers, moment):
            continue
        if turn.is_over:
            if trouble is None or isinstance(trouble, MailRefused):
                trouble = outbox.NotYet(timezone.now())
            break
        try:
            _send(meeting, reader, moment, now)
        except Exception as error:  # noqa: BLE001 -- raised below
            # What may pass is tried again, whatever was decided for somebody else meanwhile.
            if trouble is None or isinstance(trouble, MailRefused):
                trouble = error
    if trouble is not None:
        raise trouble


def _declined(meeting: MeetingBase) -> set[str]:
    """Who answered that they do not come, at the time it has now; surely, as nobody else's mail may
    keep a reminder from them.
    """
    rows = MeetingAnswer.objects.filter(
        meeting_id=meeting.pk,
        is_sure=True,
        answer=Answer.DECLINED,
        start_at=meeting.start_at,
        end_at=meeting.end_at,
    )
    return {email.lower() for email in rows.values_list("email", flat=True)}


def _is_for(reader: Reader, meeting: MeetingBase, moment: Moment) -> bool:
    link = meeting.link
    if reader.role is Role.OWNER:
        is_wanted = link is not None and link.reminders_to_owner
        return is_wanted and moment.kind is Ahead.REMINDER and _speaks_for_group(meeting)
    if reader.role in {Role.FORMER, Role.FORMER_GUEST} or (
        moment.kind is Ahead.FOLLOW_UP and reader.role is not Role.BOOKER
    ):
        return False
    return not has_stopped(meeting.workspace_id, reader.email)


def _speaks_for_group(meeting: MeetingBase) -> bool:
    """Whether whom a group is with is reminded of all of it by this meeting: by the one that was
    booked first, so once.
    """
    if meeting.group_id is None:
        return True
    others = others_of(meeting).filter(state=MeetingState.CONFIRMED).order_by("created_at", "pk")
    first: MeetingBase | None = others.first()
    return first is None or (meeting.created_at, meeting.pk) < (first.created_at, first.pk)


def _knows(meeting: MeetingBase, reader: Reader, readers: list[Reader], moment: Moment) -> bool:
    """Whether a mail says it in our place: one that waits, or that came a little earlier.

    A little is a quarter of the reminder's lead: six hours of a day, a quarter of an hour.
    """
    if moment.kind is Ahead.FOLLOW_UP:
        return False
    others = SentMail.objects.filter(
        about_kind=ABOUT_MEETING,
        about_id=meeting.pk,
        recipient__iexact=reader.email,
        accepted_at__gt=moment.at - moment.lead / 4,
    ).exclude(kind__in=_KINDS.values())
    if others.exists():
        return True
    has_file = event_presence(meeting) not in _NO_FILE
    changes = changes_since(meeting, readers)
    if due_statement(meeting, reader, changes, owner_has_file=has_file) is None:
        return False
    queue = queue_of(meeting, MessageKind.NOTIFICATION)
    return OutboxMessage.objects.filter(ordering_key=queue, state=OutboxState.PENDING).exists()


def _send(meeting: MeetingBase, reader: Reader, moment: Moment, now: datetime) -> None:
    compose = reminder if moment.kind is Ahead.REMINDER else follow_up
    stamp = _stamp_of(meeting, moment.kind)
    key = f"{_key_of(meeting, moment, stamp)}:{reader.key}"
    letter = compose(meeting, reader)
    post(letter, meeting, kind=_KINDS[moment.kind], key=key, begun=begun_at(key, now))


def _key_of(meeting: MeetingBase, moment: Moment, stamp: str) -> str:
    return f"booking:{meeting.pk}:{moment.kind.value}:{stamp}:{moment.minutes}"


def _stamp_of(meeting: MeetingBase, kind: Ahead) -> str:
    """The instant it is counted from, so that a meeting that was moved is another one."""
    at = meeting.start_at if kind is Ahead.REMINDER else meeting.end_at
    return str(int(at.timestamp()))

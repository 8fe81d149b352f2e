"""Telling people of a meeting, from the outbox: each of them what is new to them, once.

A row says only that there may be something to tell. What is said is found out when it is sent,
from what each reader knows, so that a step that was outrun by the next one is told by nobody, and
an address that takes no mail keeps none from the others.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.utils import timezone

from booking.enums import (
    ChangeKind,
    EventPresence,
    MeetingState,
    MessageKind,
    Step,
)
from booking.joining import awaits_link
from booking.mail_troubles import ABOUT_MEETING
from booking.models import MeetingAnswer
from booking.owners import owner_of_meeting, tables_for
from booking.services import mail
from booking.services.calendar_files import former_organizer, organizer_of
from booking.services.change_mail import behind_mail, change_mail
from booking.services.delivery import send_link
from booking.services.messages import enqueue, event_presence, locked
from booking.services.posting import Round, has_left, post
from booking.services.readers import Role, known_now, readers_of
from booking.services.statements import FileKind, Said, changes_since, due_statement
from calendars.enums import ConferenceState
from common import outbox
from common.errors import DomainError
from common.mail import begun_at, note_outrun, said_otherwise
from conferencing.enums import LinkFailure
from workspaces.owners import owner_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from booking.models import MeetingBase, MeetingChange
    from booking.services.readers import Reader
    from booking.services.statements import Statement
    from common.mail_form import Letter

_LOOK_AGAIN = timedelta(seconds=2)
_NO_FILE = frozenset({EventPresence.THERE, EventPresence.ON_ITS_WAY})
_NOTICE, _CONFIRMATION = "booking.notice", "booking.confirmation"


def tell(*, meeting: MeetingBase, asked_at: datetime, now: datetime) -> None:
    """Tell everybody what they do not know of the meeting yet.

    Raises NotYet while a confirmed meeting's event and join link may still come, for a while from
    `asked_at`, and whatever the mail server raises.
    """
    readers = readers_of(meeting)
    changes = changes_since(meeting, readers)
    presence = event_presence(meeting)
    is_early = now < asked_at + settings.CONFERENCE_WAIT
    if is_early and _should_wait(meeting, readers, changes, presence):
        raise outbox.NotYet(now + _LOOK_AGAIN)
    trouble: Exception | None = None
    told, turn = [], Round(meeting, readers)
    for reader in turn.readers:
        statement = due_statement(meeting, reader, changes, owner_has_file=presence not in _NO_FILE)
        if statement is not None and turn.is_over:
            if trouble is None or not _may_pass(trouble):
                trouble = outbox.NotYet(timezone.now())
            break
        try:
            if statement is not None:
                _tell_one(meeting, reader, statement, presence, now)
            told.append(reader)
        except Exception as error:  # noqa: BLE001 -- raised below
            # What may pass is tried again, whatever was decided for somebody else meanwhile.
            if trouble is None or not _may_pass(trouble):
                trouble = error
    _note_outrun(meeting, told)
    if trouble is not None:
        raise trouble


def _may_pass(error: Exception) -> bool:
    return bool(getattr(error, "retryable", not isinstance(error, DomainError)))


def tell_more(*, meeting: MeetingBase, step: Step, key: str, now: datetime) -> None:
    """Send what one step owes besides: that no link will come, or that the event could not be
    made. What is not true any more is not sent. Raises NotYet while that is not decided.
    """
    if meeting.state != MeetingState.CONFIRMED:
        return
    owner = owner_of_meeting(meeting)
    if step is Step.NO_LINK:
        key = f"{key}:booker"
        begun = begun_at(key, now)
        message = mail.confirmation(meeting, owner, now=begun, is_update=True)
        post(message, meeting, kind=f"booking.{step.value}", key=key, begun=begun)
        return
    presence = event_presence(meeting)
    if step is Step.EVENT_FAILED and presence is EventPresence.THERE:
        return
    if step is Step.EVENT_FAILED and presence is EventPresence.ON_ITS_WAY:
        raise outbox.NotYet(now + _LOOK_AGAIN)
    for reader in readers_of(meeting):
        if reader.role is Role.OWNER:
            if presence not in _NO_FILE and not reader.had_file:
                _note_try(meeting, reader)
            key = f"{key}:owner"
            begun = begun_at(key, now)
            is_lost = step is Step.NO_LINK_NOTICE
            message = mail.notice(meeting, owner, event=presence, now=begun, lost_link=is_lost)
            post(message, meeting, kind=f"booking.{step.value}", key=key, begun=begun)


def tell_behind(
    *, meeting: MeetingBase, owner_id: UUID, words: str, key: str, is_late: bool = False
) -> None:
    """Tell whose calendar could not follow what to do there by hand, and why; or, while it
    `is_late`, that it is asked again and nothing has to be done.
    """
    with suppress(ObjectDoesNotExist):
        owner = owner_for(tables_for(meeting).kind, owner_id, meeting.workspace)
        if owner.notice_email:
            message = behind_mail(meeting, owner, words, is_late=is_late)
            step = Step.EVENT_LATE if is_late else Step.EVENT_BEHIND
            post(message, meeting, kind=f"booking.{step.value}", key=f"{key}:owner")


def _should_wait(
    meeting: MeetingBase,
    readers: Sequence[Reader],
    changes: Sequence[MeetingChange],
    presence: EventPresence,
) -> bool:
    """Whether the booker is about to hear of a meeting whose link is on its way."""
    booker = readers[0]
    is_new = booker.known is None or not booker.known.is_sure
    was_request = booker.known is not None and booker.known.state == MeetingState.REQUESTED
    is_given = any(one.kind == ChangeKind.REASSIGNED for one in changes)
    if meeting.state != MeetingState.CONFIRMED or not (is_new or was_request or is_given):
        return False
    if presence is EventPresence.THERE:
        is_unreachable = meeting.conference_failure == LinkFailure.UNREACHABLE
        is_pending = meeting.conference_state == ConferenceState.PENDING
        return is_pending or (is_unreachable and awaits_link(meeting))
    return presence is EventPresence.ON_ITS_WAY


def _tell_one(
    meeting: MeetingBase,
    reader: Reader,
    statement: Statement,
    presence: EventPresence,
    now: datetime,
) -> None:
    if statement.file is not FileKind.NONE and not reader.had_file:
        _note_try(meeting, reader)
    key = f"booking:{meeting.pk}:{statement.said.value}:{meeting.sequence}:{reader.key}"
    if reader.known is not None and reader.known.again:
        key += f":again{reader.known.again}"
    begun = begun_at(key, now)
    message = _letter(meeting, reader, statement, presence, begun)
    sent = post(message, meeting, kind=_kind_of(reader, statement), key=key, begun=begun)
    if sent.accepted_at is None:
        return
    if said_otherwise(sent, message):
        meeting, presence = _as_it_was(meeting), EventPresence.ON_ITS_WAY
    _note_told(meeting, reader, statement, presence, now)


def _kind_of(reader: Reader, statement: Statement) -> str:
    if statement.said is Said.BOOKED:
        return _NOTICE if reader.role.is_host else _CONFIRMATION
    return _kind(statement.said)


def _kind(said: Said) -> str:
    return f"booking.{said.name.lower()}"


def _as_it_was(meeting: MeetingBase) -> MeetingBase:
    """What a mail surely said that was taken in an earlier version: all but the link.

    What is more by now then follows in a mail of its own.
    """
    was = copy.copy(meeting)
    was.conference_url = ""
    return was


def _letter(
    meeting: MeetingBase,
    reader: Reader,
    statement: Statement,
    presence: EventPresence,
    now: datetime,
) -> Letter:
    owner = reader.owner
    if reader.role is Role.BOOKER and statement.said is Said.BOOKED:
        return mail.confirmation(meeting, owner, now=now)
    if reader.role is Role.BOOKER and statement.said is Said.LINK:
        return mail.confirmation(meeting, owner, now=now, is_update=True)
    if reader.role is Role.OWNER and statement.said is Said.BOOKED:
        return mail.notice(meeting, owner, event=presence, now=now)
    return change_mail(meeting, reader, statement, now=now)


def _note_try(meeting: MeetingBase, reader: Reader) -> None:
    """Note before a first file goes out that it may have: if this process dies now, whoever calls
    the meeting off later must not leave it standing in somebody's calendar.
    """
    with transaction.atomic():
        fresh = locked(meeting)
        if has_left(reader.email, meeting, fresh):
            return
        known = reader.known
        if known is None:
            unsure = known_now(meeting, reader, has_file=True, organizer="")
            known = replace(unsure, sequence=-1)
        known = replace(known, has_file=True, organizer=_organizer(meeting, reader))
        fresh.told = {**fresh.told, reader.key: known.to_json()}
        fresh.save(update_fields=["told", "updated_at"])


def _note_outrun(meeting: MeetingBase, readers: Sequence[Reader]) -> None:
    """They know what there is to know: a mail whose try ended without an answer, before something
    newer was to be said, is not tried again.
    """
    note_outrun(
        (ABOUT_MEETING, meeting.pk),
        kinds=[_NOTICE, _CONFIRMATION, *(_kind(said) for said in Said)],
        recipients=[reader.email for reader in readers],
    )


def _note_told(
    meeting: MeetingBase,
    reader: Reader,
    statement: Statement,
    presence: EventPresence,
    now: datetime,
) -> None:
    """Note the mail as sent; what became of event and link meanwhile still has to follow."""
    has_file = statement.file is FileKind.REQUEST or (
        reader.had_file and statement.file is not FileKind.CANCEL
    )
    known = known_now(meeting, reader, has_file=has_file, organizer=_organizer(meeting, reader))
    with transaction.atomic():
        fresh = locked(meeting)
        if has_left(reader.email, meeting, fresh):
            return
        fresh.told = {**fresh.told, reader.key: known.to_json()}
        if reader.role is Role.BOOKER and fresh.confirmation_sent_at is None:
            fresh.confirmation_sent_at = now
        if reader.role is Role.OWNER and fresh.notice_sent_at is None:
            fresh.notice_sent_at = now
        fresh.save(update_fields=["told", "confirmation_sent_at", "notice_sent_at", "updated_at"])
        _ask_again(meeting, reader)
        if reader.role is Role.BOOKER:
            _after_booker(meeting, fresh)
        elif reader.role is Role.OWNER:
            _after_owner(meeting, fresh, presence)


def _ask_again(meeting: MeetingBase, reader: Reader) -> None:
    """Whoever was told of another time has yet to answer, even if the meeting returns to theirs."""
    known, times = reader.known, (meeting.start_at, meeting.end_at)
    if known is not None and known.is_sure and (known.start_at, known.end_at) != times:
        MeetingAnswer.objects.filter(
            meeting_id=meeting.pk, email=reader.email.lower(), sequence__lt=meeting.sequence
        ).update(start_at=None, end_at=None, updated_at=timezone.now())


def _after_booker(was: MeetingBase, fresh: MeetingBase) -> None:
    if fresh.conference_url and fresh.conference_url != was.conference_url:
        send_link(fresh)
    elif _lost_its_link(was, fresh):
        enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK)


def _after_owner(was: MeetingBase, fresh: MeetingBase, presence: EventPresence) -> None:
    if presence is EventPresence.ON_ITS_WAY and event_presence(fresh) is EventPresence.FAILED:
        enqueue(fresh, MessageKind.NOTIFICATION, Step.EVENT_FAILED)
    elif _lost_its_link(was, fresh):
        enqueue(fresh, MessageKind.NOTIFICATION, Step.NO_LINK_NOTICE)


def _lost_its_link(was: MeetingBase, now: MeetingBase) -> bool:
    """Whether the link that a mail announced will not come after all."""
    return (
        awaits_link(now)
        and was.conference_state == ConferenceState.PENDING
        and now.conference_state == ConferenceState.FAILED
    )


def _organizer(meeting: MeetingBase, reader: Reader) -> str:
    """The organiser that this reader's files name, the same for good."""
    if reader.known is not None and reader.known.organizer:
        return reader.known.organizer
    if reader.had_file and not reader.role.is_host:
        return former_organizer(reader.owner)
    return organizer_of(meeting, reader.owner, for_owner=reader.role.is_host)

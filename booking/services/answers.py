"""What bookers and guests answer in their calendars: kept with the meeting, shown to its owner.

An answer counts while the meeting stands at the time it was given to. A booker who declines has
the meeting cancelled or its owner told, as the link says; a guest's decline is only shown. The
owner is told, too, where a guest who knows the meeting's address might have written it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils import timezone

from audit.actors import task_actor
from booking.enums import TAKES_TIME, Answer, MessageKind, OnDecline, Party
from booking.errors import LinkClosed
from booking.itip.addresses import canonical
from booking.itip.rules import Count, Given, MeetingFacts, Review, decide_reply
from booking.models import MeetingAnswer
from booking.owners import host_of_meeting, meeting_of, meeting_tables, owner_of_meeting, tables_for
from booking.services.answer_mail import declined_mail
from booking.services.ending import cancel_meeting
from booking.services.history import Doer
from booking.services.keeping import held_still, once_more
from booking.services.mail_log import Came, Fate, note
from booking.services.posting import post
from booking.services.readers import Known
from common import limits, outbox
from common.errors import Conflict, NotFound, RateLimited, UpstreamUnavailable
from common.limits import Limit
from common.mail import sent_mail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from booking.models import MeetingBase
    from common.models import OutboxMessage

# Whoever declines and accepts in turn has the owner told a few times; the page shows all of it.
NOTICES: Final = Limit("declined_notices", 6, timedelta(hours=1))
_TRIES: Final = 3
_BUSY: Final = "Somebody was changing the meeting at that moment."


def take_reply(came: Came, meeting_id: UUID) -> Fate:
    """Do what a mail to a meeting's address says, once. A meeting that is no more, or whose booker
    was erased, has no address. Raises Conflict while somebody else is changing it.
    """
    for tries_left in reversed(range(_TRIES)):
        meeting = _meeting_at(meeting_id)
        if meeting is None:
            return Fate.NOBODY
        try:
            return once_more(lambda meeting=meeting: _take(came, meeting))  # type: ignore[misc]
        except NotFound:  # it was erased this moment
            return Fate.NOBODY
        except Conflict:  # it was given to somebody else this moment
            if not tries_left:
                raise
    raise Conflict


def answers_of(meetings: Iterable[MeetingBase]) -> dict[UUID, dict[str, MeetingAnswer]]:
    """The answers to these meetings, by the address they were given from; one query."""
    ids = [one.pk for one in meetings]
    found: dict[UUID, dict[str, MeetingAnswer]] = {pk: {} for pk in ids}
    for answer in MeetingAnswer.objects.filter(meeting_id__in=ids):
        found[answer.meeting_id][answer.email] = answer
    return found


def is_current(answer: MeetingAnswer, meeting: MeetingBase) -> bool:
    """Whether it was given to the time that the meeting has now."""
    return (answer.start_at, answer.end_at) == (meeting.start_at, meeting.end_at)


def keep_declined(*, meeting: MeetingBase, now: datetime) -> bool:
    """Note that the meeting stands although its booker declined; whether they had, until then.

    Nobody is told. A later answer of theirs is shown like the first.
    """
    rows = MeetingAnswer.objects.filter(meeting_id=meeting.pk, is_booker=True, kept_at=None)
    return bool(rows.filter(answer=Answer.DECLINED).update(kept_at=now))


def handle_answered(message: OutboxMessage) -> None:
    """The outbox's handler for `booking.answered`: what follows when the booker declines.

    What was taken back meanwhile, or is to another time by now, has no consequence.
    """
    meeting = meeting_of(message.payload)
    answer = MeetingAnswer.objects.filter(
        pk=UUID(message.payload["answer_id"]), is_booker=True, answer=Answer.DECLINED
    ).first()
    now = timezone.now()
    if meeting is None or answer is None or not is_current(answer, meeting):
        return
    if meeting.state not in TAKES_TIME or meeting.end_at <= now:
        return
    link = meeting.link
    if link is not None and link.on_decline == OnDecline.FREE and _is_sure(message, answer):
        _free(meeting, answer, now)
        return
    try:
        owner = owner_of_meeting(meeting)
        if sent_mail(message.dedupe_key) is None:  # else it was counted with its first try
            limits.use(NOTICES, str(meeting.pk), now)
    except (LinkClosed, RateLimited):
        return
    if owner.notice_email:
        letter = declined_mail(meeting, owner, answer)
        post(letter, meeting, kind="booking.booker_declined", key=message.dedupe_key)


def _free(meeting: MeetingBase, answer: MeetingAnswer, now: datetime) -> None:
    """Cancel what was declined, unless it was moved this moment: then it is looked at again."""
    doer = Doer(Party.BOOKER, task_actor(MessageKind.ANSWERED.value), meeting.booker_name)
    try:
        cancel_meeting(
            meeting=meeting,
            doer=doer,
            now=now,
            message=answer.comment,
            expected_sequence=meeting.sequence,
        )
    except Conflict as error:
        raise UpstreamUnavailable(_BUSY) from error


def _is_sure(message: OutboxMessage, answer: MeetingAnswer) -> bool:
    """Whether the answer that stands is the one of this row, and surely the booker's."""
    is_same = message.payload.get("stamped_at") == answer.stamped_at.isoformat()
    return is_same and bool(message.payload.get("is_sure"))


def _is_shared(meeting: MeetingBase) -> bool:
    """Whether others than the booker know its address, or did before they were taken off."""
    return bool(meeting.guests) or any(key.startswith("guest:") for key in meeting.told)


def _meeting_at(meeting_id: UUID) -> MeetingBase | None:
    for tables in meeting_tables():
        rows = tables.meetings().filter(pk=meeting_id, erased_at__isnull=True)
        found: MeetingBase | None = rows.first()
        if found is not None:
            return found
    return None


def _take(came: Came, meeting: MeetingBase) -> Fate:
    with held_still(meeting) as fresh:
        owner = host_of_meeting(fresh)
        decision = decide_reply(came.mail, _facts(fresh), came.at)
        verdict = None if isinstance(decision, Count) else decision
        if not note(came, owner=owner, verdict=verdict, meeting_id=fresh.pk):
            return Fate.REPEAT
        if isinstance(decision, Count):
            _keep(fresh, decision, came.at)
            return Fate.DONE
        return Fate.REVIEW if isinstance(decision, Review) else Fate.NOTED


def _facts(meeting: MeetingBase) -> MeetingFacts:
    sent: dict[str, tuple[int, bool]] = {}
    for email, key in _invited(meeting).items():
        said = meeting.told.get(key)
        known = Known.of(said) if said else None
        if known is not None and known.is_sure:
            times = (known.start_at, known.end_at)
            sent[email] = (known.sequence, times == (meeting.start_at, meeting.end_at))
    answers = MeetingAnswer.objects.filter(meeting_id=meeting.pk)
    return MeetingFacts(
        uid=meeting.uid,
        sequence=meeting.sequence,
        invited=tuple(_invited(meeting)),
        sent_sequence=sent,
        answers={
            one.email: Given(one.sequence, one.stamped_at, one.answer, one.comment)
            for one in answers
        },
    )


def _invited(meeting: MeetingBase) -> dict[str, str]:
    """Who may answer, by address, and under which key `told` knows them."""
    found = {meeting.booker_email.lower(): "booker"}
    for guest in meeting.guests:
        email = guest["email"].lower()
        found.setdefault(email, f"guest:{email}")
    return {email: key for email, key in found.items() if canonical(email)}


def _keep(meeting: MeetingBase, said: Count, now: datetime) -> None:
    is_booker = said.email == meeting.booker_email.lower()
    is_sure = said.is_proven or not _is_shared(meeting)
    answer, _ = MeetingAnswer.objects.update_or_create(
        meeting_id=meeting.pk,
        email=said.email,
        defaults={
            "workspace_id": meeting.workspace_id,
            "owner_kind": tables_for(meeting).kind.value,
            "is_booker": is_booker,
            "is_sure": is_sure,
            "answer": said.answer,
            "sequence": said.sequence,
            "stamped_at": said.stamped_at,
            "comment": said.comment,
            "start_at": meeting.start_at if said.is_current else None,
            "end_at": meeting.end_at if said.is_current else None,
            "received_at": now,
            "kept_at": None,
        },
    )
    if is_booker and said.is_current and said.answer == Answer.DECLINED:
        outbox.enqueue(
            kind=MessageKind.ANSWERED,
            payload={
                "owner_kind": tables_for(meeting).kind.value,
                "meeting_id": str(meeting.pk),
                "answer_id": str(answer.pk),
                "stamped_at": said.stamped_at.isoformat(),
                "is_sure": "yes" if is_sure else "",
            },
            dedupe_key=f"booking:{meeting.pk}:answered:{said.sequence}:"
            f"{said.stamped_at.timestamp():.6f}",
            workspace_id=meeting.workspace_id,
            ordering_key=f"{MessageKind.ANSWERED}:{meeting.pk}",
            about_id=meeting.pk,
        )

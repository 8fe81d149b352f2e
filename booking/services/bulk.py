"""Many meetings called off together, for spam waves and for days that fall through.

What is asked for is written down once and worked off in turns by the outbox. Each meeting is a
transaction of its own with its count, so that a process that dies loses nothing, does nothing
twice, and another one goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from audit.actors import Actor
from audit.enums import ActorKind
from booking.booker import clean_text
from booking.enums import MeetingState, MessageKind, Party
from booking.models import BulkCancellation
from booking.owners import meeting_tables
from booking.services.changes import Doer, cancel_meeting
from booking.services.messages import queue_of
from booking.staff_queries import visible_meetings
from common import outbox
from common.enums import OutboxState
from common.errors import DomainError, InvalidInput, NotFound
from common.mailboxes import mailbox_of
from common.models import OutboxMessage
from workspaces.access import MAY_WORK
from workspaces.models import Membership

if TYPE_CHECKING:
    from collections.abc import Iterator

    from booking.models import MeetingBase

MAX_CHOSEN = 500
_A_TURN = 50
_OPEN = (MeetingState.CONFIRMED, MeetingState.REQUESTED)
_GONE = "Whoever asked for this is not a member any more."


@dataclass(frozen=True, slots=True)
class Which:
    """Which meetings: chosen ones, or all that fit everything that is said here.

    `booked_since` is the moment (aware) they were booked at or after. Only meetings to come that
    stand, or wait for an answer, are meant, and only those that the member may see.
    """

    meeting_ids: tuple[UUID, ...] = ()
    email: str = ""
    domain: str = ""
    link_id: UUID | None = None
    owner_id: UUID | None = None
    booked_since: datetime | None = None

    @property
    def says_nothing(self) -> bool:
        return not any((self.meeting_ids, self.email, self.domain, self.link_id, self.owner_id))

    def to_json(self) -> dict[str, Any]:
        return {
            "meeting_ids": [str(one) for one in self.meeting_ids],
            "email": self.email,
            "domain": self.domain,
            "link_id": self.link_id and str(self.link_id),
            "owner_id": self.owner_id and str(self.owner_id),
            "booked_since": self.booked_since and self.booked_since.isoformat(),
        }

    @classmethod
    def of(cls, said: dict[str, Any]) -> Which:
        since = said["booked_since"]
        return cls(
            meeting_ids=tuple(UUID(one) for one in said["meeting_ids"]),
            email=said["email"],
            domain=said["domain"],
            link_id=UUID(said["link_id"]) if said["link_id"] else None,
            owner_id=UUID(said["owner_id"]) if said["owner_id"] else None,
            booked_since=datetime.fromisoformat(since) if since else None,
        )


def meetings_meant(membership: Membership, which: Which, *, now: datetime) -> list[MeetingBase]:
    """The meetings to come that are meant, by start; none when nothing narrows them."""
    if which.says_nothing:
        return []
    found: list[MeetingBase] = []
    for tables, rows in zip(meeting_tables(), visible_meetings(membership), strict=True):
        mine = rows.filter(_rule(which), state__in=_OPEN, end_at__gt=now)
        if which.owner_id:
            mine = mine.filter(**{tables.owner_column: which.owner_id})
        found += mine
    if which.email:
        meant = mailbox_of(which.email)
        found = [one for one in found if mailbox_of(one.booker_email) == meant]
    return sorted(found, key=lambda one: (one.start_at, one.pk))


def start_bulk_cancel(
    *,
    membership: Membership,
    which: Which,
    words: str,
    now: datetime,
    message: str = "",
    tells_guests: bool = True,
) -> BulkCancellation:
    """Have all of them cancelled, from now on and in turns; those booked later are not meant.

    `words` say for people which they are. Without `tells_guests` nobody is mailed: calendars are
    cleared all the same. Raises InvalidInput for a wrong message, more than MAX_CHOSEN chosen
    ones, and when no meeting fits.
    """
    text = clean_text(message, "message")
    if len(which.meeting_ids) > MAX_CHOSEN:
        raise InvalidInput("meetings", f"Choose at most {MAX_CHOSEN} at once.")
    found = len(meetings_meant(membership, which, now=now))
    if not found:
        raise InvalidInput("meetings", "No meeting to come fits. Nothing was cancelled.")
    with transaction.atomic():
        run = BulkCancellation.objects.create(
            workspace=membership.workspace,
            asked_by_id=membership.user_id,
            asked_by=membership.user.get_full_name(),
            rules={**which.to_json(), "until": now.isoformat()},
            words=words[:200],
            message=text,
            tells_guests=tells_guests,
            found=found,
        )
        outbox.enqueue(
            kind=MessageKind.BULK_CANCEL,
            payload={"run_id": str(run.pk)},
            dedupe_key=f"bulk-cancel:{run.pk}",
            workspace_id=run.workspace_id,
        )
    return run


def run_of(membership: Membership, run_id: UUID) -> BulkCancellation:
    """What this member asked for. Raises NotFound."""
    found = BulkCancellation.objects.filter(
        pk=run_id, workspace=membership.workspace_id, asked_by_id=membership.user_id
    ).first()
    if found is None:
        raise NotFound
    return found


def handle_bulk_cancel(message: OutboxMessage) -> None:
    """The outbox's handler: one turn. Raises NotYet while there is more to do."""
    run = BulkCancellation.objects.filter(
        pk=UUID(message.payload["run_id"]), finished_at__isnull=True
    ).first()
    if run is not None and work_off(run, now=timezone.now()):
        raise outbox.NotYet(timezone.now())


def work_off(run: BulkCancellation, *, now: datetime, most: int = _A_TURN) -> bool:
    """Cancel the next ones; whether more are left. The last turn closes the run."""
    membership = (
        Membership.objects.select_related("workspace", "user")
        .filter(workspace=run.workspace_id, user=run.asked_by_id, role__in=MAY_WORK)
        .first()
    )
    if membership is None:
        _note(run, "member", _GONE)
        return _close(run, now)
    left = list(_left(run, membership, now))
    for meeting in left[:most]:
        _cancel_one(run, meeting, now)
    return len(left) > most or _close(run, now)


def _left(run: BulkCancellation, membership: Membership, now: datetime) -> Iterator[MeetingBase]:
    until = datetime.fromisoformat(run.rules["until"])
    for meeting in meetings_meant(membership, Which.of(run.rules), now=now):
        if meeting.created_at <= until and str(meeting.pk) not in run.failed:
            yield meeting


def _cancel_one(run: BulkCancellation, meeting: MeetingBase, now: datetime) -> None:
    actor = Actor(kind=ActorKind.USER, id=str(run.asked_by_id), name=run.asked_by)
    doer = Doer(by=Party.OWNER, actor=actor, name=run.asked_by)
    try:
        with transaction.atomic():
            fresh = cancel_meeting(meeting=meeting, doer=doer, now=now, message=run.message)
            if not run.tells_guests:
                _tell_nobody(fresh)
            BulkCancellation.objects.filter(pk=run.pk).update(cancelled=F("cancelled") + 1)
    except DomainError as refusal:
        # Over or declined meanwhile: it is not tried again.
        _note(run, str(meeting.pk), refusal.message)


def _tell_nobody(meeting: MeetingBase) -> None:
    """Withdraw what would be mailed of the meeting, within the transaction that cancels it."""
    queue = queue_of(meeting, MessageKind.NOTIFICATION)
    OutboxMessage.objects.filter(ordering_key=queue, state=OutboxState.PENDING).delete()


def _note(run: BulkCancellation, name: str, words: str) -> None:
    run.failed = {**run.failed, name: words}
    run.save(update_fields=["failed", "updated_at"])


def _close(run: BulkCancellation, now: datetime) -> bool:
    BulkCancellation.objects.filter(pk=run.pk, finished_at__isnull=True).update(finished_at=now)
    return False


def _rule(which: Which) -> Q:
    rule = Q()
    if which.meeting_ids:
        rule &= Q(pk__in=which.meeting_ids)
    domain = which.domain.strip().lower().lstrip("@") or _domain_of(which.email)
    if domain:
        ends = Q(booker_email__iendswith=f"@{domain}")
        if which.domain:
            ends |= Q(booker_email__iendswith=f".{domain}")
        rule &= ends
    if which.link_id:
        rule &= Q(link_id=which.link_id)
    if which.booked_since:
        rule &= Q(created_at__gte=which.booked_since)
    return rule


def _domain_of(email: str) -> str:
    """What all spellings of the mailbox end in; blank where they end differently."""
    domain = email.strip().lower().rpartition("@")[2]
    return "" if domain in {"gmail.com", "googlemail.com"} else domain

"""A meeting's place in its owner's time: a hold of its own, or a seat of a slot a group shares.

Whoever promises a meeting's time or gives it back does it here, in a transaction and after
`owner.lock()`. A group's slot is one hold, however many seats of it are taken; it goes with the
last of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from django.db.models import F, Sum
from django.utils import timezone

from booking.enums import IS_ON, TAKES_TIME
from booking.errors import SlotTaken
from booking.owners import tables_for, tables_of
from calendars.models import Hold
from calendars.services.holds import place_hold, release_hold

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from booking.models import BookingLink, MeetingBase
    from booking.owners import BookingTables
    from common.spans import Span
    from workspaces.owners import Owner


# What a meeting adds to its slot's SEQUENCE, itself included: the slot is another one with it.
COUNTED: Final = F("sequence") + F("inherited_sequence") + 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meeting stands; without a group its hold is its own."""

    hold: Hold
    group_id: UUID | None = None
    seat: int | None = None

    def put(self, meeting: MeetingBase) -> None:
        """Note the place on the row, which the caller saves.

        Who leaves a group, or joins one, also leaves the room they were to meet in.
        """
        if meeting.group_id != self.group_id:
            meeting.room_id = None
            _bequeath(meeting)
        meeting.hold, meeting.group_id, meeting.seat = self.hold, self.group_id, self.seat


def take_place(*, owner: Owner, link: BookingLink | None, span: Span, held: Span) -> Place:
    """A place for a meeting of the link at `span`, for which `held` is to be promised.

    In a group that is a seat of the slot as it stands there, or the first one of a new slot.
    Raises SlotTaken when every seat is taken, IntegrityError when another hold overlaps.
    """
    tables = tables_of(owner.kind)
    if link is None or not link.is_group:
        return Place(place_hold(owner=owner, span=held, source=tables.hold_source))
    taken = dict(
        _seated(tables)
        .filter(owner.filter_for(), link=link, start_at=span.start, end_at=span.end)
        .order_by("seat")
        .values_list("seat", "hold_id")
    )
    if not taken:
        hold = place_hold(owner=owner, span=held, source=tables.hold_source)
        return Place(hold, group_id=uuid4(), seat=1)
    free = next((seat for seat in range(1, link.seats + 1) if seat not in taken), None)
    if free is None or len(taken) >= link.seats:
        raise SlotTaken
    hold = Hold.objects.get(pk=next(iter(taken.values())))
    return Place(hold, group_id=_group_at(hold, tables), seat=free)


def begin_group(meeting: MeetingBase) -> None:
    """Give those in the slot of the meeting, which the caller saves, a new group if none of them
    is confirmed. Within the transaction that locked the owner, before it is confirmed.

    Their group may have had an event that was deleted with whoever was confirmed before, and an
    event is never made twice with one key.
    """
    if meeting.group_id is None or meeting.hold is None:
        return
    group_id = _group_at(meeting.hold, tables_for(meeting))
    if group_id != meeting.group_id:
        meeting.group_id, meeting.room_id, meeting.inherited_sequence = group_id, None, 0


def _group_at(hold: Hold, tables: BookingTables) -> UUID:
    """The group of the slot's event, or a new one for all who only asked for a seat so far."""
    rows = _seated(tables).filter(hold=hold)
    known: UUID | None = rows.filter(state__in=IS_ON).values_list("group_id", flat=True).first()
    if known is not None:
        return known
    group_id = uuid4()
    for former in set(rows.values_list("group_id", flat=True)):
        _leave_behind(tables, former, rows.filter(group_id=former))
    rows.update(group_id=group_id, room_id=None, inherited_sequence=0)
    return group_id


def _bequeath(meeting: MeetingBase) -> None:
    """Leave to the others of its slot what it counted there; the caller saves the meeting."""
    if meeting.group_id is None:
        return
    tables = tables_for(meeting)
    _leave_behind(tables, meeting.group_id, tables.meetings().filter(pk=meeting.pk))
    meeting.inherited_sequence = 0


def _leave_behind(tables: BookingTables, group_id: UUID, leaving: QuerySet[Any]) -> None:
    """Give one of those who stay what those who leave counted, and one more for their leaving.

    A slot's SEQUENCE is the sum of what its meetings count, from 0 for a single one that was never
    changed (see `booking.services.feed_reading`), and a calendar drops what comes with a lower one
    than before.
    """
    staying = tables.meetings().filter(group_id=group_id).exclude(pk__in=leaving.values("pk"))
    # Who changed last: where the slot went since, those who were called off before it did not go.
    heir = staying.order_by("-updated_at", "-pk").values_list("pk", flat=True).first()
    if heir is None:
        return
    counted = leaving.aggregate(sum=Sum(COUNTED))["sum"] or 0
    tables.meetings().filter(pk=heir).update(
        inherited_sequence=F("inherited_sequence") + counted + 1, updated_at=timezone.now()
    )


def leave_place(meeting: MeetingBase) -> None:
    """Take the meeting out of its place and save that; the time is free again with the last one.

    It keeps the `group_id`, by which its part in the group's event is found.
    """
    hold = meeting.hold
    if hold is None:
        return
    is_last = is_alone(meeting)
    meeting.hold = None
    meeting.save(update_fields=["hold", "updated_at"])
    if is_last:
        release_hold(hold)


def is_alone(meeting: MeetingBase) -> bool:
    """Whether its time is its own: nobody else has a seat in its slot."""
    return meeting.group_id is None or not others_of(meeting).exists()


def own_hold(meeting: MeetingBase | None) -> tuple[UUID, ...]:
    """The hold that does not stand in the meeting's own way; one that others share does."""
    if meeting is None or meeting.hold_id is None or not is_alone(meeting):
        return ()
    return (meeting.hold_id,)


def others_of(meeting: MeetingBase) -> QuerySet[Any]:
    """The other meetings that hold a seat in its slot, the first one first."""
    rows = _seated(tables_for(meeting)).filter(group_id=meeting.group_id).exclude(pk=meeting.pk)
    return rows.order_by("seat") if meeting.group_id is not None else rows.none()


def _seated(tables: BookingTables) -> QuerySet[Any]:
    return tables.meetings().filter(
        group_id__isnull=False, hold__isnull=False, state__in=TAKES_TIME
    )

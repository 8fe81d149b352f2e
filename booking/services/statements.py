"""What is due to be said of a meeting to one reader: from what they know and what is true now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from booking.enums import IS_OFF, IS_ON, ChangeKind, MeetingState, Party
from booking.models import MeetingChange
from booking.services.readers import Role, link_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from booking.models import MeetingBase
    from booking.services.readers import Known, Reader


class Said(Enum):
    """What a mail says first."""

    BOOKED = "booked"
    INVITED = "invited"
    APPROVED = "approved"
    MOVED = "moved"
    CANCELLED = "cancelled"
    DECLINED = "declined"
    EXPIRED = "expired"
    OTHER_HOST = "other host"
    GIVEN = "given to the reader"
    TAKEN = "taken from the reader"
    LINK = "link"
    GUESTS = "guests"
    REMOVED = "taken off the guests"


class FileKind(Enum):
    """Which calendar file goes along."""

    NONE = ""
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Statement:
    """One mail that is due. `changes` are those the reader does not know of, oldest first."""

    said: Said
    file: FileKind
    changes: tuple[MeetingChange, ...]

    @property
    def last(self) -> MeetingChange | None:
        return self.changes[-1] if self.changes else None


def due_statement(
    meeting: MeetingBase,
    reader: Reader,
    changes: Sequence[MeetingChange],
    *,
    owner_has_file: bool,
) -> Statement | None:
    """What the reader is to be told, None when they know all of it.

    `owner_has_file` says that the owner's own calendar holds no event, so that the file is theirs.
    """
    said = _said(meeting, reader, changes)
    if said is None:
        return None
    known = reader.known
    unknown = [one for one in changes if known is None or one.sequence > known.sequence]
    file = _file(meeting, reader, said, owner_has_file=owner_has_file)
    return Statement(said, file, tuple(unknown))


def changes_since(meeting: MeetingBase, readers: Sequence[Reader]) -> list[MeetingChange]:
    """The changes that any of the readers may not know of, oldest first; one query."""
    least = min((one.known.sequence if one.known else -1 for one in readers), default=-1)
    rows = MeetingChange.objects.filter(meeting_id=meeting.pk, sequence__gt=least)
    rows = rows.exclude(kind__in=[ChangeKind.NO_SHOW, ChangeKind.ATTENDED])
    return list(rows.order_by("sequence", "at"))


def _said(meeting: MeetingBase, reader: Reader, changes: Sequence[MeetingChange]) -> Said | None:
    known = reader.known
    if reader.role is Role.FORMER:
        return Said.TAKEN if known is not None and not known.is_parted else None
    if reader.role is Role.FORMER_GUEST:
        return Said.REMOVED if _is_to_be_removed(known) else None
    if known is None or not known.is_sure:
        return _first(meeting, reader, changes)
    if known.is_parted:
        return _once_more(meeting, reader)
    return None if known.sequence >= meeting.sequence else _news(meeting, reader, known, changes)


def _is_to_be_removed(known: Known | None) -> bool:
    """Whether a guest of before has a meeting in mind, or in their calendar, that is on."""
    is_aware = known is not None and not known.is_parted and (known.is_sure or known.has_file)
    return is_aware and known is not None and known.state not in IS_OFF


def _once_more(meeting: MeetingBase, reader: Reader) -> Said | None:
    """To whom it was taken from, and who has it again."""
    if reader.role is Role.GUEST:
        return Said.INVITED if meeting.state in IS_ON else None
    return None if meeting.state in IS_OFF else Said.GIVEN


def _news(
    meeting: MeetingBase, reader: Reader, known: Known, changes: Sequence[MeetingChange]
) -> Said | None:
    """The first of these that holds says most."""
    if meeting.state in IS_OFF:
        return None if known.state in IS_OFF else _off(meeting)
    was_request, is_request = (
        state == MeetingState.REQUESTED for state in (known.state, meeting.state)
    )
    is_elsewhere = (known.start_at, known.end_at) != (meeting.start_at, meeting.end_at)
    link, is_host = link_for(meeting, reader), reader.role.is_host
    news = {
        Said.APPROVED: was_request and not is_request,
        Said.MOVED: is_elsewhere or (is_request and not was_request),
        Said.OTHER_HOST: not is_host and _is_given(changes, known.sequence),
        Said.LINK: not is_host and bool(link) and link != known.link,
        Said.GUESTS: _holds(changes, ChangeKind.GUESTS, known.sequence),
    }
    return next((said for said, holds in news.items() if holds), None)


def _first(meeting: MeetingBase, reader: Reader, changes: Sequence[MeetingChange]) -> Said | None:
    """To somebody whom no mail has reached."""
    if meeting.state in IS_OFF:
        # A guest or an owner who has not heard of it need not; one who may have, needs the file.
        return _off(meeting) if reader.role is Role.BOOKER or reader.had_file else None
    if reader.role is Role.GUEST:
        return Said.INVITED if meeting.state in IS_ON else None
    if reader.role is Role.OWNER and _is_given(changes, -1):
        return Said.GIVEN
    return Said.BOOKED


def _off(meeting: MeetingBase) -> Said:
    if meeting.state == MeetingState.CANCELLED:
        return Said.CANCELLED
    return Said.EXPIRED if meeting.cancelled_by == Party.SYSTEM else Said.DECLINED


def _is_given(changes: Sequence[MeetingChange], since: int) -> bool:
    return _holds(changes, ChangeKind.REASSIGNED, since)


def _holds(changes: Sequence[MeetingChange], kind: ChangeKind, since: int) -> bool:
    return any(one.kind == kind and one.sequence > since for one in changes)


def _file(meeting: MeetingBase, reader: Reader, said: Said, *, owner_has_file: bool) -> FileKind:
    """A calendar hears of what it was told of and of what is confirmed, never anew of what is
    off.
    """
    if said in {Said.TAKEN, Said.REMOVED} or meeting.state in IS_OFF:
        return FileKind.CANCEL if reader.had_file else FileKind.NONE
    is_owed = meeting.state in IS_ON and (owner_has_file or not reader.role.is_host)
    return FileKind.REQUEST if is_owed or reader.had_file else FileKind.NONE

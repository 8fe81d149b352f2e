"""Meetings as rows of a spreadsheet: one for each, instants in UTC and on the reader's clock."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from booking.enums import MeetingState, Party
from booking.owners import tables_for

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from booking.models import MeetingBase

COLUMNS = (
    "meeting_id",
    "start_utc",
    "end_utc",
    "minutes",
    "state",
    "title",
    "link",
    "owner",
    "owner_kind",
    "guest",
    "guest_email",
    "guest_phone",
    "guest_zone",
    "more_guests",
    "meets_by",
    "cancelled_by",
    "reason",
    "booked_utc",
    "confirmation_utc",
)


def zone_columns(zone: ZoneInfo) -> list[str]:
    """The names of the columns on the reader's clock; they name its zone."""
    return [f"start {zone.key}", f"end {zone.key}"]


def sheet_row(meeting: MeetingBase, zone: ZoneInfo) -> list[str]:
    """The meeting's cells in the order of `COLUMNS`, then of `zone_columns`."""
    tables = tables_for(meeting)
    owner = getattr(meeting, tables.owner_column.removesuffix("_id"))
    minutes = (meeting.end_at - meeting.start_at).total_seconds() / 60
    return [
        str(meeting.pk),
        _utc(meeting.start_at),
        _utc(meeting.end_at),
        f"{minutes:g}",
        MeetingState(meeting.state).label,
        meeting.title,
        meeting.link.title if meeting.link else "",
        str(owner),
        tables.kind.value,
        meeting.booker_name,
        meeting.booker_email,
        meeting.booker_phone,
        meeting.booker_timezone,
        "; ".join(_guest(one) for one in meeting.guests),
        meeting.conference or meeting.location,
        Party(meeting.cancelled_by).label if meeting.cancelled_by else "",
        meeting.cancel_reason,
        _utc(meeting.created_at),
        _utc(meeting.confirmation_sent_at) if meeting.confirmation_sent_at else "",
        f"{meeting.start_at.astimezone(zone):%Y-%m-%d %H:%M}",
        f"{meeting.end_at.astimezone(zone):%Y-%m-%d %H:%M}",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _guest(guest: dict[str, str]) -> str:
    name, email = guest.get("name", ""), guest.get("email", "")
    return f"{name} <{email}>" if name else email

"""Links, meetings with their history, contacts and prospects."""

from __future__ import annotations

from booking.models.changes import MeetingChange
from booking.models.links import BookingLink
from booking.models.meetings import (
    Contact,
    Meeting,
    MeetingBase,
    PersonBase,
    SalesMeeting,
    SalesProspect,
)
from booking.models.names import BookingName

__all__ = [
    "BookingLink",
    "BookingName",
    "Contact",
    "Meeting",
    "MeetingBase",
    "MeetingChange",
    "PersonBase",
    "SalesMeeting",
    "SalesProspect",
]

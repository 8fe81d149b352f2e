"""Links, meetings, contacts and prospects."""

from __future__ import annotations

from booking.models.links import BookingLink
from booking.models.meetings import (
    Contact,
    Meeting,
    MeetingBase,
    PersonBase,
    SalesMeeting,
    SalesProspect,
)

__all__ = [
    "BookingLink",
    "Contact",
    "Meeting",
    "MeetingBase",
    "PersonBase",
    "SalesMeeting",
    "SalesProspect",
]

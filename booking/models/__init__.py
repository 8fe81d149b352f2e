"""Links, meetings with their history, contacts and prospects; what guards them; the CRM's map."""

from __future__ import annotations

from booking.models.changes import MeetingChange
from booking.models.crm import CrmAccount, CrmLead, CrmNote
from booking.models.feeds import CalendarFeed
from booking.models.guarding import BookingBlock, BulkCancellation, EmailCheck
from booking.models.incoming import (
    EarlyCancellation,
    IncomingMail,
    InviteAddress,
    MeetingAnswer,
    OutsideInvitation,
)
from booking.models.links import BookingLink
from booking.models.mails import MailSender, MailStop, MailText, MailTextChange
from booking.models.meetings import (
    Contact,
    Meeting,
    MeetingBase,
    PersonBase,
    SalesMeeting,
    SalesProspect,
)
from booking.models.names import BookingName
from booking.models.people import ErasedAddress, Erasure, PersonNote

__all__ = [
    "BookingBlock",
    "BookingLink",
    "BookingName",
    "BulkCancellation",
    "CalendarFeed",
    "Contact",
    "CrmAccount",
    "CrmLead",
    "CrmNote",
    "EarlyCancellation",
    "EmailCheck",
    "ErasedAddress",
    "Erasure",
    "IncomingMail",
    "InviteAddress",
    "MailSender",
    "MailStop",
    "MailText",
    "MailTextChange",
    "Meeting",
    "MeetingAnswer",
    "MeetingBase",
    "MeetingChange",
    "OutsideInvitation",
    "PersonBase",
    "PersonNote",
    "SalesMeeting",
    "SalesProspect",
]

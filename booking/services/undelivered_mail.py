"""The mail that tells an owner that a reader of theirs was not reached."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from booking.addresses import staff_url
from booking.enums import IS_OFF
from booking.languages import to_owner
from booking.mail_troubles import is_final, trouble_title
from booking.services import letters

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from common.mail_form import Letter
    from common.models import SentMail
    from workspaces.owners import Owner


@to_owner
def undelivered_mail(meeting: MeetingBase, owner: Owner, mail: SentMail) -> Letter:
    """To the owner: who was not reached, why, and that the meeting is what it was."""
    zone = ZoneInfo(meeting.booker_timezone)
    reader = letters.Reader(owner.notice_email, owner.zone, meeting.booker_name, zone)
    name = _name_of(meeting, mail)
    start = "Not delivered" if is_final(mail) else "Late"
    subject = f"{start}: mail to {name} about {meeting.title}"
    facts = [letters.who_fact(meeting), letters.length_fact(meeting)]
    if meeting.booker_phone:
        facts.insert(1, ("Phone", meeting.booker_phone, ""))
    stands = "The meeting is off, as before." if meeting.state in IS_OFF else "The meeting stands."
    context = {
        **letters.common_context(meeting, owner, reader, subject, facts),
        "sender_name": "Meridian",
        "hello": f"{trouble_title(mail)} {mail.detail}".strip(),
        "stands": f"{stands} Reach {name} another way, or send it again from the meeting.",
        "action_url": staff_url(meeting),
        "action_label": "Look at the meeting",
    }
    return letters.compose("undelivered", context, reader, reply_to="")


def _name_of(meeting: MeetingBase, mail: SentMail) -> str:
    address = mail.recipient.lower()
    if address == meeting.booker_email.lower():
        return letters.header(meeting.booker_name)
    named = (one.get("name") for one in meeting.guests if one.get("email", "").lower() == address)
    return letters.header(next(filter(None, named), mail.recipient))

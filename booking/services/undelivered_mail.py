"""The mail that tells an owner that a reader of theirs was not reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking.addresses import host_url
from booking.enums import IS_OFF
from booking.languages import to_owner
from booking.mail_troubles import trouble_title
from booking.services import letters
from common.enums import MailState
from common.mail_trouble import spoken

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from common.mail_form import Letter
    from common.models import SentMail
    from workspaces.owners import Owner

_NOT_DELIVERED: Final = gettext_noop("Not delivered: mail to %(name)s about %(title)s")
_SUBJECTS: Final = {
    MailState.DELAYED: gettext_noop("Late: mail to %(name)s about %(title)s"),
    MailState.FAILED: _NOT_DELIVERED,
    MailState.BOUNCED: _NOT_DELIVERED,
    MailState.COMPLAINED: gettext_noop("Marked as spam: mail to %(name)s about %(title)s"),
}


@to_owner
def undelivered_mail(meeting: MeetingBase, owner: Owner, mail: SentMail) -> Letter:
    """To the owner: who was not reached, why, and that the meeting is what it was."""
    zone = ZoneInfo(meeting.booker_timezone)
    reader = letters.Reader(owner.notice_email, owner.zone, meeting.booker_name, zone)
    name = _name_of(meeting, mail)
    words = {"name": name, "title": meeting.title}
    subject = _(_SUBJECTS[MailState(mail.state)]) % words
    facts = [letters.who_fact(meeting), letters.length_fact(meeting)]
    if meeting.booker_phone:
        facts.insert(1, (_("Phone"), meeting.booker_phone, ""))
    is_off = meeting.state in IS_OFF
    stands = _("The meeting is off, as before.") if is_off else _("The meeting stands.")
    why = letters.reason(mail.detail, spoken(mail.detail))
    context = {
        **letters.common_context(meeting, owner, reader, subject, facts),
        "sender_name": letters.PRODUCT,
        "hello": f"{trouble_title(mail)} {why}".strip(),
        "stands": f"{stands} {_another_way(mail) % words}",
        "action_url": host_url(meeting),
        "action_label": _("Look at the meeting"),
    }
    return letters.compose("undelivered", context, reader, reply_to="")


def _another_way(mail: SentMail) -> str:
    # Whoever calls one mail spam is not to be offered the same again, and has reminders stopped.
    if mail.state == MailState.COMPLAINED:
        return _("Reach %(name)s another way; reminders and follow-ups are sent there no more.")
    return _("Reach %(name)s another way, or send it again from the meeting.")


def _name_of(meeting: MeetingBase, mail: SentMail) -> str:
    address = mail.recipient.lower()
    if address == meeting.booker_email.lower():
        return letters.header(meeting.booker_name)
    named = (one.get("name") for one in meeting.guests if one.get("email", "").lower() == address)
    return letters.header(next(filter(None, named), mail.recipient))

"""The mails to an owner about what calendars sent: a booker who declines, an invitation."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from booking import wording
from booking.addresses import staff_url
from booking.services import letters
from common.mail_form import Letter

if TYPE_CHECKING:
    from booking.models import MeetingAnswer, MeetingBase, OutsideInvitation
    from workspaces.owners import Owner

_STANDS: Final = (
    "The meeting stands, and its time is taken, until you decide. {name} has been told nothing."
)


def declined_mail(meeting: MeetingBase, owner: Owner, answer: MeetingAnswer) -> Letter:
    """To the owner: the booker declined in their calendar, and what can be done about it."""
    name = letters.header(meeting.booker_name)
    facts = [
        letters.who_fact(meeting),
        letters.length_fact(meeting),
        *([("They wrote", letters.quoted(answer.comment), "")] if answer.comment else []),
    ]
    when = letters.when_and_place(meeting, owner.zone)
    day = meeting.start_at.astimezone(owner.zone).date()
    context = {
        "subject": f"{name} declined {meeting.title}: {when}",
        "hello": f"{name} declined this meeting in their calendar.",
        "stands": _STANDS.format(name=name),
        "date_text": wording.long_day(day, year=True),
        "time_text": wording.clock_range(meeting.start_at, meeting.end_at, owner.zone),
        "zone_text": f"{wording.zone_words(owner.zone, meeting.start_at)}.",
        "facts": facts,
        "action_url": staff_url(meeting),
        "action_label": "Cancel or keep the meeting",
    }
    return _letter(owner, context, reply_to=meeting.booker_email)


_HELLO: Final = {
    "new": "{name} invites you. Nothing stands in your calendar before you answer.",
    "changed": "{name} changed an event you had answered. Your calendar keeps it as it was until "
    "you answer again.",
    "off": "{name} called this event off. It is taken out of your calendar.",
}
_SUBJECTS: Final = {"new": "Invitation", "changed": "Changed", "off": "Called off"}


def invitation_mail(invitation: OutsideInvitation, owner: Owner, what: str) -> Letter:
    """To the owner: an invitation from outside that is `new`, `changed` or `off`."""
    name = letters.header(invitation.organizer_name or invitation.organizer)
    title = invitation.title or "An event without a name"
    zone = owner.zone
    day = invitation.start_on or invitation.start_at.astimezone(zone).date()
    clock = wording.clock_range(invitation.start_at, invitation.end_at, zone)
    context = {
        "subject": f"{_SUBJECTS[what]}: {title}, {wording.short_day(day)}",
        "hello": _HELLO[what].format(name=name),
        "stands": "",
        "date_text": wording.long_day(day, year=True),
        "time_text": "All day" if invitation.start_on else clock,
        "zone_text": f"{wording.zone_words(zone, invitation.start_at)}.",
        "facts": [
            ("What", title, ""),
            ("Organised by", f"{name}, {invitation.organizer}", ""),
            *([("Where", invitation.location, "")] if invitation.location else []),
        ],
        "action_url": f"{settings.PUBLIC_URL}{reverse('booking:invitations')}",
        "action_label": "Look at the invitation" if what == "off" else "Answer the invitation",
    }
    return _letter(owner, context)


def _letter(owner: Owner, context: dict[str, Any], *, reply_to: str = "") -> Letter:
    _name, sender = parseaddr(settings.MAIL_FROM)
    context = {
        **context,
        "subject": letters.header(context["subject"]),
        "sender_name": "Meridian",
        "why": f"Sent to {owner.notice_email}, because a mail that came to your address says so.",
    }
    message = Letter(
        subject=context["subject"],
        body=render_to_string("booking/mail/incoming.txt", context).strip() + "\n",
        from_email=formataddr(("Meridian", sender)),
        to=[owner.notice_email],
        reply_to=[reply_to] if reply_to else None,
    )
    message.attach_alternative(render_to_string("booking/mail/incoming.html", context), "text/html")
    return message

"""The mails to an owner about what calendars sent: a booker who declines, an invitation."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking import wording
from booking.addresses import host_url
from booking.languages import to_owner
from booking.services import letters
from common.mail_form import Letter
from workspaces.enums import OwnerKind

if TYPE_CHECKING:
    from booking.models import MeetingAnswer, MeetingBase, OutsideInvitation
    from workspaces.owners import Owner


@to_owner
def declined_mail(meeting: MeetingBase, owner: Owner, answer: MeetingAnswer) -> Letter:
    """To the owner: the booker declined in their calendar, and what can be done about it."""
    name = letters.header(meeting.booker_name)
    words = {"name": name, "title": meeting.title}
    facts = [
        letters.who_fact(meeting),
        letters.length_fact(meeting),
        *([(_("They wrote"), letters.quoted(answer.comment), "")] if answer.comment else []),
    ]
    when = letters.when_and_place(meeting, owner.zone)
    day = meeting.start_at.astimezone(owner.zone).date()
    context = {
        "subject": letters.joined(_("%(name)s declined %(title)s") % words, when),
        "hello": _("%(name)s declined this meeting in their calendar.") % words,
        "stands": _(
            "The meeting stands, and its time is taken, until you decide. %(name)s has been told "
            "nothing."
        )
        % words,
        "date_text": wording.long_day(day, year=True),
        "time_text": wording.clock_range(meeting.start_at, meeting.end_at, owner.zone),
        "zone_text": f"{wording.zone_words(owner.zone, meeting.start_at)}.",
        "facts": facts,
        "action_url": host_url(meeting),
        "action_label": _("Cancel or keep the meeting"),
    }
    return _letter(owner, context, reply_to=meeting.booker_email)


_HELLO: Final = {
    "new": gettext_noop("%(name)s invites you. Nothing stands in your calendar before you answer."),
    "changed": gettext_noop(
        "%(name)s changed an event you had answered. Your calendar keeps it as it was until you "
        "answer again."
    ),
    "off": gettext_noop("%(name)s called this event off. It is taken out of your calendar."),
    "unanswered": gettext_noop(
        "%(name)s called this event off. You had not answered, and nothing stands in your calendar."
    ),
}
_SUBJECTS: Final = {
    "new": gettext_noop("Invitation: %(meeting)s"),
    "changed": gettext_noop("Changed: %(meeting)s"),
    "off": gettext_noop("Called off: %(meeting)s"),
}


@to_owner
def invitation_mail(invitation: OutsideInvitation, owner: Owner, what: str) -> Letter:
    """To the owner: an invitation from outside that is `new`, `changed` or `off`."""
    name = letters.header(invitation.organizer_name or invitation.organizer)
    title = invitation.title or _("An event without a name")
    zone = owner.zone
    # A client's person has no page for it; members of the workspace have.
    is_own = owner.kind is OwnerKind.USER
    day = invitation.start_on or invitation.start_at.astimezone(zone).date()
    clock = wording.clock_range(invitation.start_at, invitation.end_at, zone)
    context = {
        "subject": _(_SUBJECTS[what]) % {"meeting": f"{title}, {wording.short_day(day)}"},
        "hello": _(_HELLO[_greeting(invitation, what)]) % {"name": name},
        "stands": ""
        if is_own
        else _("%(workspace)s answers it for you.") % {"workspace": owner.workspace.name},
        "date_text": wording.long_day(day, year=True),
        "time_text": _("All day") if invitation.start_on else clock,
        "zone_text": f"{wording.zone_words(zone, invitation.start_at)}.",
        "facts": [
            (_("What"), title, ""),
            (_("Organised by"), f"{name}, {invitation.organizer}", ""),
            *([(_("Where"), invitation.location, "")] if invitation.location else []),
        ],
        "action_url": f"{settings.PUBLIC_URL}{reverse('booking:invitations')}" if is_own else "",
        "action_label": _("Look at the invitation")
        if what == "off"
        else _("Answer the invitation"),
    }
    return _letter(owner, context)


def _greeting(invitation: OutsideInvitation, what: str) -> str:
    return "unanswered" if what == "off" and not invitation.answer_count else what


def _letter(owner: Owner, context: dict[str, Any], *, reply_to: str = "") -> Letter:
    _sender_name, sender = parseaddr(settings.MAIL_FROM)
    context = {
        **context,
        "subject": letters.header(context["subject"]),
        "sender_name": "Meridian",
        "why": _("Sent to %(email)s, because a mail that came to your address says so.")
        % {"email": owner.notice_email},
    }
    message = Letter(
        subject=context["subject"],
        body=render_to_string("booking/mail/incoming.txt", context),
        from_email=formataddr(("Meridian", sender)),
        to=[owner.notice_email],
        reply_to=[reply_to] if reply_to else None,
    )
    message.attach_alternative(render_to_string("booking/mail/incoming.html", context), "text/html")
    return message

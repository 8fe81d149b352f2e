"""The mail that tells an owner what their calendar says against a meeting that was promised."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from booking import wording
from booking.addresses import host_url
from booking.clash_words import where_it_is
from booking.enums import Clash
from booking.languages import to_owner
from common.mail_form import Letter

if TYPE_CHECKING:
    from booking.models import MeetingBase
    from workspaces.owners import Owner

_WORDS: Final = {
    Clash.EVENT_OVER_IT: gettext_noop(
        "Something else stands in your calendar at the time of this meeting."
    ),
    Clash.OCCUPIED: gettext_noop(
        "You moved this meeting's event to where another meeting is promised."
    ),
    Clash.PAST: gettext_noop("You moved this meeting's event to a time that has passed."),
    Clash.ALL_DAY: gettext_noop("You made this meeting's event last all day."),
    Clash.TOO_SHORT: gettext_noop(
        "You made this meeting's event shorter than 5 minutes, which is too short for a meeting."
    ),
    Clash.TOO_LONG: gettext_noop(
        "You made this meeting's event longer than a day, which is too long for a meeting."
    ),
    Clash.REFUSED: gettext_noop(
        "You changed this meeting's event, and the meeting could not follow."
    ),
}


@to_owner
def clash_mail(meeting: MeetingBase, owner: Owner) -> Letter:
    """To the owner, in their zone. What the other event is about stands in their calendar only."""
    day = meeting.start_at.astimezone(owner.zone).date()
    when = f"{wording.short_day(day)}, {wording.clock(meeting.start_at, owner.zone)}"
    name = " ".join(meeting.booker_name.split())
    words = {"name": name, "when": f"{when} {wording.place(owner.zone)}"}
    subject = (_("In the way of %(name)s, %(when)s") % words)[:200]
    context = {
        "subject": subject,
        "sender_name": "Meridian",
        "reader_email": owner.notice_email,
        "hello": _(_WORDS[Clash(meeting.clash)]),
        "stands": _("The meeting stands as it was promised, and %(name)s was told nothing.")
        % words,
        "date_text": wording.long_day(day, year=True),
        "time_text": wording.clock_range(meeting.start_at, meeting.end_at, owner.zone),
        "zone_text": f"{wording.zone_words(owner.zone, meeting.start_at)}.",
        "facts": [(_("What"), f"{meeting.title}, {name}", ""), *_other(meeting, owner)],
        "action_url": host_url(meeting),
        "action_label": _("Look at the meeting"),
    }
    _sender_name, sender = parseaddr(settings.MAIL_FROM)
    message = Letter(
        subject=subject,
        body=render_to_string("booking/mail/clash.txt", context),
        from_email=formataddr(("Meridian", sender)),
        to=[owner.notice_email],
    )
    message.attach_alternative(render_to_string("booking/mail/clash.html", context), "text/html")
    return message


def _other(meeting: MeetingBase, owner: Owner) -> list[tuple[str, str, str]]:
    """Where and when the event is that stands in the way."""
    where = where_it_is(meeting, owner.zone)
    label = _("In the way") if meeting.clash == Clash.EVENT_OVER_IT else _("Its event is")
    return [(label, where, "")] if where else []

"""The mail with the code that proves an address. Nothing that a visitor typed stands in it."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from booking.languages import speaking
from booking.owners import public_name
from booking.services.mail_texts import sender_of
from common.mail_form import Letter, named

if TYPE_CHECKING:
    from booking.models import EmailCheck
    from workspaces.owners import Owner


def code_mail(check: EmailCheck, owner: Owner, *, code: str) -> Letter:
    """To whoever the address belongs to, in the language of the page that asked."""
    with speaking(check.language):
        name = " ".join(public_name(owner).split())
        sent_by = sender_of(check.workspace_id).name or name
        subject = _("Your code for %(title)s with %(name)s") % {
            "title": " ".join(check.link.title.split()),
            "name": name,
        }
        context = {
            "subject": subject[:200],
            "sender_name": name,
            "from_name": sent_by,
            "reader_email": check.email,
            "code": code,
            "code_parted": f"{code[:3]} {code[3:]}",
        }
        text = render_to_string("booking/mail/code.txt", context)
        html = render_to_string("booking/mail/code.html", context)
    _sender, sender = parseaddr(settings.MAIL_FROM)
    message = Letter(
        subject=context["subject"],
        body=text,
        from_email=named(f"{sent_by} via Meridian"[:200], sender),
        to=[check.email],
    )
    message.attach_alternative(html, "text/html")
    return message

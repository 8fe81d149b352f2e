"""What became of a mail after it was taken, as the mail service tells it; never a step back.

Events come late, twice and out of order. What is noted is the last in the order of what can
become of a mail, whatever was told last. https://resend.com/docs/dashboard/webhooks/event-types
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_noop

from common.enums import MAIL_TROUBLE, MailState
from common.mail import tell_trouble
from common.models import SentMail
from common.webhooks import is_new

if TYPE_CHECKING:
    from datetime import datetime

    from common.webhooks import SignedEvent

_STATES: Final = {
    "email.sent": MailState.SENT,
    "email.delivery_delayed": MailState.DELAYED,
    "email.delivered": MailState.DELIVERED,
    "email.failed": MailState.FAILED,
    "email.suppressed": MailState.FAILED,
    "email.bounced": MailState.BOUNCED,
    "email.complained": MailState.COMPLAINED,
}
# What was outrun was never answered for: it may have been taken all the same.
_UNANSWERED = (MailState.SENDING, MailState.OUTRUN)
_ON_THE_WAY = (*_UNANSWERED, MailState.SENT)
# From which states one leads on. A mailbox may take a mail and send it back later.
_AFTER: Final = {
    MailState.SENT: _UNANSWERED,
    MailState.DELAYED: _ON_THE_WAY,
    MailState.DELIVERED: (*_ON_THE_WAY, MailState.DELAYED),
    MailState.FAILED: (*_ON_THE_WAY, MailState.DELAYED),
    MailState.BOUNCED: (
        *_ON_THE_WAY,
        MailState.DELAYED,
        MailState.DELIVERED,
        MailState.FAILED,
    ),
    MailState.COMPLAINED: tuple(one for one in MailState if one != MailState.COMPLAINED),
}
_BOUNCES: Final = {
    "noemail": gettext_noop("There is no such mailbox."),
    "general": gettext_noop("There is no such mailbox, or it takes no mail."),
    "suppressed": gettext_noop(
        "Mails to this address came back before, so it is not tried any more."
    ),
    "onaccountsuppressionlist": gettext_noop(
        "Mails to this address came back before, so it is not tried any more."
    ),
    "mailboxfull": gettext_noop("The mailbox is full."),
    "messagetoolarge": gettext_noop("The mail is too large for the mailbox."),
    "contentrejected": gettext_noop("The mailbox does not take this mail."),
    "attachmentrejected": gettext_noop("The mailbox does not take the attached file."),
}
_DETAILS: Final = {
    MailState.DELAYED: gettext_noop(
        "The receiving server does not take it for now; it is still tried."
    ),
    MailState.BOUNCED: gettext_noop("The receiving server sent it back."),
    MailState.COMPLAINED: gettext_noop("Later mails may not be seen."),
    MailState.FAILED: gettext_noop("The mail service could not send it."),
}


def note_event(event: SignedEvent, *, now: datetime) -> SentMail | None:
    """Note what the event tells of a mail of ours; None when it is of none, or nothing new.

    New trouble is told by the mail's `problem_kind`.
    """
    state = _STATES.get(event.kind)
    if state is None:
        return None
    with transaction.atomic():
        mail = _mail_of(event.data)
        if mail is None or not is_new(event, now=now):
            return None
        is_news = mail.state in _AFTER[state] or _was_taken_after_all(mail, state)
        # Whatever is told of it: the service has it, so it is not to be sent again.
        mail.accepted_at = mail.accepted_at or event.at
        mail.remote_id = mail.remote_id or _text(event.data.get("email_id"))
        if is_news:
            mail.state, mail.state_at = state, event.at
            mail.detail = _detail(event, state)
        mail.save(
            update_fields=["accepted_at", "remote_id", "state", "state_at", "detail", "updated_at"]
        )
        if is_news and state in MAIL_TROUBLE:
            tell_trouble(mail)
    return mail if is_news else None


def _was_taken_after_all(mail: SentMail, state: MailState) -> bool:
    """A try whose answer was lost was taken, and only a later one refused."""
    is_refused = mail.state == MailState.FAILED and mail.accepted_at is None
    return is_refused and state in {MailState.SENT, MailState.DELAYED, MailState.DELIVERED}


def _mail_of(data: dict[str, Any]) -> SentMail | None:
    """By the service's id; by ours where its answer has not reached us, or not yet."""
    rows = SentMail.objects.select_for_update(no_key=True)
    remote_id, ours = _text(data.get("email_id")), _our_id(data.get("tags"))
    found = rows.filter(remote_id=remote_id).first() if remote_id else None
    if found is None and ours is not None:
        found = rows.filter(pk=ours).first()
    return found


def _our_id(tags: object) -> uuid.UUID | None:
    """Tags come back as they were sent, or as one mapping."""
    if isinstance(tags, list):
        pairs = [one for one in tags if isinstance(one, dict)]
        tags = {str(one.get("name")): one.get("value") for one in pairs}
    given = tags.get("mail") if isinstance(tags, dict) else None
    try:
        return uuid.UUID(given) if isinstance(given, str) else None
    except ValueError:
        return None


def _detail(event: SignedEvent, state: MailState) -> str:
    """In our words: the service's own hold the address."""
    if event.kind == "email.suppressed":
        return _BOUNCES["suppressed"]
    bounce = event.data.get("bounce")
    kind = _text(bounce.get("subType")).lower() if isinstance(bounce, dict) else ""
    if state == MailState.BOUNCED and kind in _BOUNCES:
        return _BOUNCES[kind]
    return _DETAILS.get(state, "")


def _text(value: object) -> str:
    """Without what no database keeps: NUL, and halves of surrogate pairs, which JSON allows."""
    if not isinstance(value, str):
        return ""
    return value[:128].replace("\x00", "").encode("utf-8", "ignore").decode()

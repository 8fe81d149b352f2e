"""What a mail server or service says when it does not take a mail, as this project's errors.

What may pass is tried again, what is decided is not. None of the sentences holds an address or
the server's own words, in which an address may stand.
"""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from common.errors import RateLimited, UpstreamError, UpstreamUnavailable

if TYPE_CHECKING:
    from common.http import Answer

_ENHANCED = re.compile(rb"\A\s*([45]\.\d{1,3}\.\d{1,3})\b")
# RFC 3463: the classes that say something a person can act on.
_WHY: Final = {
    "1.0": gettext_noop("the address is not accepted"),
    "1.1": gettext_noop("there is no such mailbox"),
    "1.2": gettext_noop("there is no such mail domain"),
    "1.3": gettext_noop("the address is not accepted"),
    "1.6": gettext_noop("the mailbox has moved"),
    "1.10": gettext_noop("the domain takes no mail"),
    "2.1": gettext_noop("the mailbox is closed"),
    "2.2": gettext_noop("the mailbox is full"),
    "2.3": gettext_noop("the mail is too large for the mailbox"),
    "3.4": gettext_noop("the mail is too large"),
    "7.1": gettext_noop("it takes no mails from here"),
    "7.26": gettext_noop("it takes no mails that are not proved to be ours"),
}
# Said to whom has to log in, or to encrypt, first: whatever was asked for.
_NOT_LET_IN: Final = frozenset({530, 534, 535, 538})
_NOT_LET_IN_WORDS: Final = (
    "The mail server does not let Meridian in. The mail waits until an operator has put that right."
)
# Said to the sender already where the size is told with them (RFC 1870, 6.1).
_TOO_LARGE: Final = 552
_QUOTA_WAIT: Final = timedelta(hours=1)
# Resend's names for a key that is missing, wrong or not allowed to send: the operators' affair,
# and put right by them while the mails wait.
_KEY_TROUBLE: Final = frozenset({"missing_api_key", "invalid_api_key", "restricted_api_key"})
# The sender or the address of the service is set up wrongly, which no reader can help.
_SETUP_TROUBLE: Final = frozenset({"invalid_from_address", "not_found", "method_not_allowed"})
_RESEND_WHY: Final = {
    "validation_error": gettext_noop("the address or the sender is not accepted"),
    "invalid_attachment": gettext_noop("the attached file is not accepted"),
    "invalid_parameter": gettext_noop("the address is not accepted"),
    "missing_required_field": gettext_noop("something is missing in it"),
    "invalid_access": gettext_noop("the sender is not accepted"),
}
_NO_REASON: Final = gettext_noop("it gave no reason")
_BY_RESEND: Final = gettext_noop("Resend refused the mail")
_BY_READER: Final = gettext_noop("The mail server refused this address")
_BY_CONTENT: Final = gettext_noop("The mail server refused this mail")
_REFUSAL = re.compile(r"(?P<who>[^:()]+)(?:: (?P<why>[^:()]+))? \((?P<number>[^()]+)\)\.")


class MailUnavailable(UpstreamUnavailable):
    """The mail server cannot take the mail for now."""

    default_message = "The mail server did not take the mail for now. It is tried again."


class MailRefused(UpstreamError):
    """The mail was refused for good; the address or the mail has to change."""

    code = "mail_refused"
    status = 409
    default_message = gettext_noop("The mail was refused.")


class SaidOtherwise(Exception):
    """The service has taken a mail of this key before, with other words."""


def spoken(detail: str) -> str:
    """What is noted of a mail that was not taken, in the language spoken now; as it stands there
    where it is in no words of ours.
    """
    found = _REFUSAL.fullmatch(detail)
    if found is None:
        return _(detail) if detail else ""
    words = {name: _(said) for name, said in found.groupdict().items() if said}
    if "why" in words:
        return _("%(who)s: %(why)s (%(number)s).") % words
    return _("%(who)s (%(number)s).") % words


def of_smtp(error: Exception) -> UpstreamError:
    """The error that a failed delivery over SMTP means (RFC 5321, 4.2.1).

    A refusal of the reader or of the mail is for good when its code begins with 5. Who is not let
    in, or may not send as this sender, has an operator who can change that: such mails wait.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        answers = list(error.recipients.values())
        code, text = answers[0] if answers else (550, b"")
        return _answered(code, text, _BY_READER)
    if isinstance(error, smtplib.SMTPDataError):
        return _answered(error.smtp_code, error.smtp_error, _BY_CONTENT)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return MailUnavailable(_NOT_LET_IN_WORDS)
    if isinstance(error, smtplib.SMTPSenderRefused):
        if error.smtp_code == _TOO_LARGE:
            return _answered(error.smtp_code, error.smtp_error, _BY_CONTENT)
        return MailUnavailable(
            f"The mail server does not take mails from this sender ({error.smtp_code}). The mail "
            "waits until an operator has put that right."
        )
    return MailUnavailable()


def of_resend(answer: Answer) -> UpstreamError | SaidOtherwise:
    """The error that an answer of Resend means: by its name first, then by its status.

    https://resend.com/docs/api-reference/errors
    """
    name = _name_in(answer)
    if name == "invalid_idempotent_request":
        return SaidOtherwise()
    if answer.status == 429:
        is_quota = name.endswith("_quota_exceeded")
        wait = answer.retry_after or (_QUOTA_WAIT if is_quota else None)
        words = "Resend takes no more mails for now. The mail is sent later."
        return RateLimited(words, retry_after=wait)
    if name in _KEY_TROUBLE or answer.status == 401:
        return MailUnavailable(
            "Resend does not let Meridian in. The mail waits until an operator has put the key "
            "right."
        )
    if answer.status == 403 or name in _SETUP_TROUBLE:
        return MailUnavailable(
            "Resend does not take mails from this sender. The mail waits until an operator has "
            "put that right."
        )
    # Without a name it is not Resend that speaks, but something on the way, or elsewhere.
    is_passing = answer.status in {408, 409, 425} or not 400 <= answer.status < 500
    if is_passing or not name:
        return MailUnavailable()
    why = _RESEND_WHY.get(name, _NO_REASON)
    return MailRefused(f"{_BY_RESEND}: {why} ({answer.status} {name}).".replace(" )", ")"))


def _name_in(answer: Answer) -> str:
    found = answer.data.get("name") if isinstance(answer.data, dict) else None
    # Only a name: what else may stand there could quote the address.
    return found if isinstance(found, str) and re.fullmatch(r"[a-z_]{1,60}", found) else ""


def _answered(code: int, text: bytes | str, words: str) -> UpstreamError:
    if code in _NOT_LET_IN:
        return MailUnavailable(_NOT_LET_IN_WORDS)
    if not 500 <= code < 600:
        return MailUnavailable()
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    found = _ENHANCED.match(raw)
    enhanced = found.group(1).decode() if found else ""
    why = _WHY.get(enhanced.partition(".")[2], "")
    number = f"{code} {enhanced}".strip()
    return MailRefused(f"{words}: {why} ({number})." if why else f"{words} ({number}).")

"""The one door for mails of ours: each is sent once, as far as its receiver can tell, and what
becomes of it is kept.

A mail is named by its `key`: what it says, about what, to whom. It is noted before it is tried, so
that a process that dies in between leaves a trace; a try that ended without an answer is made
again under the same key and Message-ID. Resend drops the repeat for 24 hours; over SMTP it is a
second copy with the Message-ID of the first.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from common import outbox
from common.enums import MAIL_TROUBLE, MailState
from common.errors import InvalidInput, UpstreamError
from common.mail_trouble import MailRefused, SaidOtherwise, of_smtp
from common.models import SeenEvent, SentMail

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from common.mail_form import Letter

About = tuple[str, uuid.UUID]
MAILS_KEPT: Final = timedelta(days=400)
# Svix gives an event up after a little more than a day.
EVENTS_KEPT: Final = timedelta(days=7)
# Longer than the outbox has patience with a mail.
_TRIED: Final = timedelta(days=7)
_SAID_OTHERWISE = "An earlier version of this mail was taken; the later one was not sent."


def begun_at(key: str, now: datetime) -> datetime:
    """When the mail of this key was first tried, else now.

    What is stamped within a mail is stamped with this: another try must say the same.
    """
    begun = SentMail.objects.filter(key_digest=_digest_of(key)).values_list("begun_at", flat=True)
    return begun.first() or now


def sent_mail(key: str) -> SentMail | None:
    """What is known of the mail of this key."""
    return SentMail.objects.filter(key_digest=_digest_of(key)).first()


def send(
    message: Letter,
    *,
    kind: str,
    key: str,
    workspace_id: uuid.UUID | None,
    about: About | None = None,
    problem_kind: str = "",
    begun: datetime | None = None,
) -> SentMail:
    """Send the mail to its one reader, unless that of this key was taken already; what is known
    of it then.

    `begun` is the `begun_at` the mail was made with. `problem_kind` names the outbox message
    `{mail_id}` that is written when it does not arrive. A mail that was taken before with other
    words is not sent: `digest` then differs from the letter's. Never call it within a
    transaction. Raises InvalidInput for a mail without a reader, MailRefused when it is refused
    for good, which is noted and told; UpstreamUnavailable, RateLimited and BadReply when it is to
    be tried again.
    """
    row = _noted(
        message,
        kind=kind,
        key=key,
        workspace_id=workspace_id,
        about=about,
        problem_kind=problem_kind,
        begun=begun or timezone.now(),
    )
    if row.accepted_at is not None:
        return row
    digest = message.digest()
    if not _name(message, row, digest):
        return row
    trouble: UpstreamError | None = None
    try:
        if not _is_address(*message.recipients()):
            raise MailRefused("This is not an e-mail address.")
        message.send()
    except SaidOtherwise:
        # What was tried before is what was taken; with what words is not known any more.
        return _taken(row, remote_id="", digest="", detail=_SAID_OTHERWISE)
    except OSError as error:
        trouble = of_smtp(error)
    except UpstreamError as error:
        trouble = error
    if trouble is not None:
        # Raised out here: what a server said can hold the address.
        if isinstance(trouble, MailRefused):
            _refused(row, trouble)
        raise trouble
    status = getattr(message, "anymail_status", None)
    remote_id = status.message_id if status is not None else ""
    return _taken(row, remote_id=str(remote_id or ""), digest=digest)


def said_otherwise(row: SentMail, message: Letter) -> bool:
    """Whether what was taken is an earlier version of this letter."""
    return row.accepted_at is not None and row.digest != message.digest()


def troubles_about(about_kind: str, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, SentMail]:
    """The last mail about each of these, where it has not arrived; one query."""
    found: dict[uuid.UUID, SentMail] = {}
    rows = SentMail.objects.filter(about_kind=about_kind, about_id__in=list(ids))
    for row in rows.order_by("created_at"):
        if row.about_id is not None:
            found[row.about_id] = row
    return {about: row for about, row in found.items() if row.state in MAIL_TROUBLE}


def note_outrun(about: About, *, kinds: Iterable[str], recipients: Iterable[str]) -> None:
    """Note that these mails about it will not be tried again: what they would have said was
    told by a later one, or need not be told any more. Whether one was taken stays unknown.
    """
    about_kind, about_id = about
    rows = SentMail.objects.filter(about_id=about_id, about_kind=about_kind)
    _outrun(rows.filter(kind__in=list(kinds), recipient__in=list(recipients)), timezone.now())


def tell_trouble(mail: SentMail) -> None:
    """Write the outbox message that tells of the mail's trouble, once for each state of it."""
    if not mail.problem_kind:
        return
    outbox.enqueue(
        kind=mail.problem_kind,
        payload={"mail_id": str(mail.pk)},
        dedupe_key=f"mail-trouble:{mail.pk}:{mail.state}:{mail.refusals}",
        workspace_id=mail.workspace_id,
        about_id=mail.about_id,
    )


def forget_recipient(key: str) -> None:
    """Blank the address on the mail of this key."""
    SentMail.objects.filter(key_digest=_digest_of(key)).update(recipient="")


def forget_recipients(*addresses: str, workspace_id: uuid.UUID) -> None:
    """Blank these addresses on every mail of the workspace: whose they are is erased."""
    for address in addresses:
        SentMail.objects.filter(workspace_id=workspace_id, recipient__iexact=address).update(
            recipient=""
        )


def forget_old(now: datetime) -> None:
    """Delete mails and events that nobody asks for any more, and note which mails nobody tries
    any more.
    """
    _outrun(SentMail.objects.filter(state_at__lt=now - _TRIED), now)
    SentMail.objects.filter(created_at__lt=now - MAILS_KEPT).delete()
    SeenEvent.objects.filter(seen_at__lt=now - EVENTS_KEPT).delete()


def _outrun(rows: QuerySet[SentMail], now: datetime) -> None:
    rows.filter(state=MailState.SENDING, accepted_at__isnull=True).update(
        state=MailState.OUTRUN, state_at=now, updated_at=now
    )


def _noted(
    message: Letter,
    *,
    kind: str,
    key: str,
    workspace_id: uuid.UUID | None,
    about: About | None,
    problem_kind: str,
    begun: datetime,
) -> SentMail:
    """The row of this mail, committed before anything is sent."""
    readers = message.recipients()
    if len(readers) != 1:
        raise InvalidInput("to", "A mail goes to exactly one address.")
    reader = readers[0] if _is_address(readers[0]) else ""
    name = _digest_of(key)
    about_kind, about_id = about or ("", None)
    # Durable: a mail within a transaction would go out though the transaction may not stand.
    with transaction.atomic(durable=True):
        row, _is_new = SentMail.objects.get_or_create(
            key_digest=name,
            defaults={
                "message_id": _message_id(name, 1),
                "kind": kind,
                "workspace_id": workspace_id,
                "about_kind": about_kind,
                "about_id": about_id,
                "recipient": reader,
                "problem_kind": problem_kind,
                "begun_at": begun,
            },
        )
    return row


def _name(message: Letter, row: SentMail, digest: str) -> bool:
    """Give the letter the names that its receivers know repeats by; False when it was taken this
    moment, by a try of somebody else's or as the service told us.

    After an uncertain try with other words it is another message: a mailbox that drops repeats
    by Message-ID would keep the older one.
    """
    if row.digest not in {"", digest}:
        version = row.message_id.partition("@")[0].partition(".")[2]
        row.message_id = _message_id(row.key_digest, int(version or 1) + 1)
    now = timezone.now()
    is_open = SentMail.objects.filter(pk=row.pk, accepted_at__isnull=True).update(
        message_id=row.message_id,
        digest=digest,
        state=MailState.SENDING,
        state_at=now,
        detail="",
        updated_at=now,
    )
    row.refresh_from_db()
    if not is_open:
        return False
    # A key under which something was refused could bring the old answer again.
    again = f"-{row.refusals}" if row.refusals else ""
    message.idempotency_key = f"{row.key_digest}{again}"
    message.extra_headers["Message-ID"] = f"<{row.message_id}>"
    message.extra_headers.setdefault("Auto-Submitted", "auto-generated")
    # By it the service's events name the mail even where its answer was lost.
    message.esp_extra = {"tags": [{"name": "mail", "value": row.pk.hex}]}
    return True


def _taken(row: SentMail, *, remote_id: str, digest: str, detail: str = "") -> SentMail:
    """Note that the first server has it; events that came before this answer stand."""
    now = timezone.now()
    with transaction.atomic():
        rows = SentMail.objects.filter(pk=row.pk)
        is_refused = Q(state=MailState.FAILED, accepted_at__isnull=True)
        is_open = Q(state__in=(MailState.SENDING, MailState.OUTRUN)) | is_refused
        rows.filter(is_open).update(state=MailState.SENT, state_at=now, detail=detail)
        changes = {"accepted_at": now, "digest": digest, "updated_at": now}
        rows.update(**changes, **({"remote_id": remote_id} if remote_id else {}))
    row.refresh_from_db()
    return row


def _refused(row: SentMail, refusal: MailRefused) -> None:
    now = timezone.now()
    with transaction.atomic():
        # Nothing of it was taken, so the next try is a first one.
        SentMail.objects.filter(pk=row.pk, accepted_at__isnull=True).update(
            state=MailState.FAILED,
            state_at=now,
            detail=refusal.message[:300],
            refusals=F("refusals") + 1,
            digest="",
            updated_at=now,
        )
        row.refresh_from_db()
        tell_trouble(row)


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _message_id(name: str, version: int) -> str:
    again = f".{version}" if version > 1 else ""
    return f"{name}{again}@{settings.ICS_DOMAIN}"

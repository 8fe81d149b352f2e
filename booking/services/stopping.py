"""Readers who want no reminders and follow-ups: the address in those mails, and what it does.

An address is known by its keyed hash alone, in the table and in the link, so that neither says
whose it is. Confirmations and changes are always sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.crypto import salted_hmac

from booking.languages import ENGLISH, known_language
from booking.models import MailStop
from common.errors import NotFound
from workspaces.models import Workspace

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from booking.models import MeetingBase

_SALT = "booking.mail_stop"
_CONTENT = re.compile(r"[0-9a-f]{96}")


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose mails of which workspace one link is about."""

    workspace: Workspace
    address_hash: str

    @property
    def is_stopped(self) -> bool:
        rows = MailStop.objects.filter(workspace=self.workspace)
        return rows.filter(address_hash=self.address_hash).exists()


def stop_url(meeting: MeetingBase, email: str, language: str) -> str:
    """Where the reader of a mail stops what is sent at a time of its own."""
    address = _hash(meeting.workspace_id, email, settings.SECRET_KEY)
    token = _signer().sign(f"{meeting.workspace_id.hex}{address}")
    code = known_language(language)
    query = f"?lang={code}" if code not in {"", ENGLISH} else ""
    return f"{settings.PUBLIC_URL}{reverse('booking:mail_stop', args=[token])}{query}"


def read_token(token: str) -> Choice:
    """What the link is about. Raises NotFound for one that we did not write."""
    try:
        content = _signer().unsign(token)
    except BadSignature:
        raise NotFound from None
    if not _CONTENT.fullmatch(content):
        raise NotFound
    workspace = Workspace.objects.filter(pk=UUID(content[:32])).first()
    if workspace is None:
        raise NotFound
    return Choice(workspace, content[32:])


def stop(choice: Choice) -> None:
    """Send no more; a repeat changes nothing."""
    MailStop.objects.get_or_create(workspace=choice.workspace, address_hash=choice.address_hash)


def stop_for(workspace: Workspace, email: str) -> None:
    """Send this address no more: its reader marked a mail as spam, which says as much."""
    stop(Choice(workspace, _hash(workspace.pk, email, settings.SECRET_KEY)))


def resume(choice: Choice) -> None:
    """Send them again; a repeat changes nothing."""
    MailStop.objects.filter(workspace=choice.workspace, address_hash=choice.address_hash).delete()


def has_stopped(workspace_id: UUID, email: str) -> bool:
    """Whether the address wants none."""
    return _stops(workspace_id, email).exists()


def forget_stops(*addresses: str, workspace_id: UUID) -> None:
    """Erase what these addresses chose: whose they are is erased."""
    for address in addresses:
        _stops(workspace_id, address).delete()


def _stops(workspace_id: UUID, email: str) -> QuerySet[MailStop]:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    hashes = [_hash(workspace_id, email, key) for key in keys]
    return MailStop.objects.filter(workspace_id=workspace_id, address_hash__in=hashes)


def _signer() -> Signer:
    return Signer(sep=".", salt=_SALT)


def _hash(workspace_id: UUID, email: str, key: str) -> str:
    value = f"{workspace_id}\n{email.strip().lower()}"
    return salted_hmac(_SALT, value, secret=key, algorithm="sha256").hexdigest()

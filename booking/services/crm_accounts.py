"""A workspace's key to Close: tried before it is kept, sealed in the vault, replaced, forgotten."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState, Outcome, Provider
from audit.models import ServiceCredential
from audit.services import log, vault
from audit.services.credentials import resolve_service_credential
from booking.close import CloseClient
from booking.enums import MessageKind
from booking.models import CrmAccount
from common import outbox
from common.enums import OutboxState
from common.errors import (
    Conflict,
    InvalidInput,
    ReconnectNeeded,
    UpstreamError,
    UpstreamUnavailable,
)
from common.models import OutboxMessage
from common.statements import Select
from common.trouble import Doing, tell
from workspaces.enums import Role
from workspaces.models import Workspace

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from audit.actors import Actor
    from booking.close import CloseAccount, LeadStatus
    from common.secrets import Secret

KIND: Final = Provider.CLOSE.value
LABEL: Final = Provider.CLOSE.label
# What is left to do in Close for meetings, or for somebody who was erased.
ROWS: Final = (MessageKind.CRM_LEAD, MessageKind.ERASED_NOTE)
_KEPT: Final = Select(
    lambda workspace_id: CrmAccount.objects.filter(workspace_id=workspace_id).values_list("pk"),
    workspace_id=UUID,
)
_KEY: Final = re.compile(r"[!-9;-~]{8,200}\Z")
_NO_KEY: Final = "Paste the whole key from Close, under Settings, Developer, API Keys."
_REFUSED: Final = "Close does not know this key. Copy it again, or make a new one in Close."


class KeyReplaced(UpstreamUnavailable):
    """The key that was to be used has made way for another one: read the account again."""

    default_message = "The key to Close was replaced meanwhile. Try again."


def has_account(workspace_id: UUID) -> bool:
    """Whether the workspace has a key; asked with every booking."""
    return _KEPT.first(workspace_id=workspace_id) is not None


def account_of(workspace_id: UUID) -> CrmAccount | None:
    """What the workspace's key opens; None while there is no key."""
    rows = CrmAccount.objects.select_related("workspace")
    return rows.filter(workspace_id=workspace_id).first()


def client_for(
    account: CrmAccount, *, reason: AccessReason, actor: Actor, target: str = ""
) -> CloseClient:
    """The workspace's Close for one operation, which is one row of the access log.

    Raises ReconnectNeeded without asking Close while it is known to refuse the key, and
    KeyReplaced where the account is not the key's any more: the next one may open another
    organisation, which has a map of its own.
    """
    if account.state == ConnectionState.RECONNECT_NEEDED:
        raise ReconnectNeeded(f"{LABEL} does not accept the workspace's key any more.")
    key = resolve_service_credential(
        workspace=account.workspace, kind=KIND, actor=actor, target=target, reason=reason
    )
    # Looked at after the key was: both are kept in one transaction.
    if not _same(account).exists():
        raise KeyReplaced
    return _client(key)


def keep_key(*, workspace: Workspace, key: Secret, actor: Actor, by_name: str = "") -> CrmAccount:
    """Seal the key after Close accepted it; what was refused before is sent again.

    A key to another organisation begins another map: leads of the one before are not looked at.
    Raises InvalidInput naming `key` for one that Close does not know, and UpstreamError.
    """
    if not _KEY.match(key.reveal()):
        raise InvalidInput("key", _NO_KEY)
    found, statuses = _tried(key)
    # Key and account together: whoever opens the key must know whose leads it makes.
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        sealed = vault.store_credential(workspace=workspace, kind=KIND, secret=key)
        former = CrmAccount.objects.select_for_update().filter(workspace=workspace).first()
        account = former or CrmAccount(workspace=workspace)
        if account.organization_remote_id != found.organization_id:
            account.lead_status_remote_id = ""
        account.state, account.last_error, account.last_error_at = ConnectionState.ACTIVE, "", None
        account.organization_remote_id = found.organization_id
        account.organization_name = found.organization_name[:200]
        account.account_email, account.key_tail = found.email[:320], key.reveal()[-4:]
        account.kept_at, account.kept_by_name = timezone.now(), by_name[:320]
        _keep_statuses(account, statuses)
        account.save()
        send_all_again(workspace)
    _log(workspace, actor, sealed.pk, AccessReason.OAUTH_CONNECT)
    return account


def forget_key(*, workspace: Workspace, actor: Actor) -> None:
    """Delete the key and stop; what is in Close stays, and our map of it for another key.

    What waits is not sent any more. Forgotten twice is forgotten.
    """
    sealed = ServiceCredential.objects.filter(workspace=workspace, kind=KIND).first()
    if sealed is not None:
        _log(workspace, actor, sealed.pk, AccessReason.OAUTH_REVOKE)
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        vault.erase_credential(workspace=workspace, kind=KIND)
        CrmAccount.objects.filter(workspace=workspace).delete()
        rows_of(workspace).filter(kind=MessageKind.CRM_LEAD).exclude(state=OutboxState.SENT).update(
            state=OutboxState.CANCELLED, last_error=""
        )


def choose(*, workspace: Workspace, status_id: str, for_clients: bool) -> CrmAccount:
    """Keep which status new leads have (blank: what Close takes first), and whether bookings with
    clients become leads too. Raises Conflict without a key, InvalidInput("status").
    """
    with transaction.atomic():
        account = CrmAccount.objects.select_for_update().filter(workspace=workspace).first()
        if account is None:
            raise Conflict("There is no key to Close here any more.")
        if status_id and status_id not in {one["id"] for one in account.statuses}:
            raise InvalidInput("status", "Choose one of the statuses that Close has.")
        account.lead_status_remote_id = status_id
        account.save(update_fields=["lead_status_remote_id", "updated_at"])
        workspace.crm_for_clients = for_clients
        workspace.save(update_fields=["crm_for_clients", "updated_at"])
    return account


def read_statuses(*, account: CrmAccount, actor: Actor) -> None:
    """Read the statuses again that a lead can have there. Raises UpstreamError."""
    close = client_for(account, reason=AccessReason.CRM_STATUS_LIST, actor=actor)
    try:
        found = close.lead_statuses()
    except UpstreamError as error:
        note_trouble(account, error)
        tell(error, label=LABEL, account="the workspace's key", doing=Doing.READ)
        raise
    with transaction.atomic():
        fresh = CrmAccount.objects.select_for_update().get(pk=account.pk)
        _keep_statuses(fresh, found)
        fresh.save()


def note_good(account: CrmAccount) -> None:
    """Something was written; a failure before it is over."""
    now = timezone.now()
    _same(account).update(last_good_at=now, last_error="", last_error_at=None, updated_at=now)


def note_trouble(account: CrmAccount, error: Exception) -> None:
    """Keep what went wrong; a key that is refused is marked, and the owners are told once."""
    words, now = getattr(error, "message", type(error).__name__)[:300], timezone.now()
    with transaction.atomic():
        _same(account).update(last_error=words, last_error_at=now, updated_at=now)
        if not isinstance(error, ReconnectNeeded):
            return
        refused = _same(account).filter(state=ConnectionState.ACTIVE)
        if refused.update(state=ConnectionState.RECONNECT_NEEDED):
            _tell_owners(account, now)


def rows_of(workspace: Workspace) -> QuerySet[OutboxMessage]:
    """What was, or is to be, done in Close for the workspace."""
    return OutboxMessage.objects.filter(workspace_id=workspace.pk, kind__in=ROWS)


def send_all_again(workspace: Workspace) -> int:
    """Give everything that failed a new start; how many that were."""
    failed = list(rows_of(workspace).filter(state=OutboxState.FAILED).order_by("created_at"))
    return outbox.send_again(*failed)


def _same(account: CrmAccount) -> QuerySet[CrmAccount]:
    """The row while it is about the key that was used: another one is not to blame."""
    return CrmAccount.objects.filter(
        pk=account.pk,
        kept_at=account.kept_at,
        organization_remote_id=account.organization_remote_id,
    )


def _tell_owners(account: CrmAccount, now: datetime) -> None:
    owners = account.workspace.memberships.filter(role=Role.OWNER)
    for membership_id in owners.values_list("pk", flat=True):
        outbox.enqueue(
            kind=MessageKind.CRM_KEY_REFUSED,
            payload={"membership_id": str(membership_id), "account_id": str(account.pk)},
            dedupe_key=f"crm_key:{account.pk}:{now:%Y%m%d%H%M%S%f}:{membership_id}",
            workspace_id=account.workspace_id,
        )


def _keep_statuses(account: CrmAccount, statuses: list[LeadStatus]) -> None:
    account.statuses = [{"id": one.remote_id, "label": one.label[:120]} for one in statuses]
    if account.lead_status_remote_id not in {one["id"] for one in account.statuses}:
        account.lead_status_remote_id = ""


def _client(key: Secret) -> CloseClient:
    return CloseClient(key, api_url=settings.CLOSE_API_URL, time_limit=settings.PROVIDER_TIMEOUT)


def _tried(key: Secret) -> tuple[CloseAccount, list[LeadStatus]]:
    close = _client(key)
    try:
        statuses = close.lead_statuses()
        return close.account(statuses), statuses
    except ReconnectNeeded:
        raise InvalidInput("key", _REFUSED) from None
    except UpstreamError as error:
        tell(error, label=LABEL, account="this key", doing=Doing.CONNECT)
        raise


def _log(workspace: Workspace, actor: Actor, sealed_id: UUID, reason: AccessReason) -> None:
    entry = log.Entry(
        connection_id=sealed_id,
        connection_email="",
        provider=KIND,
        reason=reason,
        outcome=Outcome.GRANTED,
        target="the workspace's key",
    )
    log.append(workspace_id=workspace.pk, actor=actor, entries=[entry])

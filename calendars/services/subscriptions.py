"""Subscribing to a calendar that others publish at an address; read only, by workers."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from audit.enums import AccessReason
from audit.services import vault
from calendars.models import Calendar
from calendars.owners import connection_field, connection_model, connections_of
from calendars.providers.ics.adapter import Feed
from calendars.providers.registry import is_consented
from calendars.services import listing, sync
from calendars.services.accounts import opened
from common import fetch_guard
from common.errors import Conflict, InvalidInput, UpstreamError
from common.secrets import Secret

if TYPE_CHECKING:
    from datetime import datetime

    from audit.actors import Actor
    from calendars.models import CalendarConnectionBase
    from workspaces.owners import Owner

MOST: Final = 20
READ_LIMIT: Final = timedelta(seconds=20)
READ_AGAIN_AFTER: Final = timedelta(seconds=30)


def subscribe(
    *, owner: Owner, address: str, counts_as_busy: bool, actor: Actor, now: datetime
) -> CalendarConnectionBase:
    """Read the address once and keep it as a calendar of the owner's; its events follow.

    The same address again renews the subscription. Raises InvalidInput when it may not or cannot
    be read, and nothing is kept then; Conflict when the owner has as many as are read.
    """
    try:
        address = fetch_guard.clean_address(address)
    except fetch_guard.AddressRefused as error:
        raise InvalidInput("address", error.message) from None
    connection, is_new = _kept(owner, address)
    try:
        with opened(
            connection,
            workspace=owner.workspace,
            actor=actor,
            reason=AccessReason.CALENDARS_LIST,
            total_time_limit=READ_LIMIT,
        ) as provider:
            found = listing.refresh_calendars(connection, provider.list_calendars(), now)
    except UpstreamError as error:
        if is_new:
            vault.erase_tokens(connection=connection)
            connection.delete()
        raise InvalidInput("address", error.message) from None
    ids = [calendar.pk for calendar in found]
    Calendar.objects.filter(pk__in=ids).update(
        counts_as_busy=counts_as_busy, sync_after=None, changed_at=now
    )
    sync.refresh_account(connection)
    return connection


def read_again(*, connection: CalendarConnectionBase, now: datetime) -> None:
    """Have a subscription read by a worker before its hour is over.

    Raises InvalidInput for what is none, Conflict when it was asked for a moment ago.
    """
    if is_consented(connection.provider):
        raise InvalidInput("connection", "Only subscriptions are read on demand.")
    rows = Calendar.objects.filter(**_of(connection))
    if rows.filter(sync_tried_at__gt=now - READ_AGAIN_AFTER).exists():
        raise Conflict("It was read a moment ago.")
    rows.update(sync_after=None, sync_tried_at=now)
    sync.refresh_account(connection)


def _kept(owner: Owner, address: str) -> tuple[CalendarConnectionBase, bool]:
    """The owner's connection for this address, known or new, with the address sealed.

    What is shown of it is the host: the rest may be a secret.
    """
    whose: dict[str, Any] = {f"{owner.kind.value}_id": owner.id}
    account = {
        "provider": Feed.key,
        "account_remote_id": hashlib.sha256(address.encode()).hexdigest(),
    }
    with transaction.atomic():
        owner.lock()
        row = connections_of(owner).filter(**account).first()
        is_new = row is None
        if row is None:
            if connections_of(owner).filter(provider=Feed.key).count() >= MOST:
                raise Conflict(f"{MOST} subscriptions are read at most. End one first.")
            model = connection_model(owner.kind)
            row = model(**whose, **account, workspace=owner.workspace)
            row.connected_email = fetch_guard.host_of(address)[:320]
            row.save()
        vault.store_address(connection=row, address=Secret(address))
    return row, is_new


def _of(connection: CalendarConnectionBase) -> dict[str, Any]:
    return {connection_field(connection.owner_kind): connection}

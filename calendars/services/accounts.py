"""Opening a connection at its provider for one operation, and noting how it went."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import timezone

from audit.enums import AccessReason
from audit.oauth_apps import oauth_app
from audit.services.tokens import mark_reconnect_needed, resolve_provider_token
from calendars.providers.registry import adapter_for, is_consented, provider_class
from calendars.services.turns import NoTurn, turn_at
from common.errors import (
    RateLimited,
    ReconnectNeeded,
    UpstreamError,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.trouble import Doing, in_words, tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.actors import Actor
    from calendars.models import CalendarConnectionBase
    from calendars.providers.base import CalendarProvider
    from workspaces.models import Workspace

GOOD_NOTED_EVERY: Final = timedelta(minutes=1)
# These say something of the account as a whole; the others of one event or one calendar.
_OF_THE_ACCOUNT = (RateLimited, UpstreamUnavailable, UpstreamForbidden)
_DOING: Final = {
    AccessReason.EVENT_CREATE: Doing.CREATE,
    AccessReason.BOOKING_EVENT_CREATE: Doing.CREATE,
    AccessReason.EVENT_UPDATE: Doing.CHANGE,
    AccessReason.BOOKING_EVENT_UPDATE: Doing.CHANGE,
    AccessReason.BOOKING_EVENT_ERASE: Doing.CHANGE,
    AccessReason.EVENT_MOVE: Doing.CHANGE,
    AccessReason.EVENT_DELETE: Doing.DELETE,
    AccessReason.BOOKING_EVENT_DELETE: Doing.DELETE,
    AccessReason.EVENT_RESPOND: Doing.ANSWER,
}


def open_account(
    connection: CalendarConnectionBase,
    *,
    workspace: Workspace,
    actor: Actor,
    reason: AccessReason,
    target: str = "",
    time_limit: timedelta | None = None,
    total_time_limit: timedelta | None = None,
    before_request: Callable[[], None] | None = None,
) -> CalendarProvider:
    """The account, open for one operation in that workspace: one token, one log row.

    `time_limit` bounds each request, `total_time_limit` all of them. Raises TokenDenied,
    ReconnectNeeded, UpstreamForbidden, UpstreamUnavailable; RuntimeError inside a transaction.
    """
    token = resolve_provider_token(
        connection=connection,
        workspace=workspace,
        actor=actor,
        reason=reason,
        target=target,
    )
    return adapter_for(
        connection.provider,
        token=token.lasting(),
        api_url=_api_url(connection.provider),
        time_limit=time_limit or settings.PROVIDER_TIMEOUT,
        total_time_limit=total_time_limit,
        before_request=before_request,
        account_kind="personal" if connection.account_kind == "personal" else "work",
    )


def _api_url(provider: str) -> str:
    """Where its API begins; a subscription's whole address is its secret."""
    return oauth_app(provider).api_url() if is_consented(provider) else ""


@contextmanager
def opened(
    connection: CalendarConnectionBase,
    *,
    workspace: Workspace,
    actor: Actor,
    reason: AccessReason,
    target: str = "",
    time_limit: timedelta | None = None,
    total_time_limit: timedelta | None = None,
    first: int | None = None,
) -> Iterator[CalendarProvider]:
    """`open_account` when it is our turn there, and afterwards the connection says how it went,
    and an error all of it.

    A turn is waited for as long as the operation may take; with `first` (see `turn_at`) not at
    all. Raises NoTurn.
    """
    wait = total_time_limit or settings.PROVIDER_TIMEOUT if first is None else timedelta(0)
    with turn_at(connection, wait=wait, first=first) as keep:
        try:
            yield open_account(
                connection,
                workspace=workspace,
                actor=actor,
                reason=reason,
                target=target,
                time_limit=time_limit,
                total_time_limit=total_time_limit,
                before_request=keep,
            )
        except NoTurn:
            raise  # ours is the crowd, not the account's the fault
        except UpstreamError as error:
            note_failure(connection, error)
            tell_of(connection, error, _DOING.get(reason, Doing.READ))
            raise
    note_success(connection)


def tell_of(
    connection: CalendarConnectionBase, error: UpstreamError, doing: Doing = Doing.READ
) -> None:
    """Let the error say what happened at this account, what is safe and what to do."""
    if is_consented(connection.provider):
        tell(error, label=_label(connection), account=connection.connected_email, doing=doing)


def note_failure(connection: CalendarConnectionBase, error: UpstreamError) -> None:
    """Say on the connection what its provider refused, if it speaks of the whole account."""
    words = error.message
    if is_consented(connection.provider):
        account = connection.connected_email
        words = in_words(error, label=_label(connection), account=account, doing=Doing.READ)
    if isinstance(error, ReconnectNeeded):
        mark_reconnect_needed(connection, words)
    elif isinstance(error, _OF_THE_ACCOUNT):
        _note(connection, last_error=words[:300])


def _label(connection: CalendarConnectionBase) -> str:
    return provider_class(connection.provider).label


def note_success(connection: CalendarConnectionBase) -> None:
    """Say on the connection that its provider answered; not on every call."""
    now = timezone.now()
    good_at = connection.last_good_at
    if connection.last_error or good_at is None or good_at < now - GOOD_NOTED_EVERY:
        _note(connection, last_good_at=now, last_error="")


def _note(connection: CalendarConnectionBase, **changes: object) -> None:
    type(connection)._default_manager.filter(pk=connection.pk).update(
        **changes, updated_at=timezone.now()
    )
    for name, value in changes.items():
        setattr(connection, name, value)

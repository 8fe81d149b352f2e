"""Which calendar providers there are: the one place that names them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from calendars.providers.account import RemoteAccount
from calendars.providers.google.adapter import GoogleCalendar
from calendars.providers.google.oauth import SPEC as GOOGLE_OAUTH
from calendars.providers.ics.adapter import Feed
from calendars.providers.microsoft.adapter import OutlookCalendar
from calendars.providers.microsoft.oauth import SPEC as OUTLOOK_OAUTH
from common.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from calendars.providers.account import AccountKind
    from calendars.providers.base import CalendarProvider
    from common.oauth_spec import OAuthSpec
    from common.secrets import Secret

ADAPTERS: Final[dict[str, Callable[[RemoteAccount], CalendarProvider]]] = {
    "google": GoogleCalendar,
    "outlook": OutlookCalendar,
    "ics": Feed,
}
PROVIDERS: Final = cast("dict[str, type[CalendarProvider]]", ADAPTERS)
OAUTH: Final[dict[str, OAuthSpec]] = {"google": GOOGLE_OAUTH, "outlook": OUTLOOK_OAUTH}


def is_consented(key: str) -> bool:
    """Whether accounts of this provider are connected by consent; a subscription's address is
    typed, and nobody is asked, renewed or told about it."""
    return key in OAUTH


def provider_class(key: str) -> type[CalendarProvider]:
    """The adapter's class, to ask for its label and features. Raises Unsupported."""
    if key not in PROVIDERS:
        raise Unsupported("this provider", "There is no such calendar provider.")
    return PROVIDERS[key]


def adapter_for(
    key: str,
    *,
    token: Secret,
    api_url: str,
    time_limit: timedelta,
    account_kind: AccountKind = "work",
    total_time_limit: timedelta | None = None,
    before_request: Callable[[], None] | None = None,
) -> CalendarProvider:
    """The provider's adapter for one account and one operation. Raises Unsupported.

    `time_limit` bounds every request, `total_time_limit` all requests of the operation.
    """
    provider_class(key)
    account = RemoteAccount(
        token=token,
        api_url=api_url,
        time_limit=time_limit,
        total_time_limit=total_time_limit,
        kind=account_kind,
        before_request=before_request,
    )
    return ADAPTERS[key](account)

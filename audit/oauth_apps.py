"""The registry of OAuth apps: one per provider, put there by the app that knows the provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.errors import DomainError
    from common.oauth import ClientCredentials, Endpoints, OAuthFailure, OAuthSpec


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """How to talk OAuth with one provider.

    Endpoints and credentials are read when used, so that a setting can change under a test.
    `classify` turns a failure of the token endpoint into the error of its reaction.
    """

    provider: str
    endpoints: Callable[[], Endpoints]
    credentials: Callable[[], ClientCredentials]
    classify: Callable[[OAuthFailure], DomainError]
    spec: OAuthSpec


_apps: dict[str, OAuthApp] = {}


def register(app: OAuthApp) -> None:
    """Name the one app of a provider; called in `AppConfig.ready`."""
    _apps[app.provider] = app


def oauth_app(provider: str) -> OAuthApp:
    """The provider's app. Raises KeyError for a provider nobody registered."""
    return _apps[provider]


def providers() -> tuple[str, ...]:
    """Every registered provider."""
    return tuple(_apps)

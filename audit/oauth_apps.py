"""The registry of OAuth apps: one per provider, put there by the app that knows the provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings

from common.oauth_spec import ClientCredentials, Endpoints
from common.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from common.errors import DomainError
    from common.oauth_spec import OAuthFailure, OAuthSpec


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """How to talk OAuth with one provider.

    Endpoints and credentials are read when used, so that a setting can change under a test.
    `classify` turns a failure of the token endpoint into the error of its reaction. `api_url` is
    where the provider's API begins.
    """

    provider: str
    endpoints: Callable[[], Endpoints]
    credentials: Callable[[], ClientCredentials]
    classify: Callable[[OAuthFailure], DomainError]
    spec: OAuthSpec
    api_url: Callable[[], str] = str


def app_of(spec: OAuthSpec, prefix: str) -> OAuthApp:
    """The app whose addresses, client id and secret are the settings that begin with the prefix."""

    def setting(name: str) -> str:
        return str(getattr(settings, f"{prefix}_{name}", ""))

    def endpoints() -> Endpoints:
        return Endpoints(
            authorize=setting("AUTH_URL"),
            token=setting("TOKEN_URL"),
            revoke=setting("REVOKE_URL"),
            jwks=setting("JWKS_URL"),
            issuer=setting("ISSUER"),
        )

    def credentials() -> ClientCredentials:
        return ClientCredentials(
            setting("CLIENT_ID"), Secret(setting("CLIENT_SECRET")), spec.client_auth
        )

    return OAuthApp(
        provider=spec.key,
        endpoints=endpoints,
        credentials=credentials,
        classify=spec.classify,
        spec=spec,
        api_url=lambda: setting("API_URL"),
    )


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

"""What the OAuth flow is told and tells: addresses, tokens, failures, and what a provider adds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from common.errors import RateLimited, ReconnectNeeded, UpstreamError, UpstreamUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from common.errors import DomainError
    from common.secrets import Secret

ClientAuth = Literal["post", "basic"]
_TEMPORARY = frozenset({"temporarily_unavailable", "server_error", "internal_failure"})


@dataclass(frozen=True, slots=True)
class Endpoints:
    """A provider's addresses. `issuer` may hold Microsoft's `{tenantid}`; blank means none."""

    authorize: str
    token: str
    revoke: str = ""
    jwks: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Who we are to the provider, and how we prove it at the token endpoint."""

    client_id: str
    secret: Secret
    auth: ClientAuth = "post"


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What a token endpoint gave.

    `refresh_token` is None when none came back: after a refresh the caller keeps the old one.
    `scopes` is what was granted, empty when the answer does not say.
    """

    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime
    scopes: frozenset[str]
    id_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose account it is. `account_remote_id` never changes, the e-mail may."""

    account_remote_id: str
    email: str
    kind: Literal["work", "personal"] = "work"


class OAuthFailure(Exception):
    """An authorization server said no. Holds the protocol's words for why, never a body.

    `error` is the `error` of RFC 6749, 5.2; `sub_codes` are the provider's own numbers;
    `retryable` says that the same request may succeed later.
    """

    def __init__(
        self,
        error: str,
        *,
        status: int = 0,
        sub_codes: Sequence[int] = (),
        retry_after: timedelta | None = None,
    ) -> None:
        self.error = error
        self.status = status
        self.sub_codes = tuple(sub_codes)
        self.retry_after = retry_after
        super().__init__(f"The authorization server answered {error} ({status}).")

    @property
    def retryable(self) -> bool:
        return self.status >= 500 or self.status == 429 or self.error in _TEMPORARY


class ClientMisconfigured(UpstreamError):
    """Our own client id, secret or redirect address is refused: an operator has to act.

    Nobody's connection is at fault, so none is marked as disconnected.
    """

    code = "upstream_unavailable"
    status = 503
    default_message = "This provider is not set up correctly here. Tell your administrator."


@dataclass(frozen=True, slots=True)
class Refusals:
    """Which of a provider's words and numbers mean what; a number outranks a word."""

    reconnect: frozenset[str]
    misconfigured: frozenset[str]
    reconnect_codes: frozenset[int] = frozenset()
    misconfigured_codes: frozenset[int] = frozenset()

    def classify(self, failure: OAuthFailure) -> DomainError:
        """The error that stands for the reaction this failure needs."""
        codes = set(failure.sub_codes)
        if codes & self.misconfigured_codes:
            return ClientMisconfigured()
        if codes & self.reconnect_codes:
            return ReconnectNeeded()
        if failure.status == 429:
            return RateLimited(retry_after=failure.retry_after)
        if failure.error in self.misconfigured:
            return ClientMisconfigured()
        if failure.error in self.reconnect:
            return ReconnectNeeded()
        # What nobody has named is taken as a disturbance: a wrong guess at "reconnect" would
        # disconnect people, a wrong guess here only delays.
        return UpstreamUnavailable("The sign-in service did not answer as expected. Try again.")


@dataclass(frozen=True, slots=True)
class OAuthSpec:
    """What is particular to one provider's OAuth; the flow itself knows no provider.

    `scopes` are asked for; `scope_words` names the required ones, each with what it is for;
    `implied_by` says which other scopes cover one. `identify(claims, token, api_url, time_limit)`
    finds whose account it is. `consent_page` is where a person removes the consent by hand, for a
    provider that cannot be told to.
    """

    key: str
    label: str
    scopes: tuple[str, ...]
    scope_words: Mapping[str, str]
    refusals: Refusals
    identify: Callable[[Mapping[str, Any], Secret, str, timedelta], Identity]
    client_auth: ClientAuth = "post"
    has_id_token: bool = True
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    scope_prefix: str = ""
    implied_by: Mapping[str, frozenset[str]] = field(default_factory=dict)
    consent_page: str = ""

    def missing(self, granted: frozenset[str]) -> list[str]:
        """In words, what a person would have to allow as well; empty when all is there.

        Scopes compare without case and without the provider's prefix.
        """
        have = {self._plain(scope) for scope in granted}
        return [
            words
            for scope, words in self.scope_words.items()
            if have.isdisjoint({self._plain(s) for s in (scope, *self.implied_by.get(scope, ()))})
        ]

    def _plain(self, scope: str) -> str:
        return scope.lower().removeprefix(self.scope_prefix)

    def classify(self, failure: OAuthFailure) -> DomainError:
        """The error that stands for the reaction this failure needs."""
        return self.refusals.classify(failure)

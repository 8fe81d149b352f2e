"""What is particular to Google's OAuth. https://developers.google.com/identity/protocols/oauth2"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from common.errors import BadReply
from common.oauth_spec import Identity, OAuthSpec, Refusals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from common.secrets import Secret

_AUTH: Final = "https://www.googleapis.com/auth/"
_EVENTS: Final = f"{_AUTH}calendar.events"
_READ: Final = f"{_AUTH}calendar.readonly"
_ALL: Final = f"{_AUTH}calendar"


def identify(
    claims: Mapping[str, Any],
    token: Secret,
    api_url: str,
    time_limit: timedelta,
) -> Identity:
    """`sub` is the account for ever; its e-mail may change. Raises BadReply."""
    subject, email = claims.get("sub"), claims.get("email")
    if not isinstance(subject, str) or not subject or not isinstance(email, str):
        raise BadReply("Google did not say whose account this is.")
    return Identity(subject, email, "work" if claims.get("hd") else "personal")


# An admin's policy and an account in trouble are for the person to sort out with a new consent.
_RECONNECT: Final = frozenset({"invalid_grant", "admin_policy_enforced", "access_denied"})
_MISCONFIGURED: Final = frozenset(
    {
        "invalid_client",
        "unauthorized_client",
        "deleted_client",
        "disabled_client",
        "redirect_uri_mismatch",
        "invalid_scope",
        "unsupported_grant_type",
    }
)

SPEC: Final = OAuthSpec(
    key="google",
    label="Google",
    scopes=("openid", "email", _EVENTS, _READ),
    scope_words={
        _EVENTS: "See and edit events on your calendars",
        _READ: "See your calendars and when you are busy",
    },
    implied_by={_EVENTS: frozenset({_ALL}), _READ: frozenset({_ALL})},
    refusals=Refusals(reconnect=_RECONNECT, misconfigured=_MISCONFIGURED),
    identify=identify,
    # Without these two Google gives no refresh token, or not again on a second consent.
    authorize_extra={
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "true",
    },
)

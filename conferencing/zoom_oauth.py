"""What is particular to Zoom's OAuth. https://developers.zoom.us/docs/integrations/oauth"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from common.oauth_spec import Identity, OAuthSpec, Refusals
from conferencing.zoom import ZoomClient

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from common.secrets import Secret

_WORDS: Final = {
    "meeting:write:meeting": "Create meetings",
    "meeting:update:meeting": "Change meetings",
    "meeting:delete:meeting": "Delete meetings",
    "meeting:read:meeting": "See meetings",
    "meeting:read:list_meetings": "List your meetings",
    "user:read:user": "See your name and e-mail address",
}
_CLASSIC_WRITE: Final = frozenset({"meeting:write"})


def identify(
    claims: Mapping[str, Any], token: Secret, api_url: str, time_limit: timedelta
) -> Identity:
    """Zoom gives no id_token, so it is asked. Raises UpstreamError."""
    return ZoomClient(token, api_url=api_url, time_limit=time_limit).identify()


SPEC: Final = OAuthSpec(
    key="zoom",
    label="Zoom",
    scopes=tuple(_WORDS),
    scope_words=_WORDS,
    # Apps made before Zoom's scopes became finer are given the old ones.
    implied_by={
        "meeting:write:meeting": _CLASSIC_WRITE,
        "meeting:update:meeting": _CLASSIC_WRITE,
        "meeting:delete:meeting": _CLASSIC_WRITE,
        "meeting:read:meeting": frozenset({"meeting:read"}),
        "meeting:read:list_meetings": frozenset({"meeting:read"}),
        "user:read:user": frozenset({"user:read"}),
    },
    refusals=Refusals(
        # A dead refresh token is answered `invalid_request`, "Invalid Token!".
        reconnect=frozenset({"invalid_grant", "invalid_request", "invalid_token"}),
        misconfigured=frozenset({"invalid_client", "unauthorized_client", "invalid_scope"}),
        # 4702, 4704 client; 4705 grant type; 4709 redirect address; 4717 app switched off.
        misconfigured_codes=frozenset({4702, 4704, 4705, 4709, 4717}),
        # 4711 scopes; 4733, 4734 code; 4735 owner gone; 4737 refresh token; 4738 by an admin;
        # 4741 revoked.
        reconnect_codes=frozenset({4711, 4733, 4734, 4735, 4737, 4738, 4741}),
    ),
    identify=identify,
    client_auth="basic",
    has_id_token=False,
)

"""What is particular to Microsoft's OAuth.

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calendars.providers.microsoft.errors import error_for
from calendars.providers.reading import Reply
from common.errors import BadReply
from common.http import ProviderSession
from common.oauth_spec import Identity, OAuthSpec, Refusals

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from calendars.providers.account import AccountKind
    from common.secrets import Secret

# The tenant in which every personal account lives.
PERSONAL_TENANT: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"


def identify(
    claims: Mapping[str, Any], token: Secret, api_url: str, time_limit: timedelta
) -> Identity:
    """`oid` and `tid` together are the account for ever. The mail is asked of Graph only where
    the id_token lacks it. Raises BadReply and what Graph's refusals mean.
    """
    account, tenant = claims.get("oid"), claims.get("tid")
    if not isinstance(account, str) or not isinstance(tenant, str) or not (account and tenant):
        raise BadReply("Microsoft did not say whose account this is.")
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        email = _mail(token, api_url, time_limit)
    kind: AccountKind = "personal" if tenant == PERSONAL_TENANT else "work"
    return Identity(f"{account}.{tenant}", email, kind)


def _mail(token: Secret, api_url: str, time_limit: timedelta) -> str:
    session = ProviderSession("Microsoft", time_limit=time_limit)
    params = {"$select": "id,mail,userPrincipalName"}
    answer = session.send("GET", f"{api_url.rstrip('/')}/me", token=token, params=params)
    if not answer.ok:
        raise error_for(answer, on_event=False, is_read=True)
    person = Reply(answer.data)
    return person.text("mail") or person.needed("userPrincipalName")


SPEC: Final = OAuthSpec(
    key="outlook",
    label="Microsoft",
    scopes=("openid", "email", "profile", "offline_access", "User.Read", "Calendars.ReadWrite"),
    scope_words={"Calendars.ReadWrite": "Have full access to your calendars"},
    scope_prefix="https://graph.microsoft.com/",
    implied_by={"Calendars.ReadWrite": frozenset({"Calendars.ReadWrite.Shared"})},
    refusals=Refusals(
        reconnect=frozenset({"invalid_grant", "interaction_required", "consent_required"}),
        misconfigured=frozenset(
            {"invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type"}
        ),
        # 50011 redirect address; 700016 unknown app; 7000215, 7000222 wrong or expired secret.
        misconfigured_codes=frozenset({50011, 700016, 7000215, 7000222}),
        # 50034 unknown user; 50076, 50079 second factor; 50173 new password; 65001, 65004 no
        # consent; 70008, 700082 expired.
        reconnect_codes=frozenset({50034, 50076, 50079, 50173, 54005, 65001, 65004, 70008, 700082}),
    ),
    identify=identify,
    authorize_extra={"prompt": "select_account", "response_mode": "query"},
    # There is no address at which a token is revoked.
    consent_page="https://myapps.microsoft.com",
)

"""A person at the consent page, for the demo's seed and the tests."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import requests


class ConsentRefused(Exception):
    """The sandbox showed an error page instead of going back."""


def grant_consent(
    session: requests.Session,
    authorize_url: str,
    *,
    email: str,
    untick: Iterable[str] = (),
    trouble: Iterable[str] = (),
    deny: bool = False,
) -> str:
    """Press Allow (or Deny) as that account and return the address the person is sent back to.

    `untick` names scopes that are not given; `trouble` is any of `no_refresh`, `wrong_state`
    and `withdraw`. Raises ConsentRefused.
    """
    parts = urlsplit(authorize_url)
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    given = [scope for scope in asked.get("scope", "").split() if scope not in set(untick)]
    fields: dict[str, str | list[str]] = {"ask": parts.query, "account": email, "scope": given}
    fields["trouble"] = list(trouble)
    if deny:
        fields["deny"] = "yes"
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
    answer = session.post(address, data=fields, allow_redirects=False, timeout=30)
    if answer.status_code != 302:
        raise ConsentRefused(answer.status_code)
    return str(answer.headers["Location"])

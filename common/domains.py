"""Names of hosts as DNS knows them."""

from __future__ import annotations

import idna


def ascii_domain(domain: str) -> str:
    """The domain in ASCII, by IDNA 2008 with the mapping of UTS 46.

    Python's own codec is IDNA 2003, where `faß` is `fass`: the domain of somebody else. Raises
    ValueError for what is no domain. https://www.unicode.org/reports/tr46/
    """
    if domain.isascii():
        return domain.encode("idna").decode()
    return idna.encode(domain, uts46=True).decode()

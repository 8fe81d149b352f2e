"""Which addresses reach the same mailbox, for counting and blocking; mails go to what was typed."""

from __future__ import annotations

# The one big provider that says that dots mean nothing in its addresses; elsewhere `a.b` and `ab`
# are often two people, and to count them as one would shut somebody out for another's deeds.
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}


def mailbox_of(email: str) -> str:
    """The address without what a person can vary freely: case, a plus tag, dots at Gmail."""
    user, at, domain = email.strip().lower().rpartition("@")
    if not at:
        return domain
    user = user.partition("+")[0] or user
    if domain in _DOTLESS:
        user = user.replace(".", "") or user
    return f"{user}@{_DOTLESS.get(domain, domain)}"


def domains_of(email: str) -> list[str]:
    """The domain of an address and those above it, without the top one alone."""
    parts = email.strip().lower().rpartition("@")[2].rstrip(".").split(".")
    return [".".join(parts[place:]) for place in range(len(parts) - 1)] or parts

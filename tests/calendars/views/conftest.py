"""Accounts connected through the sandbox's consent page, and what the sandbox then holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from calendars.models import Calendar


@dataclass
class Side:
    """One account as both sides have it: our calendar, and the provider's own record of it."""

    calendar: Calendar
    store: Any
    remote: Any

    def held(self) -> list[dict[str, Any]]:
        """What the provider holds in its own words, without what was deleted there."""
        found = self.store.where("event", calendar=self.remote["id"])
        bodies = [{**event, **event["body"]} for event in found]
        return [
            body for body in bodies if body.get("status") != "cancelled" and not body.get("deleted")
        ]


@pytest.fixture
def side(sandbox, connect):
    """Call it with an owner and a provider; the account is connected and can be looked at."""

    def made(owner, provider="google", **choices) -> Side:
        connection = connect(owner, provider, **choices)
        name = "microsoft" if provider == "outlook" else provider
        account = sandbox.store.get("account", f"{name}:{connection.connected_email}")
        whose = {f"{owner.kind.value}_connection": connection}
        calendar = Calendar.objects.get(is_primary=True, **whose)
        return Side(calendar, sandbox.store, sandbox.store.primary_calendar(account))

    return made

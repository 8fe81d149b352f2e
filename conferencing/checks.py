"""Checks of the telehealth settings: half of them set up is a mistake, none is a choice."""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core import checks

from common.environment import origin_of

_NAMES: Final = ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "LIVEKIT_MEETING_URL")
# RFC 7518, 3.2: the key of HS256 is at least as long as its hash.
_SHORTEST_SECRET: Final = 32


@checks.register(checks.Tags.security)
def check_livekit(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """All four or none; the page takes the token, by HTTPS where ours does."""
    missing = [name for name in _NAMES if not getattr(settings, name)]
    if len(missing) == len(_NAMES):
        return []
    if missing:
        names = ", ".join(missing)
        return [checks.Warning(f"Telehealth makes no rooms without {names}", id="meridian.W001")]
    found: list[checks.CheckMessage] = []
    page = settings.LIVEKIT_MEETING_URL
    if "{token}" not in page or not origin_of(page):
        message = "LIVEKIT_MEETING_URL must be an address of the web that holds {token}"
        found.append(checks.Error(message, id="meridian.E006"))
    elif settings.IS_HTTPS and not page.startswith("https://"):
        found.append(
            checks.Error("LIVEKIT_MEETING_URL must begin with https://", id="meridian.E007")
        )
    if len(settings.LIVEKIT_API_SECRET.encode()) < _SHORTEST_SECRET:
        message = f"LIVEKIT_API_SECRET should have {_SHORTEST_SECRET} characters or more"
        found.append(checks.Warning(message, id="meridian.W002"))
    return found

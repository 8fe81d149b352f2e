"""Ids that sort by when they were made."""

from __future__ import annotations

import itertools
import secrets
import time
import uuid

_MADE = itertools.count()


def ordered_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, 5.7), by the system's clock to the microsecond.

    Those that one process makes sort as they were made, also within one microsecond; those of
    several processes by their clocks.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    number = (next(_MADE) & 0x3FFF_FFFF) << 32 | secrets.randbits(32)
    return uuid.UUID(
        int=milliseconds << 80 | 7 << 76 | nanoseconds // 1000 << 64 | 0b10 << 62 | number
    )

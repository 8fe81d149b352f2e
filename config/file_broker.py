"""The demo's queue of files: a message appears whole, or the worker would die of half a one.

kombu's own transport opens the file under its final name and then writes; a worker that looks in
between reads an empty message and ends with a JSONDecodeError.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem


class Channel(filesystem.Channel):
    """kombu's, but for how a message is written."""

    def _put(  # type: ignore[override]  # its own base names it otherwise
        self, queue: str, payload: dict[str, Any], **kwargs: Any
    ) -> None:
        folder = Path(self.data_folder_out)
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}"
        unfinished = folder / f"{name}.unfinished"
        unfinished.write_bytes(json.dumps(payload).encode())
        os.replace(unfinished, folder / f"{name}.{queue}.msg")  # noqa: PTH105 -- says atomic


class Transport(filesystem.Transport):
    """`filesystem://`."""

    Channel = Channel


def use() -> None:
    """Let `filesystem://` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"

"""A mail server that keeps each mail on disk before it says so, and is killed now and then.

python -m tests.chaos.smtp PORT FILE
"""

from __future__ import annotations

import email
import email.policy
import json
import os
import sys
import time
from pathlib import Path

from aiosmtpd.controller import Controller


class Keeper:
    def __init__(self, path):
        self.path = path

    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        kept = {
            "to": envelope.rcpt_tos[0],
            "message_id": letter["Message-ID"].strip("<>"),
            "subject": letter["Subject"],
            "at": time.time(),
        }
        with self.path.open("ab") as file:
            file.write(json.dumps(kept).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        return "250 OK"


def kept(path):
    """Every copy that the server took."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


if __name__ == "__main__":
    controller = Controller(
        Keeper(Path(sys.argv[2])), hostname="127.0.0.1", port=int(sys.argv[1]), ready_timeout=60
    )
    controller.start()
    while True:
        time.sleep(3600)

"""A kind of message for tests: what was sent of it, and what goes wrong."""

from __future__ import annotations

from common import outbox

KIND = "tests.letter"


class Post:
    """What was sent, what the next sending should raise, and what was told of failures."""

    def __init__(self):
        self.sent, self.troubles, self.told, self.late = [], [], [], []

    def handle(self, message):
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(message.dedupe_key)

    def on_failure(self, message, words):
        self.told.append((message.dedupe_key, words))

    def on_delay(self, message, words):
        self.late.append((message.dedupe_key, words))


def write(key="a", *, kind=KIND, **more):
    return outbox.enqueue(kind=kind, payload={"id": key}, dedupe_key=key, **more)


def state(message):
    message.refresh_from_db()
    return message.state

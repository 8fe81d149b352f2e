from __future__ import annotations

import pytest

from common import outbox
from common.outbox import handlers, lanes
from tests.common.post import KIND, Post


@pytest.fixture
def post(monkeypatch):
    """A kind of message of its own, with nothing known of receivers that hang."""
    monkeypatch.setattr(handlers, "_handlers", dict(handlers._handlers))
    lanes.forget()
    post = Post()
    outbox.register(KIND, post.handle, post.on_failure)
    yield post
    lanes.forget()

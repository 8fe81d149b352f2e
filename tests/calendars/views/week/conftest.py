"""A week with calendars of alice's and bob's in a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
import time_machine

from tests.factories import (
    make_calendar,
    make_connection,
)

# A Wednesday; alice's clock (Berlin) reads 15:20.
NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
NINE = datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
PAGE = "/calendar?date=2026-11-18"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def own(user_owner):
    return make_calendar(make_connection(user_owner, email="alice@google.example"), "Studio")


@pytest.fixture
def bobs(bob_owner):
    return make_calendar(make_connection(bob_owner, email="bob@google.example"), "Bob's")


def text(response) -> str:
    return response.content.decode()


def titles(response) -> list[str]:
    return re.findall(r'<span class="t">(.*?)</span>', text(response))

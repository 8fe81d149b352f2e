"""A scene for each flow and provider, with its own clock and its own account."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache

from common import oauth as oauth_protocol
from tests.booking.conftest import make_link
from tests.failures.scene import HOUR, NOW, TEN, Ear, Scene


@pytest.fixture
def ear():
    """Hears all of the product's log lines."""
    heard = Ear()
    names = ["", *(n for n in ("audit", "booking", "calendars", "common", "conferencing"))]
    loggers = [logging.getLogger(name) for name in names]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(heard)
    yield heard
    logging.getLogger().removeHandler(heard)
    for one, level in zip(loggers, levels, strict=True):
        one.setLevel(level)


@pytest.fixture
def make_scene(
    db, sandbox, connect, copy_events, user_owner, alice, actor, sign_in, settings, monkeypatch
):
    """Call it with a provider and a flow: the scene that the flow needs."""
    # Not each other's, and not the cache's: every try begins with what stands in the tables.
    cache.clear()
    oauth_protocol._keys.clear()
    travel = time_machine.travel(NOW, tick=False)
    clock = travel.start()

    @contextmanager
    def made(provider, flow):
        browser = sign_in(alice, raise_request_exception=False)
        scene = Scene(provider, sandbox, user_owner, actor, browser, settings, clock)
        with scene.tried():
            if flow.small_pages:
                sandbox.store.set_setting("google.page_size", 2)
                monkeypatch.setattr("calendars.providers.microsoft.adapter.DELTA_PAGE_SIZE", 2)
            if flow.has_account:
                scene.connection = connect(user_owner, provider, email=f"alice@{provider}.example")
                _fill(scene)
            if "zoom" in flow.needs:
                scene.zoom = connect(user_owner, "zoom", email="alice@zoom.example")
            if "copy" in flow.needs:
                copy_events(scene.connection)
            if "link" in flow.needs:
                make_link(user_owner)
            try:
                yield scene
            finally:
                scene.connection = scene.zoom = None

    yield made
    travel.stop()


def _fill(scene):
    store, calendar = scene.sandbox.store, scene.remote
    for title, start in (("Board", TEN), ("Gone there", TEN + 5 * HOUR)):
        store.add_event(calendar, title=title, start=start, end=start + HOUR)
    store.add_event(
        calendar, title="Weekly", start=TEN + 2 * timedelta(days=1) - 2 * HOUR,
        end=TEN + 2 * timedelta(days=1) - HOUR, timezone="Europe/Berlin",
        recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"],
    )  # fmt: skip
    store.add_event(
        calendar, title="Invitation", start=TEN + 6 * HOUR, end=TEN + 7 * HOUR,
        organizer="boss@example.org",
    )  # fmt: skip

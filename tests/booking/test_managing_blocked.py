"""A booker whom the workspace takes no bookings from by now: what they may still do, and hear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser

from audit.actors import Actor
from audit.enums import ActorKind
from booking.enums import MeetingState, Party
from booking.errors import BookerRefused
from booking.services.blocking import block, read_target, unblock
from booking.services.changes import Doer, change_guests, move_meeting
from tests.booking.conftest import NOW, book
from tests.booking.test_changes import STAFF
from tests.booking.test_manage import TEN, at, fresh, untouched, url_of, words

pytestmark = pytest.mark.django_db

HERE = "203.0.113.7"
WORDS = {
    "en": "This meeting cannot be moved online. It stands as it is, and it can be cancelled.",
    "de": "Dieser Termin kann nicht online verschoben werden.",
    "fr": "Ce rendez-vous ne peut pas être déplacé en ligne.",
    "es": "Esta reunión no se puede mover en línea.",
}
GUEST = Doer(Party.BOOKER, Actor(ActorKind.PUBLIC_LINK, "x", "x", address=HERE), "Ann Other")


@pytest.fixture
def browser():
    return Browser(REMOTE_ADDR=HERE)


@pytest.fixture
def meeting(link):
    return book(link)


def blocked(workspace, target="ann@tallship.example", **more):
    return block(
        workspace=workspace, target=read_target(target), added_by="Alice", today=NOW.date(), **more
    )


def move(meeting, doer=GUEST, start=TEN):
    return move_meeting(meeting=meeting, start=start, doer=doer, now=NOW)


@pytest.mark.parametrize("target", ["ann@tallship.example", "@tallship.example", HERE])
def test_the_booker_cancels_and_neither_moves_nor_invites(meeting, workspace, target):
    blocked(workspace, target)
    with pytest.raises(BookerRefused, match="cannot be moved online"):
        move(meeting)
    with pytest.raises(BookerRefused, match="cannot be invited online"):
        change_guests(
            meeting=meeting, doer=GUEST, now=NOW, add=[{"email": "cy@other.example", "name": ""}]
        )
    untouched(meeting, meeting)


def test_staff_move_the_meeting_of_a_blocked_booker(meeting, workspace):
    blocked(workspace)
    assert move(meeting, STAFF).start_at == TEN


def test_a_block_that_ended_or_was_lifted_or_is_anothers_stops_no_move(
    meeting, workspace, other_workspace
):
    blocked(other_workspace)
    lifted = blocked(workspace)
    unblock(workspace=workspace, block_id=lifted.pk)
    day = NOW.date() - timedelta(days=1)
    block(
        workspace=workspace,
        target=read_target("@tallship.example"),
        added_by="Alice",
        today=day,
        ends_on=day,
    )
    assert move(meeting).start_at == TEN


def test_the_same_move_sent_again_after_the_block_is_the_same_success(meeting, workspace):
    moved = move(meeting)
    blocked(workspace)
    assert move(meeting).sequence == moved.sequence


@pytest.mark.parametrize("lang", ["en", "de", "fr", "es"])
def test_every_page_says_so_in_the_bookers_language_and_never_why(
    meeting, workspace, browser, lang
):
    blocked(workspace)
    sent = {"pick": at(TEN)}
    answers = [
        browser.get(url_of(meeting, lang=lang)),
        browser.get(url_of(meeting, "manage_times", lang=lang)),
        browser.get(url_of(meeting, "manage_move", lang=lang, start=at(TEN))),
        browser.post(url_of(meeting, "manage_move", lang=lang), sent),
    ]
    assert [one.status_code for one in answers] == [200, 403, 403, 403]
    for one in answers:
        assert WORDS[lang] in words(one)
        for told in ("block", "gesperrt", "bloqu"):
            assert told not in words(one).lower()
    untouched(meeting, meeting)
    assert browser.post(url_of(meeting, "manage_cancel"), {"message": ""}).status_code == 303
    assert fresh(meeting).state == MeetingState.CANCELLED

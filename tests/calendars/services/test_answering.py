"""Answering an invitation, at both providers and in the mirror.

Every request and answer is held to what Google and Microsoft publish.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.enums import AccessReason, Outcome
from audit.models import OAuthTokenAccessLog
from calendars.enums import Response, Scope
from calendars.models import Calendar, Event
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.errors import EventGone
from calendars.services import answering, events
from calendars.services.busy import busy_live, busy_painted
from common import http
from common.errors import (
    Forbidden,
    InvalidInput,
    RateLimited,
    ReconnectNeeded,
    UpstreamConflict,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.spans import Span
from sandbox.server import create_app
from tests.conftest import SANDBOX_URL
from tests.factories import make_event
from tests.fidelity.validate import RecordingWSGIAdapter

pytestmark = pytest.mark.django_db

NINE = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
HOUR = timedelta(hours=1)
DAY = Span(NINE - 9 * HOUR, NINE + 15 * HOUR)
BOSS = "boss@example.org"
CALLS = {"google": "google.events.patch", "outlook": "microsoft.events.respond"}


@pytest.fixture
def sandbox(sandbox):
    """The stand-ins, strict about both sides of every call."""
    http.mount(f"{SANDBOX_URL}/", RecordingWSGIAdapter(create_app(sandbox.store, SANDBOX_URL)))
    return sandbox


@pytest.fixture(params=["google", "outlook"])
def provider(request):
    return request.param


@pytest.fixture
def connection(connect, user_owner, provider):
    return connect(user_owner, provider)


@pytest.fixture
def invite(sandbox, connection, copy_events):
    """Somebody invites alice; the event as the mirror has it, of a series its first."""

    def invited(**fields):
        given = {"title": "Review", "start": NINE, "end": NINE + HOUR, "organizer": BOSS}
        sandbox.store.add_event(sandbox.calendar(connection), **{**given, **fields})
        copy_events(connection)
        return live()[0]

    return invited


def live():
    rows = Event.objects.filter(deleted_at=None, recurrence=[]).order_by("start_at")
    return list(rows.select_related("calendar__workspace"))


def answer(event, said, actor, **more):
    return answering.respond(event=event, response=Response(said), actor=actor, **more)


@pytest.mark.parametrize("said", ["accepted", "tentative"])
def test_answer_stands_in_the_mirror_and_is_logged(invite, actor, said):
    event = invite()
    assert (event.response, event.is_organizer) == ("needs_action", False)
    before = OAuthTokenAccessLog.objects.count()

    done = answer(event, said, actor, comment="On my way")

    assert (done.event.pk, done.event.response, done.notes) == (event.pk, said, ())
    assert [one.response for one in live()] == [said]
    rows = OAuthTokenAccessLog.objects.order_by("seq").values_list("reason", "outcome", "target")
    assert list(rows)[before:] == [(AccessReason.EVENT_RESPOND, Outcome.GRANTED, str(event.pk))]


def test_no_takes_no_time_anymore_and_maybe_does(
    invite, actor, user_owner, connection, provider, copy_events
):
    event = invite()
    asked = {"owner": user_owner, "span": DAY, "actor": actor}
    limits = {"reason": AccessReason.BOOKING_CONFIRM, "time_limit": timedelta(seconds=5)}
    taken = (Span(NINE, NINE + HOUR),)

    answer(event, "tentative", actor)
    assert busy_live(**asked, **limits).spans == taken
    assert busy_painted(**asked, now=timezone.now()).spans == taken

    done = answer(live()[0], "declined", actor)
    assert busy_live(**asked, **limits).spans == ()
    assert busy_painted(**asked, now=timezone.now()).spans == ()
    if provider == "google":
        assert [one.response for one in live()] == ["declined"]
    else:
        assert live() == []
        assert done.notes == ("Outlook has taken it off the calendar",)
    copy_events(connection)
    assert {one.response for one in live()} <= {"declined"}


@pytest.mark.parametrize("said", ["accepted", "declined"])
def test_answer_to_one_of_a_series_leaves_the_others(invite, actor, provider, said):
    invite(recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    second = live()[1]

    answer(second, said, actor)

    told = [one.response for one in live()]
    gone = said == "declined" and provider == "outlook"
    assert told == ["needs_action", *([] if gone else [said]), "needs_action"]


def test_answer_to_all_of_a_series_is_for_each_of_them(invite, actor, connection, copy_events):
    invite(recurrence=("RRULE:FREQ=DAILY;COUNT=3",))
    second = live()[1]

    done = answer(second, "accepted", actor, scope=Scope.ALL)

    assert (done.event.pk, done.event.response) == (second.pk, "accepted")
    assert [one.response for one in live()] == ["accepted"] * 3
    copy_events(connection)
    assert [one.response for one in live()] == ["accepted"] * 3


def test_no_to_all_of_a_series_leaves_none_to_come(invite, actor, provider):
    first = invite(recurrence=("RRULE:FREQ=DAILY;COUNT=3",))

    answer(first, "declined", actor, scope=Scope.ALL)

    assert [one.response for one in live()] == (["declined"] * 3 if provider == "google" else [])


def test_answer_for_this_and_the_following_is_refused_in_words(invite, actor):
    first = invite(recurrence=("RRULE:FREQ=DAILY;COUNT=3",))

    with pytest.raises(InvalidInput) as caught:
        answer(first, "accepted", actor, scope=Scope.FOLLOWING)

    assert caught.value.field == "scope"
    assert [one.response for one in live()] == ["needs_action"] * 3


def test_ones_own_event_and_one_without_oneself_have_no_answer(
    sandbox, connection, copy_events, actor, invite
):
    store, remote = sandbox.store, sandbox.calendar(connection)
    store.add_event(remote, title="Mine", start=NINE, end=NINE + HOUR, attendees=(BOSS,))
    copy_events(connection)
    (own,) = live()
    alien = make_event(own.calendar, title="Seen", is_organizer=False)

    for event in (own, alien):
        with pytest.raises(Forbidden):
            answer(event, "accepted", actor)
        assert not answering.is_invitation(event)
    assert sandbox.calls(CALLS[connection.provider]) == []


@pytest.mark.parametrize("said", ["", "needs_action"])
def test_what_is_no_answer_is_refused(invite, actor, said):
    with pytest.raises(InvalidInput):
        answer(invite(), said, actor)


def test_comment_has_an_end(invite, actor):
    with pytest.raises(InvalidInput):
        answer(invite(), "accepted", actor, comment="x" * 501)


def test_calendar_that_can_only_be_read_takes_no_answer(invite, actor):
    event = invite()
    Calendar.objects.update(is_writable=False)
    event.calendar.is_writable = False

    with pytest.raises(Forbidden):
        answer(event, "accepted", actor)


def test_event_gone_meanwhile_leaves_a_tombstone(invite, actor, sandbox, connection):
    event = invite()
    record = sandbox.events(connection)[0]
    name = record["body"].get("id") or record["id"]
    sandbox.store.delete_event(sandbox.calendar(connection), name)

    with pytest.raises(EventGone):
        answer(event, "accepted", actor)
    assert live() == []
    with pytest.raises(EventGone):
        answer(Event.objects.get(pk=event.pk), "accepted", actor)


def test_event_changed_meanwhile_is_answered_all_the_same(invite, actor, sandbox, provider):
    """A new time at the provider is no reason to lose an answer."""
    event = invite()
    sandbox.fault(CALLS[provider], status=412)

    assert answer(event, "accepted", actor).event.response == "accepted"


def test_event_that_keeps_changing_is_a_conflict(invite, actor, sandbox, provider):
    event = invite()
    sandbox.fault(CALLS[provider], status=412, count=2)

    with pytest.raises(UpstreamConflict):
        answer(event, "accepted", actor)
    assert live()[0].response == "needs_action"


def test_lost_answer_is_settled_by_a_repeat(invite, actor, sandbox, provider):
    event = invite()
    sandbox.fault(CALLS[provider], lost=True)
    with pytest.raises(UpstreamUnavailable):
        answer(event, "declined", actor)

    answer(event, "declined", actor)

    assert {one.response for one in live()} <= {"declined"}
    assert len(sandbox.calls(CALLS[provider])) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"status": 401, "count": 2}, ReconnectNeeded),
        ({"status": 403, "reason": "requiredAccessLevel"}, UpstreamForbidden),
        ({"status": 429}, RateLimited),
        ({"status": 503}, UpstreamUnavailable),
    ],
)
def test_provider_that_fails_changes_nothing(invite, actor, sandbox, provider, fault, expected):
    event = invite()
    sandbox.fault(CALLS[provider], **fault)

    with pytest.raises(expected):
        answer(event, "accepted", actor)

    assert live()[0].response == "needs_action"


def test_answer_of_one_account_reaches_the_organizers_mirror(
    sandbox, connect, client_owner, user_owner, copy_events, actor, provider
):
    """Both accounts are ours: the one who invites sees who comes."""
    host = connect(client_owner, "google", email="host@example.org")
    guest = connect(user_owner, provider, email="guest@example.org")
    made = events.create_event(
        calendar=host.calendars.get(),
        draft=review_with("guest@example.org"),
        actor=actor,
    )
    record = sandbox.events(host)[0]
    sandbox.store.add_event(
        sandbox.calendar(guest), title="Review", start=NINE, end=NINE + HOUR,
        organizer="host@example.org", uid=record["body"]["iCalUID"],
    )  # fmt: skip
    copy_events(guest)
    invited = next(one for one in live() if one.pk != made.pk)

    answer(invited, "tentative", actor)
    copy_events(host)

    told = {one["email"]: one["response"] for one in Event.objects.get(pk=made.pk).attendees}
    assert told["guest@example.org"] == "tentative"


def review_with(guest):
    return EventDraft(
        title="Review", start=NINE, end=NINE + HOUR, timezone="UTC", attendees=(Attendee(guest),)
    )

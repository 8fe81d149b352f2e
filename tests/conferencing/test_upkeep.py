"""What a lost answer, a crash or a refusal leaves at Zoom is found and settled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from audit.enums import AccessReason, ConnectionState
from audit.models import OAuthTokenAccessLog
from calendars.services import connections
from common.errors import ReconnectNeeded, UpstreamError
from conferencing import services, usage
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.services.upkeep import sweep_zoom
from conferencing.usage import Use, Wish

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
TEN = datetime(2026, 11, 19, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = timedelta(hours=2)
CREATE = "zoom.meetings.create"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def zoom(connect, user_owner):
    return connect(user_owner, "zoom")


@pytest.fixture
def used():
    """What the apps above say: by intent key, a Use."""
    said = {}

    def look(rooms):
        return {room.pk: said[room.intent_key] for room in rooms if room.intent_key in said}

    usage.register("tests", look)
    yield said
    usage._looks.pop("tests")


@pytest.fixture
def make(zoom, user_owner, actor):
    def made(key="k1", topic="Board", start=TEN):
        return services.create_zoom_meeting(
            owner=user_owner,
            intent_key=key,
            topic=topic,
            start=start,
            duration=HOUR,
            timezone_name="Europe/Berlin",
            is_series=False,
            actor=actor,
        )

    return made


def fails(make, **options):
    with pytest.raises(UpstreamError) as caught:
        make(**options)
    return caught.value


def there(sandbox):
    return {str(one["id"]) for one in sandbox.store.all("meeting")}


def sweeps():
    rows = OAuthTokenAccessLog.objects.filter(reason=AccessReason.ZOOM_SWEEP)
    return rows.count()


LOST = [{"lost": True}, {"delay": 60}, {"delay": 60, "count": 1}]


@pytest.mark.parametrize("how", LOST)
def test_meeting_whose_answer_was_lost_is_found_by_the_next_try(sandbox, make, used, clock, how):
    sandbox.fault(CREATE, **how)
    fails(make)
    (number,) = there(sandbox)
    assert make().remote_id == number
    assert there(sandbox) == {number}
    used["k1"] = Use()
    clock.shift(LATER)
    sweep_zoom()
    assert there(sandbox) == {number}
    assert ZoomMeeting.objects.get().attempted_at is None


def test_meeting_is_found_on_the_last_page(sandbox, make, zoom):
    sandbox.store.set_setting("zoom.page_size", 2)
    for number in range(5):
        make(f"other-{number}")
    sandbox.fault(CREATE, lost=True)
    fails(make, start=TEN + HOUR)
    before = there(sandbox)
    assert make().remote_id in before
    assert there(sandbox) == before
    assert len(sandbox.calls("zoom.meetings.list")) == 3


def test_answer_that_says_nothing_was_done_needs_no_search(sandbox, make):
    sandbox.fault(CREATE, status=429, reason=429)
    fails(make)
    assert ZoomMeeting.objects.get().attempted_at is None
    make()
    assert sandbox.calls("zoom.meetings.list") == []


def test_wish_that_nobody_has_any_more_is_found_at_zoom_and_deleted(sandbox, make, used, clock):
    """The process died, and no event was ever made."""
    sandbox.fault(CREATE, lost=True)
    fails(make)
    keep = make("k2")
    used["k2"] = Use()
    clock.shift(timedelta(minutes=30))
    sweep_zoom()
    assert len(there(sandbox)) == 2  # somebody may still press again
    clock.shift(LATER)
    sweep_zoom()
    assert there(sandbox) == {keep.remote_id}
    assert ZoomMeeting.objects.get(intent_key="k1").deleted_at is not None
    before = len(sandbox.calls())
    clock.shift(LATER)
    sweep_zoom()
    assert len(sandbox.calls()) == before  # it is settled


def test_wish_that_is_still_open_is_left_to_its_next_try(sandbox, make, used, clock):
    sandbox.fault(CREATE, lost=True)
    fails(make)
    used["k1"] = Use()
    clock.shift(3 * LATER)
    sweep_zoom()
    (number,) = there(sandbox)
    assert make().remote_id == number


def test_of_two_meetings_for_one_wish_the_used_one_stays(sandbox, make, used, clock):
    """Zoom's list did not have the first one yet when the second try looked."""
    sandbox.fault(CREATE, lost=True)
    fails(make)
    sandbox.fault("zoom.meetings.list", status=200, body='{"meetings": [], "next_page_token": ""}')
    second = make()
    assert len(there(sandbox)) == 2
    used["k1"] = Use()
    clock.shift(LATER)
    sweep_zoom()
    assert there(sandbox) == {second.remote_id}


def test_meetings_of_others_are_never_touched(sandbox, make, used, clock, zoom):
    """One made by hand, and one that bears the mark of somebody else's row."""
    store = sandbox.store
    mine = make()
    by_hand = store.get("meeting", mine.remote_id) | {"id": 81234567890, "agenda": "Ref: weekly"}
    foreign = by_hand | {"id": 81234567891, "agenda": "Ref: " + "0" * 32}
    for one in (by_hand, foreign):
        store.put("meeting", str(one["id"]), one)
    sandbox.fault(CREATE, lost=True)
    fails(make, key="k2")
    clock.shift(timedelta(days=3))
    sweep_zoom()
    assert there(sandbox) == {"81234567890", "81234567891"}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_deletion_that_failed_is_done_by_the_sweep(sandbox, make, actor, used, clock, status):
    meeting = make()
    sandbox.fault("zoom.meetings.delete", status=status, count=2)
    assert not services.end_zoom_meeting(meeting=meeting, actor=actor)
    assert there(sandbox)
    sweep_zoom()
    assert there(sandbox)
    clock.shift(LATER)
    sweep_zoom()
    assert not there(sandbox)
    assert ZoomMeeting.objects.get().deleted_at is not None


def test_deletion_that_zoom_refuses_is_tried_more_and_more_seldom(
    sandbox, make, actor, used, clock
):
    meeting, other = make(), make("k2")
    sandbox.fault("zoom.meetings.delete", status=400, reason=3002, skip=0, count=None)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    for _ in range(60 * 24):
        clock.shift(timedelta(minutes=1))
        ZoomMeeting.objects.filter(pk=other.pk).update(due_at=timezone.now() + LATER)
        sweep_zoom()
    assert len(sandbox.calls("zoom.meetings.delete")) < 12


def test_meeting_that_is_in_use_again_is_kept(sandbox, make, actor, used, clock):
    meeting = make()
    sandbox.fault("zoom.meetings.delete", status=503)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    used["k1"] = Use()
    clock.shift(LATER)
    sweep_zoom()
    assert there(sandbox) == {meeting.remote_id}
    assert ZoomMeeting.objects.get().deletion_wanted_at is None


def test_meeting_that_waits_for_deletion_can_be_wished_for_again(sandbox, make, actor):
    meeting = make()
    sandbox.fault("zoom.meetings.delete", status=503)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    assert make().join_url == meeting.join_url
    sandbox.fault("zoom.meetings.delete", lost=True)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    again = make()
    assert again.join_url != meeting.join_url
    assert there(sandbox) == {again.remote_id}


def test_meeting_whose_event_went_is_deleted_after_a_while(sandbox, make, used, clock):
    make()
    used["k1"] = Use(ended_at=NOW)
    clock.shift(timedelta(minutes=10))
    sweep_zoom()
    assert there(sandbox)  # it may turn up in another calendar
    clock.shift(timedelta(minutes=10))
    sweep_zoom()
    assert not there(sandbox)


def test_meeting_that_no_event_ever_had_is_deleted_after_a_day(sandbox, make, used, clock):
    make()
    clock.shift(timedelta(hours=20))
    sweep_zoom()
    assert there(sandbox)
    clock.shift(timedelta(hours=5))
    sweep_zoom()
    assert not there(sandbox)


def test_meeting_whose_event_is_in_no_copy_any_more_stays(sandbox, make, used, clock, alice):
    """Its calendar was disconnected: its guests still have the link."""
    services.tie_zoom_meeting(make(), alice.pk)
    clock.shift(timedelta(days=40))
    sweep_zoom()
    assert there(sandbox)


def test_meeting_is_told_what_its_event_says_and_only_once(sandbox, make, used, clock):
    meeting = make()
    used["k1"] = Use(wish=Wish("Board", TEN, HOUR, "Europe/Berlin"))
    clock.shift(LATER)
    sweep_zoom()
    assert sandbox.calls("zoom.meetings.update") == []
    used["k1"] = Use(wish=Wish("Council", TEN + HOUR, HOUR, "Europe/Berlin"))
    for _ in range(2):
        clock.shift(LATER)
        sweep_zoom()
    assert len(sandbox.calls("zoom.meetings.update")) == 1
    record = sandbox.store.get("meeting", meeting.remote_id)
    assert (record["topic"], record["start_time"]) == ("Council", "2026-11-19T10:00:00Z")


def test_account_is_asked_only_when_there_is_something_to_do(sandbox, make, used, clock):
    make()
    used["k1"] = Use()
    before = len(sandbox.calls())
    clock.shift(LATER)
    sweep_zoom()
    assert len(sandbox.calls()) == before
    assert sweeps() == 0


def test_sweep_has_its_own_reason_and_one_row_for_each_time(sandbox, make, actor, used, clock):
    for key in ("k1", "k2"):
        sandbox.fault("zoom.meetings.delete", status=503)
        services.end_zoom_meeting(meeting=make(key), actor=actor)
    clock.shift(LATER)
    sweep_zoom()
    assert not there(sandbox)
    assert sweeps() == 1


def test_account_that_has_to_be_connected_again_is_left_alone(sandbox, make, actor, used, clock):
    meeting = make()
    sandbox.fault("zoom.meetings.delete", status=503)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    ZoomConnection.objects.update(state=ConnectionState.RECONNECT_NEEDED)
    clock.shift(LATER)
    assert sweep_zoom() == 0
    ZoomConnection.objects.update(state=ConnectionState.ACTIVE)
    assert sweep_zoom() == 1
    assert not there(sandbox)


def test_account_that_stops_accepting_us_is_flagged_by_the_sweep(
    sandbox, make, actor, used, clock, zoom
):
    meeting = make()
    sandbox.fault("zoom.meetings.delete", status=503)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    sandbox.store.revoke(sandbox.account(zoom))
    clock.shift(LATER)
    sweep_zoom()
    zoom.refresh_from_db()
    assert zoom.state == ConnectionState.RECONNECT_NEEDED
    assert ZoomMeeting.objects.get().deletion_wanted_at is not None


def test_one_sweep_of_an_account_at_a_time(sandbox, make, actor, used, clock):
    meeting = make()
    sandbox.fault("zoom.meetings.delete", status=503)
    services.end_zoom_meeting(meeting=meeting, actor=actor)
    ZoomConnection.objects.update(
        lease_holder="another", lease_until=timezone.now() + timedelta(minutes=1)
    )
    assert sweep_zoom() == 0
    clock.shift(LATER)
    assert sweep_zoom() == 1


def test_list_that_may_not_be_read_makes_no_second_meeting(sandbox, make, zoom):
    """The consent is older than the scope for lists: better no link than two meetings."""
    sandbox.fault(CREATE, lost=True)
    fails(make)
    sandbox.fault(
        "zoom.meetings.list",
        status=400,
        reason=4711,
        message="Invalid access token, does not contain scopes:"
        "[meeting:read:list_meetings, meeting:read:list_meetings:admin].",
    )
    error = fails(make)
    assert "meeting:read:list_meetings is missing" in error.message
    assert "Connect Zoom again" in error.message
    assert not isinstance(error, ReconnectNeeded)
    assert len(there(sandbox)) == 1


def test_nothing_at_zoom_says_whose_it_is(sandbox, make):
    meeting = make("booking-of-somebody")
    (record,) = sandbox.store.all("meeting")
    assert record["agenda"] == f"Ref: {meeting.pk.hex}"


def test_hosts_own_address_is_kept_nowhere(sandbox, make):
    meeting = make()
    (record,) = sandbox.store.all("meeting")
    values = [str(getattr(meeting, field.attname)) for field in meeting._meta.concrete_fields]
    assert not any("/s/" in value or record["secret"] in value for value in values)


def test_account_that_is_disconnected_is_cleaned_up_first(sandbox, make, actor, used, zoom):
    gone, kept = make("k1"), make("k2")
    sandbox.fault("zoom.meetings.delete", status=503)
    services.end_zoom_meeting(meeting=gone, actor=actor)
    assert connections.disconnect(connection=zoom, actor=actor) == ""
    assert there(sandbox) == {kept.remote_id}
    assert not ZoomConnection.objects.exists()


def test_account_is_disconnected_though_zoom_is_down(sandbox, make, actor, used, zoom):
    sandbox.fault("zoom.meetings.delete", status=503, count=None)
    services.end_zoom_meeting(meeting=make(), actor=actor)
    connections.disconnect(connection=zoom, actor=actor)
    assert not ZoomConnection.objects.exists()

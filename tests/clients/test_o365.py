"""O365, a client by strangers, against the sandbox's Graph, and our adapter on what it made."""

from __future__ import annotations

import json
import re
import time
from datetime import date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from msal import ConfidentialClientApplication
from O365 import Account, MSGraphProtocol
from O365.calendar import EventShowAs, EventType
from O365.connection import Connection
from O365.utils.token import MemoryTokenBackend
from requests import HTTPError

from calendars.enums import EventStatus, Response
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.cursors import baseline_cursor
from calendars.providers.errors import CursorLost, EventGone
from common.spans import Span
from conferencing.enums import Conference
from tests.clients.conftest import EMAIL, HOOK, ZONE, at

# O365 gives MSAL no way to ask for a form_post, and the code of this flow passes no browser.
pytestmark = pytest.mark.filterwarnings(
    "ignore:response_mode='form_post' is recommended:UserWarning:msal"
)
SCOPES = ["User.Read", "Calendars.ReadWrite"]
BACK = "https://app.example/back"
BASELINE = baseline_cursor(Span(at(1), at(28)))


@pytest.fixture
def account(outside):
    return outside.store.add_account("microsoft", email=EMAIL, timezone="Europe/Berlin")


@pytest.fixture
def person(outside, account):
    """O365's Account, told where Graph and the identity platform are, and nothing else.

    MSAL would ask Microsoft whether it knows the authority (`instance_discovery`); that is
    switched off as its manual says for authorities of one's own.
    """

    class Here(Connection):
        @property
        def msal_client(self):
            if self._msal_client is None:
                self._msal_client = ConfidentialClientApplication(
                    self.auth[0],
                    client_credential=self.auth[1],
                    authority=f"{outside.base_url}/microsoft/common",
                    token_cache=self.token_backend,
                    verify=self.verify_ssl,
                    instance_discovery=False,
                )
            return self._msal_client

    class There(Account):
        connection_constructor = Here

    protocol = MSGraphProtocol(timezone=ZONE)
    protocol.protocol_url = f"{outside.base_url}/microsoft/graph/"
    protocol.service_url = f"{outside.endpoints['MICROSOFT_API_URL']}/"
    found = There(
        ("a-stranger", "s3cret"),
        protocol=protocol,
        token_backend=MemoryTokenBackend(),
        verify_ssl=str(outside.authority),
        requests_delay=0,
        request_retries=0,
        timeout=10,
    )
    yield found
    for session in (found.con.session, found.con.naive_session):
        if session is not None:
            session.close()


@pytest.fixture
def signed_in(outside, person):
    address, flow = person.get_authorization_url(requested_scopes=SCOPES, redirect_uri=BACK)
    assert "code_challenge=" in address
    assert person.request_token(outside.consent(address), flow=flow)
    return person


@pytest.fixture
def schedule(signed_in):
    return signed_in.schedule()


@pytest.fixture
def book(schedule):
    """The default calendar."""
    return schedule.get_default_calendar()


@pytest.fixture
def mine(ours, account):
    return ours(account)


def new(book, title, start, end=None, **fields):
    event = book.new_event(subject=title)
    event.start, event.end = start, end or start + timedelta(hours=1)
    for name, value in fields.items():
        setattr(event, name, value)
    return event


def saved(book, title, start, end=None, **fields):
    event = new(book, title, start, end, **fields)
    assert event.save()
    return event


def view(book, start, end, **options):
    options.setdefault("limit", 50)
    found = book.get_events(start_recurring=start, end_recurring=end, **options)
    return sorted(found, key=lambda event: event.start)


def refused(call):
    with pytest.raises(HTTPError) as caught:
        call()
    answer = caught.value.response
    return answer.status_code, answer.json()["error"]["code"]


# --- Consent and tokens ---


def test_the_consent_makes_an_account_of_the_one_who_gave_it(outside, signed_in):
    assert signed_in.is_authenticated
    assert signed_in.username == EMAIL
    me = signed_in.con.get(f"{outside.endpoints['MICROSOFT_API_URL']}/me").json()
    assert me["mail"] == EMAIL


def expire(person):
    """The client's own clock has to see the hour pass too."""
    for entry in person.con.token_backend._cache["AccessToken"].values():
        entry["expires_on"] = str(int(time.time()) - 400)


def test_an_expired_token_is_renewed_by_the_client_itself(outside, signed_in, book):
    before = signed_in.con.token_backend.get_access_token(username=EMAIL)["secret"]
    outside.store.advance(4000)
    expire(signed_in)
    assert [c.name for c in signed_in.schedule().list_calendars()] == ["Calendar"]
    after = signed_in.con.token_backend.get_access_token(username=EMAIL)["secret"]
    assert after != before


def test_a_withdrawn_consent_ends_the_refresh(outside, account, signed_in):
    outside.store.revoke(account)
    expire(signed_in)
    with pytest.raises(RuntimeError, match="invalid_grant"):
        signed_in.con.refresh_token()


# --- Calendars ---


def test_calendars_are_listed_and_one_is_fetched_by_its_id(outside, account, schedule):
    for number in range(11):
        outside.store.add_calendar(account, name=f"More {number}")
    names = [calendar.name for calendar in schedule.list_calendars()]
    assert names == ["Calendar", *(f"More {number}" for number in range(11))]
    other = schedule.get_calendar(calendar_name="More 3")
    assert schedule.get_calendar(calendar_id=other.calendar_id).name == "More 3"
    assert (other.can_edit, other.owner.address) == (True, EMAIL)


# --- Events, both ways ---


def test_what_the_client_makes_is_read_by_our_adapter(book, mine):
    zone = ZoneInfo("America/New_York")
    event = new(
        book, "Review", datetime(2027, 3, 2, 3, tzinfo=zone), location="Room 4",
        body="<b>All</b> of it", sensitivity="private", show_as=EventShowAs.Free,
        remind_before_minutes=25,
    )  # fmt: skip
    event.attendees.add([("Bea", "bea@elsewhere.example"), "cy@elsewhere.example"])
    assert event.save()
    seen = mine.event("Review")
    assert (seen.remote_id, seen.ical_uid) == (event.object_id, event.ical_uid)
    assert (seen.start.at, seen.end.at) == (at(2, 9), at(2, 10))
    assert (seen.start.timezone, seen.start.wall) == ("America/New_York", "2027-03-02T03:00:00")
    assert (seen.location, seen.visibility, seen.is_busy) == ("Room 4", "private", False)
    assert re.sub(r"<[^>]+>", "", seen.description).strip() == "All of it"
    assert seen.reminders == (25,)
    assert {(one.email, one.name) for one in seen.attendees if not one.is_organizer} == {
        # Graph names somebody by their address when it knows no name.
        ("bea@elsewhere.example", "Bea"), ("cy@elsewhere.example", "cy@elsewhere.example"),
    }  # fmt: skip


def test_what_our_adapter_makes_is_read_by_the_client(book, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Ours", description="Bring tea", location="Kitchen", start=at(3, 14),
            end=at(3, 15), timezone="America/New_York", reminders=(5,), visibility="private",
            attendees=(Attendee(email="bea@elsewhere.example", name="Bea"),), busy=True,
            idempotency_key="0123456789abcdef0123456789abcdef",
        ),
    )  # fmt: skip
    got = book.get_event(made.remote_id)
    assert (got.subject, got.location["displayName"]) == ("Ours", "Kitchen")
    assert (got.start, got.end) == (at(3, 14), at(3, 15))
    assert (got.sensitivity.value, got.show_as) == ("private", EventShowAs.Busy)
    assert got.remind_before_minutes == 5
    assert [(one.address, one.name) for one in got.attendees] == [("bea@elsewhere.example", "Bea")]
    assert "Bring tea" in got.get_body_text()
    assert got.transaction_id
    assert got.organizer.address == EMAIL


def test_all_day_is_midnight_to_midnight_both_ways(book, mine):
    event = new(book, "Fair", at(8), at(10))
    event.is_all_day = True
    assert event.save()
    seen = mine.event("Fair")
    assert seen.is_all_day
    assert (seen.start.on, seen.end.on) == (date(2027, 3, 8), date(2027, 3, 10))
    ours = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Away", start=date(2027, 3, 11), end=date(2027, 3, 12), all_day=True,
            timezone="Europe/Berlin",
        ),
    )  # fmt: skip
    got = book.get_event(ours.remote_id)
    assert got.is_all_day
    assert (got.start.date(), got.end.date()) == (date(2027, 3, 11), date(2027, 3, 12))


def test_a_patch_changes_only_what_it_names(book, mine):
    made = saved(book, "Plan", at(4, 9), location="Hall")
    event = book.get_event(made.object_id)
    event.subject = "Plan B"
    assert event.save()
    seen = mine.event("Plan B")
    assert seen.location == "Hall"
    mine.provider.update_event(
        mine.calendar, seen.remote_id, EventDraft(location="Attic"), etag=seen.etag
    )
    got = book.get_event(made.object_id)
    assert (got.subject, got.location["displayName"]) == ("Plan B", "Attic")


def test_an_older_etag_is_refused(outside, signed_in, book, mine):
    made = saved(book, "Plan", at(4, 9))
    seen = mine.event("Plan")
    mine.provider.update_event(mine.calendar, seen.remote_id, EventDraft(location="Attic"))
    address = f"{outside.endpoints['MICROSOFT_API_URL']}/me/events/{made.object_id}"
    status, _ = refused(
        lambda: signed_in.con.patch(
            address, data={"subject": "Late"}, headers={"If-Match": seen.etag}
        )
    )
    assert status == 412


def test_deleted_is_gone_for_both(book, mine):
    made = saved(book, "Gone", at(4, 9))
    assert made.delete()
    with pytest.raises(EventGone):
        mine.provider.get_event(mine.calendar, made.object_id)
    assert refused(lambda: book.get_event(made.object_id)) == (404, "ErrorItemNotFound")


def test_an_event_is_found_in_its_own_calendar_only(outside, account, schedule, book):
    outside.store.add_calendar(account, name="Other")
    made = saved(book, "Plan", at(4, 9))
    other = schedule.get_calendar(calendar_name="Other")
    assert refused(lambda: other.get_event(made.object_id)) == (404, "ErrorItemNotFound")


def test_the_same_transaction_makes_no_second_event(book, mine):
    first = saved(book, "Once", at(4, 9), transaction_id="t-1")
    again = new(book, "Once", at(4, 9), transaction_id="t-1")
    assert refused(again.save)[1] == "ErrorDuplicateTransactionId"
    assert [event.remote_id for event in mine.events(at(1), at(28))] == [first.object_id]


@pytest.mark.parametrize(
    ("answer", "read"),
    [("accept", Response.ACCEPTED), ("tentative", Response.TENTATIVE), ("decline", None)],
)
def test_an_answer_to_an_invitation_is_read_by_us(outside, account, book, mine, answer, read):
    outside.store.add_event(
        outside.store.primary_calendar(account), title="Invite", start=at(5, 9), end=at(5, 10),
        organizer="bea@elsewhere.example",
    )  # fmt: skip
    event = next(iter(view(book, at(5), at(6))))
    if answer == "decline":
        assert event.decline_event(comment="No")
        # Exchange takes a declined meeting out of the calendar.
        assert mine.events(at(1), at(28)) == []
    else:
        assert event.accept_event(tentatively=answer == "tentative")
        assert mine.event("Invite").response == read


def test_only_the_organizer_cancels(book, mine):
    event = new(book, "Meeting", at(5, 9))
    event.attendees.add("bea@elsewhere.example")
    assert event.save()
    assert event.cancel_event(comment="Ill")
    assert mine.events(at(1), at(28)) == []


# --- Teams ---


def test_a_teams_meeting_of_the_client_is_read_by_us(book, mine):
    made = saved(book, "Call", at(5, 9), is_online_meeting=True)
    got = book.get_event(made.object_id)
    seen = mine.event("Call")
    assert seen.conference.kind == Conference.TEAMS
    assert seen.conference.url == got.online_meeting["joinUrl"] == got.online_meeting_url


def test_a_teams_meeting_of_ours_is_read_by_the_client(book, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Call", start=at(5, 9), end=at(5, 10), timezone="Europe/Berlin",
            conference=Conference.TEAMS,
        ),
    )  # fmt: skip
    got = book.get_event(made.remote_id)
    assert got.is_online_meeting
    assert got.online_meeting["joinUrl"] == made.conference.url


# --- Series ---


def weekly(book, title, start, **span):
    event = new(book, title, start)
    event.recurrence.set_weekly(
        1, days_of_week=[start.strftime("%A").lower()], first_day_of_week="monday",
        start=start.date(), **span,
    )  # fmt: skip
    assert event.save()
    return book.get_event(event.object_id)


def test_a_series_keeps_its_wall_time_over_the_change_of_clocks(book, mine):
    series = weekly(book, "Stand-up", at(15, 9), occurrences=4)
    assert series.event_type == EventType.SeriesMaster
    starts = [at(15, 9), at(22, 9), at(29, 9), at(5, 9, month=4)]
    found = series.get_occurrences(at(1).replace(tzinfo=None), at(30, month=4), limit=50)
    assert sorted(one.start for one in found) == starts
    seen = mine.events(at(1), at(30, month=4))
    assert [(event.start.at, event.series_remote_id) for event in seen] == [
        (start, series.object_id) for start in starts
    ]
    master = mine.provider.get_event(mine.calendar, series.object_id)
    assert master.recurrence == ("RRULE:FREQ=WEEKLY;BYDAY=MO;WKST=MO;COUNT=4",)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3", "daily"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=1;COUNT=3", "absoluteMonthly"),
        ("RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3", "relativeMonthly"),
        ("RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1;COUNT=3", "absoluteYearly"),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270310T230000Z", "weekly"),
    ],
)
def test_a_rule_of_ours_is_the_recurrence_that_the_client_reads(book, mine, rule, said):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Ours", start=at(1, 9), end=at(1, 10), timezone="Europe/Berlin",
            recurrence=(rule,),
        ),
    )  # fmt: skip
    read = book.get_event(made.remote_id).recurrence
    assert read.recurrence_type == said
    assert read.start_date == date(2027, 3, 1)
    if "COUNT" in rule:
        assert read.occurrences == 3
    else:
        assert read.end_date == date(2027, 3, 10)
        assert set(read.days_of_week) == {"monday", "wednesday"}


def test_one_occurrence_is_changed_and_one_deleted(book, mine):
    series = weekly(book, "Stand-up", at(1, 9), occurrences=4)
    first, second, *_ = view(book, at(1), at(28))
    assert first.series_master_id == series.object_id
    first.subject = "Stand-up, late"
    first.start, first.end = at(2, 16), at(2, 17)
    assert first.save()
    assert second.delete()
    seen = mine.events(at(1), at(28))
    assert [(event.title, event.start.at) for event in seen] == [
        ("Stand-up, late", at(2, 16)), ("Stand-up", at(15, 9)), ("Stand-up", at(22, 9)),
    ]  # fmt: skip
    found = mine.provider.get_occurrence(mine.calendar, series.object_id, at(1, 9))
    assert (found.start.at, found.is_exception) == (at(2, 16), True)
    types = [event.event_type for event in view(book, at(1), at(28))]
    assert types == [EventType.Exception, EventType.Occurrence, EventType.Occurrence]


def test_a_series_of_ours_is_ended_and_deleted_by_the_client(book, mine):
    made = mine.provider.create_event(
        mine.calendar,
        EventDraft(
            title="Yoga", start=at(1, 18), end=at(1, 19), timezone="Europe/Berlin",
            recurrence=("RRULE:FREQ=WEEKLY;BYDAY=MO",),
        ),
    )  # fmt: skip
    series = book.get_event(made.remote_id)
    series.recurrence.set_weekly(
        1, days_of_week=["monday"], first_day_of_week="monday",
        start=date(2027, 3, 1), end=date(2027, 3, 15),
    )  # fmt: skip
    assert series.save()
    starts = [event.start.at for event in mine.events(at(1), at(28))]
    assert starts == [at(1, 18), at(8, 18), at(15, 18)]
    assert series.delete()
    assert mine.events(at(1), at(28)) == []


# --- Lists, pages, delta ---


def test_pages_come_whole_and_in_the_client_s_own_way(book):
    for day in range(1, 8):
        saved(book, f"Day {day}", at(day, 9))
    found = book.get_events(
        limit=None, batch=None, start_recurring=at(2), end_recurring=at(7),
        order_by="start/dateTime",
    )  # fmt: skip
    assert [event.subject for event in found] == [f"Day {day}" for day in range(2, 7)]
    paged = book.get_events(limit=100, batch=3, start_recurring=at(1), end_recurring=at(28))
    assert sorted(event.subject for event in paged) == [f"Day {day}" for day in range(1, 8)]
    single = book.get_events(include_recurring=False, limit=3)
    assert len(list(single)) == 3


def delta(person, address, params=None, size=2):
    """Every page of a round, as the documentation says to follow them; and the delta link."""
    rows = []
    while True:
        answer = person.con.get(
            address, params=params, headers={"Prefer": f"odata.maxpagesize={size}"}
        ).json()
        rows += answer["value"]
        if "@odata.deltaLink" in answer:
            return rows, answer["@odata.deltaLink"]
        address, params = answer["@odata.nextLink"], None


@pytest.fixture
def first_round(outside, signed_in, book):
    address = (
        f"{outside.endpoints['MICROSOFT_API_URL']}/me/calendars/{book.calendar_id}"
        "/calendarView/delta"
    )
    window = {"startDateTime": at(1).isoformat(), "endDateTime": at(28).isoformat()}
    return lambda: delta(signed_in, address, window)


def test_delta_tells_what_changed_and_what_is_gone(signed_in, book, mine, first_round):
    kept, gone = saved(book, "Kept", at(1, 9)), saved(book, "Gone", at(2, 9))
    series = weekly(book, "Stand-up", at(3, 9), occurrences=3)
    rows, link = first_round()
    named = {row["id"] for row in rows}
    assert {kept.object_id, gone.object_id, series.object_id} < named
    assert len(rows) == 2 + 1 + 3
    assert delta(signed_in, link)[0] == []
    seen = mine.event("Kept")
    mine.provider.update_event(mine.calendar, seen.remote_id, EventDraft(title="Renamed"))
    mine.provider.delete_event(mine.calendar, gone.object_id)
    rows, link = delta(signed_in, link)
    told = {row["id"]: row.get("subject") or row["@removed"]["reason"] for row in rows}
    assert told == {kept.object_id: "Renamed", gone.object_id: "deleted"}
    assert delta(signed_in, link)[0] == []


def test_our_cursor_follows_what_the_client_does(book, mine):
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    made = saved(book, "New", at(2, 9))
    changes = mine.provider.changes(mine.calendar, cursor)
    assert [(event.title, event.status) for event in changes.events] == [
        ("New", EventStatus.CONFIRMED)
    ]
    assert made.delete()
    changes = mine.provider.changes(mine.calendar, changes.cursor)
    assert [(event.remote_id, event.status) for event in changes.events] == [
        (made.object_id, EventStatus.CANCELLED)
    ]


def test_a_lost_delta_link_is_a_410_for_both(outside, account, signed_in, first_round, mine):
    _, link = first_round()
    cursor = mine.provider.changes(mine.calendar, BASELINE).cursor
    outside.store.forget_sync(outside.store.primary_calendar(account))
    assert refused(lambda: delta(signed_in, link)) == (410, "SyncStateNotFound")
    with pytest.raises(CursorLost):
        mine.provider.changes(mine.calendar, cursor)


# --- Free and busy, subscriptions ---


def test_availability_and_our_busy_spans_agree(schedule, book, mine):
    saved(book, "One", at(1, 9), at(1, 11))
    saved(book, "Free", at(1, 13), at(1, 14), show_as="free")
    found = schedule.get_availability(
        [EMAIL, "nobody@else.example"], at(1, 8), at(1, 15), interval=60
    )
    assert found[0]["availabilityView"] == ["free", "busy", "busy", *["free"] * 4]
    busy = [one for one in found[0]["scheduleItems"] if one["status"] == "busy"]
    assert [(one["start"], one["end"]) for one in busy] == [(at(1, 9), at(1, 11))]
    assert found[1]["error"]["responseCode"]
    spans = mine.provider.busy([mine.calendar], Span(at(1), at(2)))
    assert [(one.span.start, one.span.end) for one in spans] == [(at(1, 9), at(1, 11))]


def test_a_subscription_is_made_told_renewed_and_deleted(outside, signed_in, book):
    outside.store.set_setting("push", True)
    subscriptions = signed_in.subscriptions()
    made = subscriptions.create_subscription(
        HOOK, f"me/calendars/{book.calendar_id}/events", ["created", "updated", "deleted"],
        expiration_minutes=60, client_state="t0p",
    )  # fmt: skip
    # The handshake came first.
    assert parse_qs(urlsplit(outside.sent.pop().address).query)["validationToken"]
    saved(book, "New", at(2, 9))
    [told] = json.loads(outside.sent.pop().body)["value"]
    assert (told["subscriptionId"], told["clientState"], told["changeType"]) == (
        made["id"], "t0p", "created",
    )  # fmt: skip
    renewed = subscriptions.renew_subscription(made["id"], expiration_minutes=600)
    assert renewed["expirationDateTime"] > made["expirationDateTime"]
    assert [one["id"] for one in subscriptions.list_subscriptions()] == [made["id"]]
    assert subscriptions.get_subscription(made["id"])["resource"] == made["resource"]
    assert subscriptions.delete_subscription(made["id"])
    saved(book, "Newer", at(2, 11))
    assert outside.sent == []

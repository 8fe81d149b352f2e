"""O365, a client by strangers, against the sandbox's Graph: consent, calendars, events."""

from __future__ import annotations

import re
import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from O365.calendar import EventShowAs

from calendars.enums import Response
from calendars.providers.base import Attendee, EventDraft
from calendars.providers.errors import EventGone
from conferencing.enums import Conference
from tests.clients.conftest import EMAIL, at
from tests.clients.o365.conftest import new, refused, saved, view

# O365 gives MSAL no way to ask for a form_post, and the code of this flow passes no browser.
pytestmark = pytest.mark.filterwarnings(
    "ignore:response_mode='form_post' is recommended:UserWarning:msal"
)


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

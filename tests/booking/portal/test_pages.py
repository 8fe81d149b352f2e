"""What a client's own pages show, what is done there, and everything they must not open."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from audit.enums import ActorKind
from audit.models import OAuthTokenAccessLog
from booking.enums import ChangeKind, MeetingState, Party
from booking.models import Meeting, MeetingChange
from calendars.models import CalendarConnection
from tests.booking.conftest import NOW, book, make_link
from tests.booking.portal.conftest import consent, entered, invite, pages
from tests.factories import make_calendar, make_client
from tests.rows import make_rows
from tests.strangers import OUR_ROUTES
from tests.test_every_url import METHODS, OPEN_TO_ALL, filled, parts_of
from workspaces.models import ClientVisit
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db


def test_overview_names_links_meetings_and_what_waits(visitor, client_link, clock):
    book(client_link)
    asked = make_link(
        ClientOwner(client=client_link.client, workspace=client_link.workspace),
        slug="asked", title="Second look", requires_approval=True, is_active=False,
    )  # fmt: skip
    page = visitor.get("/client").text
    assert "Ann Other" in page
    assert f"/book/{client_link.slug}" in page
    assert asked.title in page
    assert "No calendar is connected" in page


def test_standing_is_asked_for_separately(visitor, client_link):
    page = visitor.get("/client?check=1").text
    assert "Guests can book Northgate now." in page


@pytest.fixture
def client_link(clock, client_owner):
    return make_link(client_owner)


def test_meetings_upcoming_and_past(visitor, client_link, clock):
    held = book(client_link)
    assert "Ann Other" in visitor.get("/client/meetings").text
    assert "Ann Other" not in visitor.get("/client/meetings?period=past").text
    detail = visitor.get(reverse("portal:meeting", args=[held.pk])).text
    assert re.findall(r'aria-current="page">(\w+)<', detail) == ["Meetings"]
    assert "ann@tallship.example" in detail
    with time_machine.travel(NOW + timedelta(hours=30), tick=False):
        fresh = ClientVisit.objects.update(expires_at=NOW + timedelta(days=3))
        assert fresh == 1
        assert "Ann Other" in visitor.get("/client/meetings?period=past").text


def said_to(found):
    return {MeetingState(one.state) for one in [type(found).objects.get(pk=found.pk)]}


def say(browser, meeting, verb, **typed):
    return browser.post(reverse(f"portal:meeting_{verb}", args=[meeting.pk]), typed)


def test_client_cancels_with_a_message(visitor, client_link, clock):
    held = book(client_link)
    asked = visitor.get(reverse("portal:meeting_cancel", args=[held.pk]))
    assert "Cancel this meeting?" in asked.text
    assert said_to(held) == {MeetingState.CONFIRMED}
    answer = say(visitor, held, "cancel", message="The pump broke.")
    assert answer["Location"] == reverse("portal:meeting", args=[held.pk])
    held.refresh_from_db()
    assert (held.state, held.cancel_reason) == (MeetingState.CANCELLED, "The pump broke.")
    assert held.cancelled_by == Party.OWNER
    change = MeetingChange.objects.get(meeting_id=held.pk, kind=ChangeKind.CANCELLED)
    assert (change.by, change.name) == (Party.OWNER, "Northgate")
    assert change.message == "The pump broke."


@pytest.mark.parametrize(
    ("verb", "state"),
    [("approve", MeetingState.CONFIRMED), ("decline", MeetingState.DECLINED)],
)
def test_client_answers_a_request(visitor, client_owner, clock, verb, state):
    asked = book(make_link(client_owner, slug="asks", requires_approval=True))
    assert asked.state == MeetingState.REQUESTED
    assert "1 request waits for an answer." in visitor.get("/client").text
    page = visitor.get(reverse("portal:meeting", args=[asked.pk])).text
    assert reverse(f"portal:meeting_{verb}", args=[asked.pk]) in page
    assert visitor.get(reverse(f"portal:meeting_{verb}", args=[asked.pk])).status_code == 200
    assert say(visitor, asked, verb).status_code == 302
    assert said_to(asked) == {state}


def test_answer_that_does_not_fit_any_more_is_said(visitor, client_link, clock):
    held = book(client_link)
    answer = say(visitor, held, "decline", message="Kept words")
    assert answer.status_code == 409
    assert "confirmed already" in answer.text
    assert "Kept words" in answer.text
    assert said_to(held) == {MeetingState.CONFIRMED}


def test_message_that_is_too_long_comes_back(visitor, client_link, clock):
    held = book(client_link)
    answer = say(visitor, held, "cancel", message="x" * 20_000)
    assert answer.status_code == 422
    assert said_to(held) == {MeetingState.CONFIRMED}


def test_link_of_another_client_shows_nothing_of_this_one(client, membership, workspace, rows):
    other = make_client(workspace, "Southgate")
    visitor = entered(client, invite(membership, other, "s@south.example"))
    meeting, connection = rows[Meeting], rows[CalendarConnection]
    named = [(f"meeting{verb}", meeting.pk) for verb in ("", "_approve", "_decline", "_cancel")]
    for name, pk in (*named, ("disconnect", connection.pk)):
        address = reverse(f"portal:{name}", args=[pk])
        assert visitor.get(address).status_code == 404
        assert visitor.post(address).status_code in {404, 405}
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    again = f"/client/connect/google?again={connection.pk}"
    assert visitor.get(again).status_code == 404
    calendar = make_calendar(connection)
    posted = visitor.post("/client/calendars", {"write": calendar.pk})
    assert posted.status_code == 404
    for page in pages():
        text = visitor.get(page).text
        for word in (meeting.client.name, "alice@example.com", connection.connected_email):
            assert word not in text, (page, word)


@pytest.fixture
def rows(workspace, alice):
    return make_rows(workspace, alice)


def test_visit_opens_no_address_but_the_clients_own(visitor, rows):
    """Every route of ours, with real objects of the same workspace, by the client's person."""
    visitor.raise_request_exception = False
    known = {
        **parts_of(rows),
        "provider": ["google"],
        "token": ["x" * 43],
        "kind": ["confirmation"],
        "language": ["en"],
    }
    for route, name, names in OUR_ROUTES:
        if name.startswith("portal:") or name in OPEN_TO_ALL:
            continue
        address = filled(route, {part: known[part][0] for part in names if part in known})
        for method in METHODS:
            answer = getattr(visitor, method)(address)
            if answer.status_code in {301, 302} and "/accounts/login/" not in answer.url:
                answer = visitor.get(answer.url)
            signed_out = answer.status_code == 302 and "/accounts/login/" in answer.url
            assert signed_out or answer.status_code in {401, 403, 404, 405}, (address, method)


def test_visit_reads_no_busy_times_by_id(visitor, northgate):
    query = f"client_id={northgate.pk}&duration=30&from=2031-03-03&to=2031-03-04"
    answer = visitor.get(f"/api/v1/booking/availability?{query}")
    assert answer.status_code in {401, 403, 404}


def test_member_and_visit_live_side_by_side(sandbox, sign_in, alice, bob, membership, northgate):
    """One browser: the member's session and the client's visit, neither with the other's power."""
    browser = sign_in(bob)
    entered(browser, invite(membership, northgate))
    consent(sandbox, browser)
    assert OAuthTokenAccessLog.objects.get().actor_kind == ActorKind.CLIENT
    assert browser.get("/calendar/connections").status_code == 200
    begun = browser.get(f"/oauth/outlook/start?client={northgate.pk}")
    back = sandbox.consent(begun["Location"], email="two@northgate.example")
    answer = browser.get(back.removeprefix("http://testserver"))
    assert answer["Location"] == f"/workspace/{northgate.pk}/client-info"
    last = OAuthTokenAccessLog.objects.order_by("seq").last()
    assert (last.actor_kind, last.actor_id) == (ActorKind.USER, str(bob.pk))
    browser.post(reverse("portal:leave"))
    assert browser.get("/calendar/connections").status_code == 200


def test_member_without_a_visit_sees_no_clients_page(sign_in, alice, invitation):
    browser = sign_in(alice)
    for page in pages():
        assert browser.get(page).status_code == 404

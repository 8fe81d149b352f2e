"""Calls that name objects in query, body or form: a stranger is refused, and nothing changes."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from booking.models import BookingLink, Meeting, SalesMeeting
from booking.tokens import manage_token
from calendars.models import Calendar, Event, UserCalendarConnection
from tests.rows import make_rows
from tests.strangers import OUR_ROUTES, forbidden_words, rows, stranger
from workspaces.authentication import issue_service_token
from workspaces.models import Client

pytestmark = pytest.mark.django_db
__all__ = ["rows", "stranger"]


def draft():
    start = datetime(2031, 5, 5, 9, 0, tzinfo=UTC)
    return {
        "title": "Mine now",
        "start": start.isoformat(),
        "end": (start + timedelta(hours=1)).isoformat(),
        "timeZone": "UTC",
    }


def calls(workspace, alice, rows):
    """(method, address, JSON body) of every call that names objects outside its address."""
    calendar, event = str(rows[Calendar].pk), str(rows[Event].pk)
    meeting, sales_meeting = str(rows[Meeting].pk), str(rows[SalesMeeting].pk)
    client = str(rows[Client].pk)
    events, booking = "/api/v1/calendar/events", "/api/v1/booking"
    span = "timeMin=2031-01-01T00:00:00Z&timeMax=2031-02-01T00:00:00Z"
    when = "duration=30&from=2031-03-03&to=2031-03-04"
    refs = ({"meeting_id": meeting}, {"sales_meeting_id": sales_meeting})
    return [
        ("get", f"{events}?calendar={calendar}&{span}", None),
        ("post", events, {"provider": "google", "calendar": calendar, "draft": draft()}),
        ("patch", events, {"event": event, "draft": {"title": "Mine now"}}),
        ("patch", events, {"calendar": calendar, "event": event, "draft": {"title": "x"}}),
        ("post", f"{events}/conference", {"event": event}),
        ("delete", f"{events}?event={event}", None),
        ("delete", f"{events}?provider=google&calendar={calendar}&event={event}", None),
        ("get", f"{booking}/availability?client_id={client}&{when}", None),
        ("get", f"{booking}/availability?user_id={alice.pk}&{when}", None),
        *(("post", f"{booking}/calendar-events", ref) for ref in refs),
        *(("post", f"{booking}/notifications", ref) for ref in refs),
    ]  # fmt: skip


def send(browser, method, address, body, **headers):
    options = {"headers": headers}
    if body is not None:
        options |= {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(browser, method)(address, **options)


def kept(rows):
    """The rows a stranger might have touched, as they are now."""
    return [type(row).objects.filter(pk=row.pk).values().get() for row in (
        rows[Calendar], rows[Event], rows[Meeting], rows[SalesMeeting],
    )]  # fmt: skip


def test_api_call_about_foreign_objects_is_404(stranger, workspace, alice, rows):
    before = kept(rows)
    statuses = {
        (method, address, str(body)): send(stranger, method, address, body).status_code
        for method, address, body in calls(workspace, alice, rows)
    }
    assert {call: status for call, status in statuses.items() if status != 404} == {}
    assert kept(rows) == before


def test_the_same_calls_are_answered_to_a_member(sign_in, workspace, alice, rows, other_workspace):
    """What the stranger was refused exists: the 404s above are refusals, not bad addresses."""
    browser = sign_in(alice, raise_request_exception=False)
    statuses = {
        (method, address): send(browser, method, address, body).status_code
        for method, address, body in calls(workspace, alice, rows)
    }
    assert {call for call, status in statuses.items() if status in {404, 500}} == set()


def test_service_token_of_another_workspace_gets_404(
    client, workspace, alice, rows, other_workspace, charlie
):
    scopes = ["calendar.read", "calendar.write", "booking.read", "booking.write"]
    scopes += ["calendar:read", "calendar:write", "booking:read", "booking:write"]
    _, token = issue_service_token(
        workspace=other_workspace, acts_as=charlie, name="theirs", scopes=scopes
    )
    bearer = {"Authorization": f"Bearer {token}"}
    statuses = {
        (method, address): send(client, method, address, body, **bearer).status_code
        for method, address, body in calls(workspace, alice, rows)
    }
    assert {call: status for call, status in statuses.items() if status != 404} == {}


def test_naming_the_other_workspace_in_the_header_is_404(stranger, workspace, alice, rows):
    for address in ("/api/v1/calendar/calendars", "/api/v1/calendar/capabilities"):
        headers = {"X-Workspace": str(workspace.pk)}
        assert stranger.get(address, headers=headers).status_code == 404


def test_nobody_gets_401_from_the_api(client, workspace, alice, rows):
    statuses = {
        send(client, method, address, body).status_code
        for method, address, body in calls(workspace, alice, rows)
    }
    assert statuses == {401}


@pytest.mark.parametrize("provider", ["google", "outlook", "zoom"])
def test_consent_begins_for_no_foreign_client(stranger, rows, provider):
    answer = stranger.get(f"/oauth/{provider}/start?client={rows[Client].pk}")
    assert answer.status_code == 404


def test_forms_that_name_foreign_objects_change_nothing(stranger, workspace, rows):
    calendar = rows[Calendar]
    before = kept(rows)
    tries = [
        ("/workspaces/switch", {"workspace": workspace.pk}, {404}),
        ("/admin/sales/scheduling/calendars", {"offered": calendar.pk}, {404}),
        ("/admin/sales/scheduling/calendars", {"write": calendar.pk}, {404}),
        ("/calendar/tasks/new", {"event": rows[Event].pk, "title": "x"}, {404}),
        ("/calendar/shown", {"offered": calendar.pk}, {200, 204, 302, 404}),
        ("/calendar/events/new", {"calendar": calendar.pk, "title": "x", "date": "2031-05-05",
            "start": "09:00", "end": "10:00", "zone": "UTC", "conference": "none"}, {404, 422}),
    ]  # fmt: skip
    for address, fields, expected in tries:
        assert stranger.post(address, fields).status_code in expected, address
    assert kept(rows) == before


def test_filters_that_name_foreign_objects_show_nothing(stranger, workspace, alice, rows):
    words = forbidden_words(workspace, rows)[:1] + forbidden_words(workspace, rows)[4:]
    for address in (
        f"/audit?connection={rows[UserCalendarConnection].pk}",
        f"/meetings?owner={rows[Client].pk}",
        f"/meetings?owner={alice.pk}",
        f"/meetings?link={rows[BookingLink].pk}",
        f"/meetings/export.csv?period=all&owner={rows[Client].pk}",
        f"/meetings/export.csv?period=all&owner={alice.pk}",
        f"/meetings/export.csv?period=all&link={rows[BookingLink].pk}",
        f"/meetings/figures?from=2031-01-01&to=2031-12-01&owner={rows[Client].pk}",
        f"/meetings/figures?from=2031-01-01&to=2031-12-01&link={rows[BookingLink].pk}",
        f"/calendar/events/new?calendar={rows[Calendar].pk}",
    ):
        answer = stranger.get(address)
        assert answer.status_code < 500
        text = b"".join(answer).decode() if answer.streaming else answer.text
        assert [word for word in words if word in text] == [], address


def test_public_tokens_open_their_own_meeting_only(
    client, workspace, rows, other_workspace, charlie
):
    """A token is the authority of one meeting, under the slug of its link."""
    theirs = make_rows(other_workspace, charlie)
    link, other = rows[BookingLink], theirs[BookingLink]
    token = manage_token(rows[SalesMeeting].pk)
    for slug in (other.slug, "nothing-here"):
        assert client.get(f"/book/{slug}/done/{token}").status_code == 404
    assert client.get(f"/book/{link.slug}/done/{uuid.uuid4().hex}").status_code == 404


def test_colleagues_own_things_do_not_exist_for_the_owner_of_the_workspace(
    sign_in, workspace, alice, bob
):
    """Roles give no exception: bob's links, meetings and accounts are bob's."""
    rows = make_rows(workspace, bob)
    browser = sign_in(alice, raise_request_exception=False)
    own = {
        "booking:link_edit": BookingLink.objects.filter(user=bob),
        "booking:link_switch": BookingLink.objects.filter(user=bob),
        "booking:link_delete": BookingLink.objects.filter(user=bob),
        "booking:meeting_detail": SalesMeeting.objects.filter(user=bob),
        "booking:meeting_link": SalesMeeting.objects.filter(user=bob),
        "booking:meeting_send": SalesMeeting.objects.filter(user=bob),
        "calendars:disconnect_question": UserCalendarConnection.objects.filter(user=bob),
        "calendars:disconnect": UserCalendarConnection.objects.filter(user=bob),
    }
    for route, name, _ in OUR_ROUTES:
        for row in own.get(name, ()):
            address = "/" + re.sub(r"<\w+:\w+>", str(row.pk), route)
            statuses = {browser.get(address).status_code, browser.post(address).status_code}
            assert statuses <= {404, 405}, address
            assert 404 in statuses, address
    assert UserCalendarConnection.objects.filter(pk=rows[UserCalendarConnection].pk).exists()

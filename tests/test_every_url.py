"""Every address of the router, asked by a member of a second workspace and by nobody at all.

An address that names something is built with the first workspace's objects and has to be 404 for
the stranger. One that names nothing has to be listed here, with the reason why a stranger may have
an answer. A new route without an entry fails.
"""

from __future__ import annotations

import itertools
import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import URLResolver, get_resolver

from booking.models import BookingLink, Meeting, SalesMeeting
from booking.tokens import manage_token
from calendars.models import Calendar, CalendarConnection, Event, UserCalendarConnection
from conferencing.models import ZoomConnection
from tests.factories import make_member, make_user
from tests.rows import Rows, make_rows
from workspaces.authentication import issue_service_token
from workspaces.enums import Role
from workspaces.models import Client, Invitation, Membership

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")

OWN = "about the visitor and the session's own workspace; names nothing of another"
ALLAUTH = "allauth: about the visitor themself; ids in it are looked up under request.user"
EVERYBODY = "for everybody on purpose"

# Addresses without an object in them, or whose object is public by design.
ALLOWED = {
    "home": OWN,
    "healthz": EVERYBODY,
    "readyz": EVERYBODY,
    "metrics": "for the holder of the metrics token only",
    "workspaces:switch": OWN,
    "workspaces:theme": OWN,
    "workspaces:clients": OWN,
    "workspaces:client_new": OWN,
    "workspaces:members": OWN,
    "workspaces:invite": OWN,
    "workspaces:profile": OWN,
    "workspaces:invitation": "the token is the authority; another address gets 403 and no name",
    "audit:log": OWN,
    "audit:export": OWN,
    "conferencing:plans": OWN,
    "calendars:calendar": OWN,
    "calendars:calendars_shown": OWN,
    "calendars:event_new": OWN,
    "calendars:connections": OWN,
    "calendars:changes": OWN,
    "calendars:oauth_start": "the owner stands in the query: see CALLS",
    "calendars:oauth_callback": "the state names the flow, bound to browser and user",
    "booking:my_scheduling": OWN,
    "booking:my_scheduling_slash": OWN,
    "booking:my_hours": OWN,
    "booking:my_calendars": OWN,
    "booking:my_link_new": OWN,
    "booking:meetings": OWN,
    "booking:book": "the public page of a link",
    "booking:book_details": "the public page of a link",
    "booking:book_done": "the token in the address is the authority",
    "booking:book_file": "the token in the address is the authority",
    "calendars_api:calendars": OWN,
    "calendars_api:capabilities": OWN,
    "calendars_api:events": "the objects stand in query and body: see CALLS",
    "booking_api:availability": "the objects stand in the query: see CALLS",
    "booking_api:meetings": "public, by the slug of a link",
    "booking_api:calendar_events": "the objects stand in the body: see CALLS",
    "booking_api:notifications": "the objects stand in the body: see CALLS",
    "api_schema": EVERYBODY,
}
OTHERS = {"admin/": "Django admin: operators only", "accounts/": ALLAUTH}
# Answered without a session: by design, or as the redirects and refusals they are.
OPEN_TO_ALL = {
    "healthz", "readyz", "booking:book", "booking:book_details", "booking:book_done",
    "booking:book_file", "booking_api:meetings", "booking_api:availability", "api_schema",
}  # fmt: skip


def routes(patterns=None, prefix="", namespace=""):
    """(route, name, names of its parts) of every address."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            inside = ":".join(part for part in (namespace, one.namespace) if part)
            yield from routes(one.url_patterns, route, inside)
        else:
            name = ":".join(part for part in (namespace, one.name) if part)
            yield route, name, sorted(one.pattern.regex.groupindex)


OUR_ROUTES = [
    one
    for one in routes()
    if not one[0].startswith(tuple(OTHERS)) or one[0].startswith("admin/sales/")
]
NAMING = [one for one in OUR_ROUTES if one[1] not in ALLOWED]


@pytest.fixture
def rows(workspace, alice) -> Rows:
    """One of everything in the first workspace, alice's where it is somebody's."""
    return make_rows(workspace, alice)


@pytest.fixture
def stranger(sign_in, charlie, other_workspace):
    """Owner of another workspace, with every right there, and objects of their own."""
    make_rows(other_workspace, charlie)
    return sign_in(charlie, raise_request_exception=False)


def parts_of(rows):
    """What each part of an address can name: the first workspace's objects of that kind."""
    return {
        "client_id": [rows[Client].pk],
        "link_id": [rows[Meeting].link_id, rows[SalesMeeting].link_id],
        "meeting_id": [rows[Meeting].pk, rows[SalesMeeting].pk],
        "membership_id": [rows[Membership].pk],
        "invitation_id": [rows[Invitation].pk],
        "connection_id": [
            rows[CalendarConnection].pk, rows[UserCalendarConnection].pk, rows[ZoomConnection].pk,
        ],
        "calendar_id": [rows[Calendar].pk],
        "event_id": [rows[Event].pk],
    }  # fmt: skip


def addresses(route, names, rows):
    """The route with each of the objects it can name."""
    known = parts_of(rows)
    for chosen in itertools.product(*(known[name] for name in names)):
        yield filled(route, dict(zip(names, chosen, strict=True)))


def filled(route, values):
    return "/" + re.sub(r"<\w+:(\w+)>", lambda part: str(values[part[1]]), route)


def forbidden_words(workspace, rows):
    """Texts of the first workspace that no answer to a stranger may hold."""
    return [
        workspace.name,
        str(workspace.pk),
        rows[Client].name,
        str(rows[Client].pk),
        rows[UserCalendarConnection].connected_email,
        rows[CalendarConnection].connected_email,
        "alice@example.com",
    ]


# --- The list itself ---


def test_every_address_names_known_objects_or_is_allowed_with_a_reason():
    known = {
        "client_id", "link_id", "meeting_id", "membership_id", "invitation_id", "connection_id",
        "calendar_id", "event_id",
    }  # fmt: skip
    unknown = [
        (route, name)
        for route, name, names in OUR_ROUTES
        if name not in ALLOWED and (not names or not set(names) <= known)
    ]
    assert unknown == []


def test_list_of_allowed_addresses_holds_nothing_that_is_gone():
    assert set(ALLOWED) - {name for _, name, _ in OUR_ROUTES} == set()
    assert all(reason for reason in ALLOWED.values())


def test_every_address_has_a_name():
    assert [route for route, name, _ in OUR_ROUTES if name.endswith(":") or not name] == []


# --- The stranger ---


@pytest.mark.parametrize(("route", "name", "names"), NAMING, ids=[one[1] for one in NAMING])
def test_stranger_gets_404_for_what_is_named(stranger, rows, workspace, route, name, names):
    for address in addresses(route, names, rows):
        statuses = {}
        for method in METHODS:
            answer = getattr(stranger, method)(address, follow=True)
            statuses[method] = answer.status_code
            found = [word for word in forbidden_words(workspace, rows) if word in answer.text]
            assert found == [], (address, method)
        assert set(statuses.values()) <= {404, 405}, (address, statuses)
        assert 404 in statuses.values(), (address, statuses)


@pytest.mark.parametrize(("route", "name", "names"), NAMING, ids=[one[1] for one in NAMING])
def test_colleague_without_a_role_to_work_gets_404_too(
    sign_in, rows, workspace, route, name, names
):
    auditor = make_user("Auditor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    browser = sign_in(auditor, raise_request_exception=False)
    for address in addresses(route, names, rows):
        statuses = {
            browser.get(address, follow=True).status_code,
            browser.post(address).status_code,
        }
        assert statuses <= {404, 405, 302}, (address, statuses)


@pytest.mark.parametrize(
    ("route", "name"),
    [(route, name) for route, name, names in OUR_ROUTES if name in ALLOWED and not names],
    ids=[name for _, name, names in OUR_ROUTES if name in ALLOWED and not names],
)
def test_page_of_ones_own_shows_nothing_of_the_other_workspace(
    stranger, rows, workspace, route, name
):
    for method in ("get", "post"):
        answer = getattr(stranger, method)(f"/{route}", follow=True)
        assert answer.status_code < 500 or name == "readyz", (route, method)
        text = b"".join(answer).decode() if answer.streaming else answer.text
        assert [word for word in forbidden_words(workspace, rows) if word in text] == []


def test_stranger_gets_no_page_of_django_admin(stranger, rows):
    statuses = set()
    for route, _, _ in routes():
        if not route.startswith("admin/") or route.startswith("admin/sales/"):
            continue
        address = "/" + re.sub(r"<\w+:\w+>", str(rows[Client].pk), route)
        address = re.sub(r"\(\?P<\w+>[^)]*\)|[\^$]|\\Z", "x", address)
        answer = stranger.get(address)
        statuses.add(answer.status_code)
        if answer.status_code == 302 and "/admin/login" in answer.url:
            statuses.add(stranger.get(answer.url).status_code)
    assert statuses <= {301, 302, 403, 404}


# --- Nobody ---


@pytest.mark.parametrize(
    ("route", "name", "names"),
    [one for one in OUR_ROUTES if one[1] not in OPEN_TO_ALL],
    ids=[one[1] for one in OUR_ROUTES if one[1] not in OPEN_TO_ALL],
)
def test_nobody_is_asked_to_sign_in(client, rows, route, name, names):
    client.raise_request_exception = False
    spare = {"provider": ["google"], "token": ["x" * 43]}
    known = {**parts_of(rows), **spare}
    address = filled(route, {part: known[part][0] for part in names})
    for method in METHODS:
        answer = getattr(client, method)(address)
        if answer.status_code in {301, 302} and "/accounts/login/" not in answer.url:
            answer = client.get(answer.url)
        signed_out = answer.status_code == 302 and "/accounts/login/" in answer.url
        assert signed_out or answer.status_code in {401, 403, 404, 405}, (address, method)


# --- Objects in query and body ---


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
        f"/calendar/events/new?calendar={rows[Calendar].pk}",
    ):
        answer = stranger.get(address)
        assert answer.status_code < 500
        assert [word for word in words if word in answer.text] == [], address


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

"""Every address of the router, asked by a member of a second workspace and by nobody at all.

An address that names something is built with the first workspace's objects and has to be 404 for
the stranger. One that names nothing has to be listed here, with the reason why a stranger may have
an answer. A new route without an entry fails.
"""

from __future__ import annotations

import itertools
import re

import pytest

from booking.models import (
    BookingBlock,
    BulkCancellation,
    Contact,
    CrmLead,
    Erasure,
    IncomingMail,
    Meeting,
    OutsideInvitation,
    PersonNote,
    SalesMeeting,
    SalesProspect,
)
from calendars.models import (
    Calendar,
    CalendarConnection,
    Event,
    EventTask,
    UserCalendarConnection,
)
from common.models import OutboxMessage
from conferencing.models import ZoomConnection
from tests.factories import make_member, make_user
from tests.strangers import OUR_ROUTES, forbidden_words, routes, rows, stranger
from workspaces.enums import Role
from workspaces.models import Client, ClientInvitation, Invitation, Membership, Workspace

pytestmark = pytest.mark.django_db
__all__ = ["rows", "stranger"]
METHODS = ("get", "post", "put", "patch", "delete")

OWN = "about the visitor and the session's own workspace; names nothing of another"
EVERYBODY = "for everybody on purpose"

# Addresses without an object in them, or whose object is public by design.
ALLOWED = {
    "home": OWN,
    "healthz": EVERYBODY,
    "readyz": EVERYBODY,
    "metrics": "for the holder of the metrics token only",
    "resend_tracking": "what the mail service signed is the authority",
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
    "conferencing:telehealth": OWN,
    "conferencing:join": "the signed token in the address is the authority",
    "calendars:calendar": OWN,
    "calendars:calendars_shown": OWN,
    "calendars:event_new": OWN,
    "calendars:search": OWN,
    "calendars:people": OWN,
    "calendars:task_new": "the event stands in the body: see test_foreign_objects",
    "calendars:connections": OWN,
    "calendars:workspace_zoom": OWN,
    "calendars:workspace_zoom_remove": OWN,
    "calendars:workspace_zoom_use": OWN,
    "calendars:changes": OWN,
    "calendars:hook_google": "the secret of a channel is the authority; it only has changes read",
    "calendars:hook_microsoft": "the secret of a channel is the authority",
    "calendars:hook_microsoft_lifecycle": "the secret of a channel is the authority",
    "calendars:hq": OWN,
    "calendars:subscribe": OWN,
    "calendars:headquarters": OWN,
    "calendars:headquarters_leave": OWN,
    "calendars:oauth_start": "the owner stands in the query: see test_foreign_objects",
    "calendars:oauth_callback": "the state names the flow, bound to browser and user",
    "booking:my_scheduling": OWN,
    "booking:my_scheduling_slash": OWN,
    "booking:my_hours": OWN,
    "booking:my_calendars": OWN,
    "booking:my_link_new": OWN,
    "booking:my_page": OWN,
    "booking:my_feed": OWN,
    "booking:feed": "the token in the address is the authority",
    "booking:meetings": OWN,
    "booking:blocked": OWN,
    "booking:bulk_cancel": OWN,
    "booking:meetings_export": OWN,
    "booking:meeting_new": OWN,
    "booking:cancel_chosen": OWN,
    "booking:meeting_figures": OWN,
    "booking:people": OWN,
    "booking:mail_texts": OWN,
    "booking:mail_text": OWN,
    "booking:mail_text_preview": OWN,
    "booking:mail_text_reset": OWN,
    "booking:crm": OWN,
    "booking:crm_key": OWN,
    "booking:crm_remove": OWN,
    "booking:crm_statuses": OWN,
    "booking:crm_again": OWN,
    "booking:people_export": OWN,
    "booking:person_new": OWN,
    "portal:home": "for a client's visit only: see tests/booking/portal",
    "portal:open": "the token in the address is the authority",
    "portal:leave": "for a client's visit only: see tests/booking/portal",
    "portal:hours": "for a client's visit only: see tests/booking/portal",
    "portal:calendars": "for a client's visit only: see tests/booking/portal",
    "portal:connect": "for a client's visit only: see tests/booking/portal",
    "portal:meetings": "for a client's visit only: see tests/booking/portal",
    "booking:erasures": OWN,
    "booking:invitations": OWN,
    "booking:incoming": OWN,
    "booking:my_invites": OWN,
    "booking:resend_inbound": "the signature is the authority; it only has a mail fetched",
    "booking:book": "the public page of a link or an owner",
    "booking:book_details": "the public page of a link",
    "booking:book_done": "the token in the address is the authority",
    "booking:book_file": "the token in the address is the authority",
    "booking:manage": "the token in the address is the authority",
    "booking:manage_times": "the token in the address is the authority",
    "booking:manage_move": "the token in the address is the authority",
    "booking:manage_guests": "the token in the address is the authority",
    "booking:manage_cancel": "the token in the address is the authority",
    "booking:mail_stop": "the signed token in the address is the authority",
    "calendars_api:calendars": OWN,
    "calendars_api:capabilities": OWN,
    "calendars_api:people": OWN,
    "calendars_api:free_busy": "whom it does not know is a stranger: see test_freebusy",
    "calendars_api:events": "the objects stand in query and body: see test_foreign_objects",
    "calendars_api:event_link": "the event stands in the body: see test_foreign_objects",
    "booking:unsent": "the messages stand in the body: see tests/booking/staff/test_unsent.py",
    "booking_api:availability": "the objects stand in the query: see test_foreign_objects",
    "booking_api:meetings": "public, by the slug of a link; the list is of the caller's own",
    "booking_api:links": OWN,
    "booking_api:calendar_events": "the objects stand in the body: see test_foreign_objects",
    "booking_api:notifications": "the objects stand in the body: see test_foreign_objects",
    "api_schema": EVERYBODY,
}
# Answered without a session: by design, or as the redirects and refusals they are.
OPEN_TO_ALL = {
    "healthz", "readyz", "booking:book", "booking:book_details", "booking:book_done",
    "booking:book_file", "booking:manage", "booking:manage_times", "booking:manage_move",
    "booking:manage_cancel", "booking:manage_guests", "booking:feed", "booking:mail_stop",
    "calendars:hook_google", "calendars:hook_microsoft", "calendars:hook_microsoft_lifecycle",
    "booking_api:meetings", "booking_api:availability",
    "api_schema",
}  # fmt: skip


# Read by auditors, who change nothing there.
READ_BY_AUDITORS = {"booking:person"}

NAMING = [one for one in OUR_ROUTES if one[1] not in ALLOWED]


def parts_of(rows):
    """What each part of an address can name: the first workspace's objects of that kind."""
    return {
        "client_id": [rows[Client].pk],
        "link_id": [rows[Meeting].link_id, rows[SalesMeeting].link_id],
        "meeting_id": [rows[Meeting].pk, rows[SalesMeeting].pk],
        "membership_id": [rows[Membership].pk],
        "invitation_id": [
            rows[Invitation].pk, rows[ClientInvitation].pk, rows[OutsideInvitation].pk,
        ],
        "connection_id": [
            rows[CalendarConnection].pk, rows[UserCalendarConnection].pk, rows[ZoomConnection].pk,
        ],
        "calendar_id": [rows[Calendar].pk],
        "event_id": [rows[Event].pk],
        "task_id": [rows[EventTask].pk],
        "branch_id": [rows[Workspace].pk],
        "block_id": [rows[BookingBlock].pk],
        "run_id": [rows[BulkCancellation].pk],
        "person_id": [rows[Contact].pk, rows[SalesProspect].pk],
        "note_id": [rows[PersonNote].pk],
        "erasure_id": [rows[Erasure].pk],
        "mail_id": [rows[IncomingMail].pk],
        "message_id": [rows[OutboxMessage].pk],
        "lead_id": [rows[CrmLead].pk],
    }  # fmt: skip


def addresses(route, names, rows):
    """The route with each of the objects it can name."""
    known = parts_of(rows)
    for chosen in itertools.product(*(known[name] for name in names)):
        yield filled(route, dict(zip(names, chosen, strict=True)))


def filled(route, values):
    return "/" + re.sub(r"<\w+:(\w+)>", lambda part: str(values[part[1]]), route)


# --- The list itself ---


def test_every_address_names_known_objects_or_is_allowed_with_a_reason():
    known = {
        "client_id", "link_id", "meeting_id", "membership_id", "invitation_id", "connection_id",
        "calendar_id", "event_id", "task_id", "branch_id", "block_id", "run_id",
        "person_id", "note_id", "erasure_id", "mail_id", "message_id", "lead_id",
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
        # The API says which role is missing, before it looks whether the thing is there.
        refused = {404, 405, 302, *({403} if name.startswith("booking_api:") else ())}
        read = browser.get(address, follow=True).status_code
        assert read in ({200} if name in READ_BY_AUDITORS else refused), (address, read)
        assert browser.post(address).status_code in refused, address


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
    spare = {"provider": ["google"], "token": ["x" * 43], "kind": ["moved"], "language": ["de"]}
    known = {**parts_of(rows), **spare}
    address = filled(route, {part: known[part][0] for part in names})
    for method in METHODS:
        answer = getattr(client, method)(address)
        if answer.status_code in {301, 302} and "/accounts/login/" not in answer.url:
            answer = client.get(answer.url)
        signed_out = answer.status_code == 302 and "/accounts/login/" in answer.url
        assert signed_out or answer.status_code in {401, 403, 404, 405}, (address, method)

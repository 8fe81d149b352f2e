"""Every address of the router, asked by each role of its own workspace, by headquarters and by
tokens without the right: who reads, who writes, and who gets nothing and changes nothing.

A new route that nobody has put into a line below fails. Strangers, and nobody at all, ask in
`test_every_url`, a client's person in `booking/portal`.
"""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from booking.models import (
    BookingLink,
    BulkCancellation,
    OutsideInvitation,
    SalesMeeting,
)
from calendars.models import Calendar, Event, EventTask, UserCalendarConnection
from common.models import UseCount
from tests.factories import make_member, make_user
from tests.rows import our_models
from tests.strangers import OUR_ROUTES, rows, stranger
from tests.test_every_url import METHODS, NAMING, OPEN_TO_ALL, addresses, filled, parts_of
from tests.test_foreign_objects import calls, send
from workspaces.authentication import issue_service_token
from workspaces.enums import Role, Tier
from workspaces.models import Membership, ServiceToken

pytestmark = pytest.mark.django_db
__all__ = ["rows", "stranger"]

NOBODY: frozenset[Role] = frozenset()
MANAGE = frozenset({Role.OWNER, Role.ADMIN})
WORK = MANAGE | {Role.MEMBER}
AUDIT = MANAGE | {Role.AUDITOR}
ALL = frozenset(Role)
OWNER = frozenset({Role.OWNER})

# (who reads, who writes): the routes. What is somebody's own is theirs alone, whatever the role:
# see `personal`.
WHO = {
    (ALL, NOBODY): """
        home workspaces:members conferencing:plans calendars:oauth_callback booking:people
        booking:people_export booking:person
        """,
    (ALL, ALL): """
        workspaces:profile workspaces:theme workspaces:switch booking:my_scheduling_slash
        booking:client_info_slash
        """,
    (ALL, MANAGE): "conferencing:telehealth",
    (ALL, OWNER): "calendars:headquarters",
    (AUDIT, NOBODY): "audit:log audit:export",
    (AUDIT, AUDIT): "booking:erasures",
    (WORK, NOBODY): """
        workspaces:clients calendars:calendar calendars:search calendars:people
        calendars:connections calendars:disconnect_question calendars:changes calendars:hq
        calendars:oauth_start calendars:event_detail booking:my_scheduling booking:client_info
        booking:link_share booking:link_why booking:meetings booking:meetings_export
        booking:meeting_figures booking:invitations booking:incoming booking:meeting_detail
        booking:bulk_run calendars_api:calendars calendars_api:capabilities calendars_api:people
        calendars_api:free_busy booking_api:links booking_api:link booking_api:meeting
        """,
    (WORK, WORK): """
        workspaces:client_new calendars:event_new calendars:event_edit calendars:event_delete
        calendars:event_move calendars:event_respond calendars:event_link calendars:event_join
        calendars:subscribe calendars:subscription_read calendars:task_new calendars:task_tick
        calendars:task_move calendars:task_delete calendars:calendars_shown
        calendars:workspace_zoom_use calendars:use_instead calendars:disconnect
        calendars:calendar_settings calendars:set_booking calendars:calendar_sharing
        booking:my_page booking:my_feed booking:my_hours booking:my_calendars booking:my_invites
        booking:my_link_new booking:client_edit booking:client_hours booking:client_calendars
        booking:client_page booking:client_feed booking:client_invites booking:client_link_new
        booking:client_invite booking:client_invite_again booking:client_revoke booking:link_edit
        booking:link_switch booking:link_duplicate booking:link_hours booking:link_delete
        booking:person_new booking:person_edit booking:person_merge booking:person_note_new
        booking:person_note_delete booking:meeting_new booking:cancel_chosen booking:bulk_cancel
        booking:unsent booking:invitation_answer booking:meeting_approve booking:meeting_decline
        booking:meeting_cancel booking:meeting_guests booking:meeting_move booking:meeting_no_show
        booking:meeting_reassign booking:meeting_join booking:meeting_link booking:meeting_send
        booking:meeting_keep booking:meeting_mail calendars_api:events calendars_api:event_link
        booking_api:cancel
        booking_api:move booking_api:guests booking_api:approve booking_api:decline
        booking_api:no_show booking_api:reassign
        """,
    (MANAGE, NOBODY): "booking:person_data",
    (MANAGE, MANAGE): """
        workspaces:invite workspaces:member_role workspaces:member_remove
        workspaces:invitation_withdraw
        workspaces:invitation_send calendars:workspace_zoom calendars:workspace_zoom_remove
        booking:crm booking:crm_key booking:crm_remove booking:crm_statuses booking:crm_again
        booking:crm_again_one booking:crm_lead_make booking:mail_texts booking:mail_text
        booking:mail_text_preview booking:mail_text_reset booking:erasure_retry
        booking:incoming_dismiss booking:person_erase booking:blocked booking:block_delete
        booking:meeting_block
        """,
    (OWNER, OWNER): """
        calendars:headquarters_leave calendars:branch_accept calendars:branch_end
        booking:hand_over
        """,  # what is handed over here is the owner's, whom admins do not remove
}
RIGHTS = {
    name: (readers, writers)
    for (readers, writers), listed in WHO.items()
    for name in listed.split()
}
# Where a role has no say: another authority, or what calls name beside the address.
ELSEWHERE = {
    "metrics", "workspaces:invitation", "conferencing:join", "resend_tracking",
    "booking:resend_inbound", "api_schema",
    # Named in query and body: see the calls below.
    "booking_api:calendar_events", "booking_api:notifications",
}  # fmt: skip
# With an empty form, or without more than one row of each, even its owner gets 404.
NOT_SHOWN = {
    "workspaces:invitation_send": "workspaces/test_member_pages",
    "calendars:event_join": "calendars/views/test_telehealth",
    "booking:meeting_join": "booking/test_telehealth",
    "calendars:hq": "calendars/views/test_hq",
    "calendars:headquarters_leave": "calendars/views/test_hq",
    "calendars:branch_accept": "calendars/views/test_hq",
    "calendars:branch_end": "calendars/views/test_hq",
    "booking:crm_again_one": "booking/staff/test_crm_page",
    "booking:meeting_mail": "booking/undelivered/test_shown",
}
SPARE = {"provider": ["google"], "kind": ["moved"], "language": ["de"]}
REFUSED = {403, 404, 405}


def is_of_staff(name):
    return not (name in OPEN_TO_ALL | ELSEWHERE or name.startswith("portal:"))


STAFF = [one for one in OUR_ROUTES if is_of_staff(one[1])]


def test_every_route_says_who_may():
    listed = [name for text in WHO.values() for name in text.split()]
    assert len(listed) == len(set(listed))
    assert {name for _, name, _ in STAFF} ^ set(listed) == set()
    assert {name for _, name, _ in OUR_ROUTES} >= ELSEWHERE | set(NOT_SHOWN)


@pytest.fixture
def inbound(settings):
    settings.INBOUND_DOMAIN = "in.meridian.example"


def every(route, names, rows):
    """Each address of the route, with the objects that it names."""
    known = {**parts_of(rows), **SPARE}
    for chosen in itertools.product(*(known[name] for name in names)):
        yield filled(route, dict(zip(names, chosen, strict=True))), set(chosen)


def personal(rows):
    """What is alice's own: a colleague gets none of it, whatever their role."""
    own = (
        UserCalendarConnection, Calendar, Event, EventTask, SalesMeeting, OutsideInvitation,
        BulkCancellation,
    )  # fmt: skip
    link = BookingLink.objects.get(pk=rows[SalesMeeting].link_id)
    return {rows[model].pk for model in own} | {link.pk}


def everything():
    """All rows of ours; what counts or dates uses is no change of anything."""
    return {
        model: sorted(map(repr, model._default_manager.values()))
        for model in our_models()
        if model not in {UseCount, ServiceToken}
    }


def ask(browser, method, address):
    """The status, of a body that is there for calls of the API."""
    more = {}
    if address.startswith("/api/") and method != "get":
        more = {"data": "{}", "content_type": "application/json"}
    answer = getattr(browser, method)(address, **more)
    if answer.streaming:
        b"".join(answer)
    return answer.status_code


def given_away(name, shown, mine):
    """What a colleague may see of what is somebody's own: why a time of a link is not offered."""
    return name == "booking:link_why" and shown & mine


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.AUDITOR])
def test_role_gets_what_it_may_and_nothing_else(sign_in, rows, workspace, inbound, role):
    """Alice owns the workspace and what is somebody's; this is a colleague of hers."""
    colleague = make_user(role.label)
    make_member(workspace, colleague, role=role)
    browser = sign_in(colleague, raise_request_exception=False)
    browser.get("/calendar")
    mine, before, wrong, opened, shut = personal(rows), everything(), [], set(), set()
    for route, name, names in STAFF:
        readers, writers = RIGHTS[name]
        for address, shown in every(route, names, rows):
            is_theirs = bool(shown & mine) and not given_away(name, shown, mine)
            for method in METHODS:
                may = role in (readers if method == "get" else writers)
                if may and not is_theirs and method != "get":
                    continue
                status = ask(browser, method, address)
                if may and not is_theirs:
                    (shut if status in {403, 404} else opened).add(name)
                elif status not in REFUSED and not is_way_round(route, status):
                    wrong.append((address, method, status))
    assert wrong == []
    assert everything() == before
    # What it may read is there: the refusals above are refusals, and not bad addresses.
    assert shut - opened - set(NOT_SHOWN) <= NEEDS_A_QUERY


def is_way_round(route, status):
    """The form with a slash at the end leads to the one without, for everybody."""
    return route.endswith("/") and status == 302


NEEDS_A_QUERY = {"calendars:oauth_start"}


@pytest.mark.parametrize(("route", "name", "names"), STAFF, ids=[one[1] for one in STAFF])
def test_owner_gets_through_to_what_others_are_refused(
    sign_in, rows, workspace, alice, inbound, route, name, names
):
    if name in NOT_SHOWN:
        pytest.skip(f"shown in {NOT_SHOWN[name]}")
    typed = {
        "workspaces:switch": {"workspace": workspace.pk},
        "calendars:task_new": {"event": rows[Event].pk, "title": "x"},
        "booking:invitation_answer": {"answer": "declined"},
        "calendars:oauth_start": {"user": "me"},
    }.get(name, {})
    browser = sign_in(alice, raise_request_exception=False)
    readers, writers = RIGHTS[name]
    for method, who in (("get", readers), ("post", writers)):
        if Role.OWNER not in who:
            continue
        for address, _ in every(route, names, rows):
            answer = getattr(browser, method)(address, typed)
            if answer.streaming:
                b"".join(answer)
            if answer.status_code not in {*REFUSED, 500}:
                return
    pytest.fail("Nobody gets through: the refusals of others say nothing.")


# --- Calls ---


def test_auditor_calls_nothing(sign_in, rows, workspace, alice):
    auditor = make_user("Auditor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    browser = sign_in(auditor)
    before = everything()
    statuses = {
        (method, address): send(browser, method, address, body).status_code
        for method, address, body in calls(workspace, alice, rows)
    }
    assert {call: status for call, status in statuses.items() if status != 403} == {}
    assert everything() == before


READ_SCOPES = ["calendar:read", "booking:read"]


@pytest.mark.parametrize("scopes", [["nothing"], READ_SCOPES], ids=["without", "reading"])
def test_token_does_what_its_scopes_say(client, rows, workspace, alice, scopes):
    _, token = issue_service_token(workspace=workspace, acts_as=alice, name="t", scopes=scopes)
    bearer = {"Authorization": f"Bearer {token}"}
    asked = [
        ("get", f"/{route}", None)
        for route, name, names in STAFF
        if "_api:" in name and RIGHTS[name][0] and not names
    ]
    asked += [
        (method, address, None if method == "get" else {})
        for route, name, names in STAFF
        if "_api:" in name and names
        for address, _ in every(route, names, rows)
        for method in METHODS
    ]
    wanted = "get" if scopes == READ_SCOPES else None
    before = everything()
    wrong = []
    for method, address, body in [*asked, *calls(workspace, alice, rows)]:
        if method == wanted:
            continue
        status = send(client, method, address, body, **bearer).status_code
        if status not in {403, 405}:
            wrong.append((method, address, status))
    assert wrong == []
    assert everything() == before


# --- Headquarters ---


@pytest.fixture
def headquarters(stranger, workspace, other_workspace):
    """The stranger's workspace watches the first one: its week is read there, and no more."""
    other_workspace.tier = Tier.ENTERPRISE
    other_workspace.save()
    workspace.headquarters, workspace.headquarters_accepted_at = other_workspace, timezone.now()
    workspace.save()
    assert Membership.objects.filter(workspace=other_workspace, role=Role.OWNER).exists()
    return stranger


def test_headquarters_reaches_nothing_of_a_branch_by_its_address(headquarters, rows):
    before, wrong = everything(), []
    for route, name, names in NAMING:
        if name in {"calendars:branch_end", "calendars:branch_accept"}:
            continue  # either side ends it
        for address in addresses(route, names, rows):
            for method in METHODS:
                answer = getattr(headquarters, method)(address, follow=True)
                if answer.status_code not in {404, 405}:
                    wrong.append((address, method, answer.status_code))
    assert wrong == []
    assert everything() == before


def test_headquarters_calls_nothing_about_a_branch(headquarters, workspace, alice, rows):
    before = everything()
    for method, address, body in calls(workspace, alice, rows):
        assert send(headquarters, method, address, body).status_code == 404, address
    named = {"X-Workspace": str(workspace.pk)}
    for address in ("/api/v1/calendar/calendars", "/api/v1/booking/meetings"):
        assert headquarters.get(address, headers=named).status_code == 404
    assert everything() == before

"""Every row of the plans at every place that it must hold: with it, without it, and with it again.

What each plan has is read from the source document's table (see `test_matrix`).
"""

from __future__ import annotations

import html
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.models import BookingLink
from calendars.models import Calendar, Event
from calendars.providers.base import EventDraft
from calendars.services import events
from calendars.services.connections import check_plan
from common import outbox
from common.errors import PlanRequired
from conferencing.enums import Conference
from conferencing.models import ZoomConnection, ZoomMeeting
from conferencing.routing import PlanRefusal
from tests.booking.staff.test_links import FIELDS
from tests.conferencing.test_matrix import HAS, TIERS, lowest
from tests.factories import make_connection, make_workspace
from workspaces.enums import Tier
from workspaces.owners import ClientOwner
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db
every_tier = pytest.mark.parametrize("tier", TIERS)
BOTH, PROVIDERS = "connect_google_and_microsoft", ["google", "outlook"]


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def put_on(workspace, tier):
    change_plan(workspace_id=workspace.pk, tier=Tier(tier.lower()), by=None)
    outbox.sweep()
    workspace.refresh_from_db()


def text(response):
    return html.unescape(response.content.decode())


# --- Connecting ---


@every_tier
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_first_account_of_either_provider(sandbox, browser, workspace, tier, provider):
    put_on(workspace, tier)
    assert HAS["connect_calendar"][tier]
    begun = browser.get(f"/oauth/{provider}/start?user=me")
    assert begun["Location"].startswith("https://sandbox.test/")


@every_tier
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("whose", ["user=me", "client={}"])
def test_one_more_account(
    sandbox, browser, workspace, user_owner, client_owner, tier, provider, whose
):
    for owner in (user_owner, client_owner):
        make_connection(owner, provider="google")
    put_on(workspace, tier)
    begun = browser.get(f"/oauth/{provider}/start?{whose.format(client_owner.id)}")
    assert begun["Location"].startswith("https://sandbox.test/") is HAS[BOTH][tier]


@every_tier
@pytest.mark.parametrize("where", ["connections", "my scheduling", "client", "calendar"])
def test_the_gate_is_shown_before_the_click(
    sandbox, browser, workspace, user_owner, client_owner, tier, where
):
    for owner in (user_owner, client_owner):
        make_connection(owner, provider="google")
    put_on(workspace, tier)
    address = {
        "connections": "/calendar/connections",
        "my scheduling": "/admin/sales/scheduling",
        "client": f"/workspace/{client_owner.id}/client-info",
        "calendar": "/calendar",
    }[where]
    page = text(browser.get(address))
    for provider in PROVIDERS:
        assert (f'href="/oauth/{provider}/start' in page) is HAS[BOTH][tier]
    has_reason = f"More accounts are on {lowest(BOTH)}." in page
    assert has_reason is not HAS[BOTH][tier]
    assert ('href="/plans" title="The ' in page) is not HAS[BOTH][tier]
    if where != "calendar":
        assert ('href="/oauth/zoom/start' in page) is HAS["zoom"][tier]
        assert ("Zoom is on the Advanced plan." in page) is not HAS["zoom"][tier]


@every_tier
def test_first_run_offers_both_providers_on_every_plan(sandbox, browser, workspace, tier):
    put_on(workspace, tier)
    for address in ("/calendar", "/calendar/events/new"):
        page = text(browser.get(address))
        for provider in PROVIDERS:
            assert f'href="/oauth/{provider}/start' in page


@every_tier
@pytest.mark.parametrize("whose", ["user=me", "client={}"])
def test_a_zoom_account(sandbox, browser, workspace, client_owner, tier, whose):
    put_on(workspace, tier)
    begun = browser.get(f"/oauth/zoom/start?{whose.format(client_owner.id)}")
    assert begun["Location"].startswith("https://sandbox.test/") is HAS["zoom"][tier]


# --- Meeting links (the dialog and the API stand in `test_matrix`) ---


@every_tier
@pytest.mark.parametrize("wish", ["meet", "teams", "zoom", "auto"])
def test_booking_links(browser, workspace, alice, tier, wish):
    put_on(workspace, tier)
    address = reverse("booking:my_link_new")
    form = text(browser.get(address))
    answer = browser.post(address, {**FIELDS, "conference": wish})
    has = HAS[wish][tier]
    assert (answer.status_code == 302) is has
    assert BookingLink.objects.exists() is has
    assert (f"On {lowest(wish)}</option>" in form and f'value="{wish}" disabled' in form) is not has


@every_tier
@pytest.mark.parametrize("wish", ["meet", "teams", "zoom"])
def test_a_clients_preferred_link(browser, workspace, northgate, tier, wish):
    put_on(workspace, tier)
    address = reverse("booking:client_edit", args=[northgate.pk])
    form = text(browser.get(address))
    fields = {"name": "Northgate", "timezone": "Europe/Berlin", "preferred_conference": wish}
    answer = browser.post(address, fields)
    northgate.refresh_from_db()
    has = HAS[wish][tier]
    assert answer.status_code == (302 if has else 422)
    assert northgate.preferred_conference == (wish if has else "")
    assert (f'value="{wish}" disabled' in form) is not has
    if not has:
        assert f"is on the {lowest(wish)} plan." in text(answer)


def test_a_preference_from_a_larger_plan_stays(browser, workspace, northgate):
    northgate.preferred_conference = "zoom"
    northgate.save()
    put_on(workspace, "Free")
    fields = {"name": "North", "timezone": "Europe/Berlin", "preferred_conference": "zoom"}
    address = reverse("booking:client_edit", args=[northgate.pk])
    assert browser.post(address, fields).status_code == 302
    northgate.refresh_from_db()
    assert (northgate.name, northgate.preferred_conference) == ("North", "zoom")


# --- The others ---


@every_tier
def test_recurring_events(sandbox, browser, workspace, connect, user_owner, tier):
    calendar = connect(user_owner).calendars.get()
    put_on(workspace, tier)
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    draft = {
        "title": "Weekly", "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
    }  # fmt: skip
    body = json.dumps({"calendar": str(calendar.pk), "draft": draft})
    answer = browser.post("/api/v1/calendar/events", body, content_type="application/json")
    assert (answer.status_code == 201) is HAS["recurring_events"][tier]


@every_tier
def test_headquarters(browser, workspace, tier):
    branch = make_workspace("Branch")
    branch.headquarters, branch.headquarters_accepted_at = workspace, timezone.now()
    branch.save()
    put_on(workspace, tier)
    answer = browser.get("/calendar/hq")
    has = HAS["headquarters_view"][tier]
    assert answer.status_code == (200 if has else 402)
    if not has:
        assert lowest("headquarters_view") in text(answer)
    put_on(workspace, "Enterprise")
    assert browser.get("/calendar/hq").status_code == 200
    branch.refresh_from_db()
    assert branch.headquarters == workspace


# --- Down and up again: Zoom ---


@pytest.fixture
def on_zoom(sandbox, connect, user_owner, actor):
    """An event with a Zoom meeting, made on a plan that has it."""
    calendar = connect(user_owner).calendars.get()
    connect(user_owner, "zoom")
    start = timezone.now().replace(microsecond=0) + timedelta(days=1)
    draft = EventDraft(
        title="Review", start=start, end=start + timedelta(hours=1), timezone="UTC", all_day=False
    )
    return events.create_event(calendar=calendar, draft=draft, actor=actor, want=Conference.ZOOM)


def later(event):
    return EventDraft(
        start=event.start_at + timedelta(hours=2), end=event.end_at + timedelta(hours=2),
        timezone="UTC",
    )  # fmt: skip


def test_zoom_meeting_that_is_booked_stays_and_follows(sandbox, workspace, on_zoom, actor):
    link = on_zoom.conference_url
    put_on(workspace, "Standard")
    moved = events.update_event(event=on_zoom, draft=later(on_zoom), actor=actor)
    assert (moved.conference, moved.conference_url) == ("zoom", link)
    assert len(sandbox.calls("zoom.meetings.update")) == 1
    with pytest.raises(PlanRefusal) as refusal:
        events.create_event(
            calendar=Calendar.objects.get(pk=on_zoom.calendar_id),
            draft=EventDraft(
                title="New", start=moved.start_at, end=moved.end_at, timezone="UTC", all_day=False
            ),
            actor=actor,
            want=Conference.ZOOM,
        )
    assert refusal.value.tier == Tier.ADVANCED
    events.delete_event(event=moved, actor=actor)
    assert len(sandbox.calls("zoom.meetings.delete")) == 1
    assert ZoomMeeting.objects.get().deleted_at is not None


def test_zoom_works_again_after_the_upgrade_without_reconnecting(
    sandbox, workspace, on_zoom, actor
):
    before = ZoomConnection.objects.values().get()
    put_on(workspace, "Free")
    put_on(workspace, "Advanced")
    assert ZoomConnection.objects.values().get() == before
    again = events.create_event(
        calendar=on_zoom.calendar,
        draft=EventDraft(
            title="New", start=on_zoom.start_at, end=on_zoom.end_at, timezone="UTC", all_day=False
        ),
        actor=actor,
        want=Conference.ZOOM,
    )
    assert again.conference_url
    assert Event.objects.filter(conference="zoom").count() == 2


def test_account_that_zoom_ended_can_be_renewed_on_a_smaller_plan(
    sandbox, browser, workspace, on_zoom
):
    """Booked meetings still need it."""
    put_on(workspace, "Standard")
    again = ZoomConnection.objects.get().pk
    begun = browser.get(f"/oauth/zoom/start?user=me&again={again}")
    assert begun["Location"].startswith("https://sandbox.test/")


def test_booking_link_promises_again_after_the_upgrade(client, workspace, northgate):
    owner = ClientOwner(workspace=workspace, client=northgate)
    link = BookingLink.objects.create(
        workspace=workspace, client=owner.client, slug="zoomed", title="Zoomed", conference="zoom"
    )
    before = BookingLink.objects.values().get()
    for tier, promised in (("Advanced", True), ("Standard", False), ("Enterprise", True)):
        put_on(workspace, tier)
        page = text(client.get(f"/book/{link.slug}"))
        assert ("Link in your confirmation" in page) is promised
        assert ("sends you the way to join" in page) is not promised
    assert BookingLink.objects.values().get() == before


def test_plan_refusals_name_the_smallest_plan_that_helps(workspace, user_owner):
    put_on(workspace, "Free")
    make_connection(user_owner)
    with pytest.raises(PlanRequired) as refusal:
        check_plan(user_owner, "outlook")
    assert refusal.value.tier == lowest(BOTH).lower()

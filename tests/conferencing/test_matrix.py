"""Every plan, wish, host, Zoom account and preference: at the function, the API and the dialog.

What is expected is worked out here from the source document's two tables, as it prints them, and
from nothing of ours.
"""

from __future__ import annotations

import html
import itertools
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from calendars.models import Event
from common.errors import DomainError
from conferencing import plans
from conferencing.enums import Conference
from conferencing.routing import Host, choices, route
from tests.factories import make_calendar, make_connection
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

# The source document's tables, copied.
CONFERENCING = """
| Conferencing | Free | Standard | Advanced | Enterprise |
|---|---|---|---|---|
| Google Meet | ✅ | ✅ | ✅ | ✅ |
| Microsoft Teams | — | ✅ | ✅ | ✅ |
| Zoom | — | — | ✅ | ✅ |
| Auto-route (conference: 'auto') | — | ✅ | ✅ | ✅ |
"""
PLANS = """
| Free | Standard | Advanced | Enterprise | |
|---|---|---|---|---|
| Connect 1 calendar | ✅ | ✅ | ✅ | ✅ |
| Connect Google + Microsoft | — | ✅ | ✅ | ✅ |
| Google Meet | ✅ | ✅ | ✅ | ✅ |
| Microsoft Teams | — | ✅ | ✅ | ✅ |
| Zoom | — | — | ✅ | ✅ |
| Conference auto-route | — | ✅ | ✅ | ✅ |
| Recurring events | ✅ | ✅ | ✅ | ✅ |
| Patient-aware scheduling (conflict + provider matching) | — | — | ✅ | ✅ |
| Multi-workspace HQ view | — | — | — | ✅ |
"""
TIERS = ("Free", "Standard", "Advanced", "Enterprise")
WISHES = ("none", "meet", "teams", "zoom", "auto")
# The rows by what the API calls them.
ROWS = {
    "Google Meet": "meet",
    "Microsoft Teams": "teams",
    "Zoom": "zoom",
    "Auto-route (conference: 'auto')": "auto",
    "Conference auto-route": "auto",
    "Connect 1 calendar": "connect_calendar",
    "Connect Google + Microsoft": "connect_google_and_microsoft",
    "Recurring events": "recurring_events",
    "Patient-aware scheduling (conflict + provider matching)": "patient_scheduling",
    "Multi-workspace HQ view": "headquarters_view",
}


def read(table):
    """{row: {tier: whether}} of a table as it is printed."""
    _head, _rule, *lines = table.strip().splitlines()
    found = {}
    for line in lines:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        assert set(cells) <= {"✅", "—"}
        found[ROWS[name]] = dict(zip(TIERS, [cell == "✅" for cell in cells], strict=True))
    return found


HAS = read(PLANS)


def lowest(feature):
    return next(tier for tier in TIERS if HAS[feature][tier])


@dataclass(frozen=True)
class Kind:
    """A host: which provider, what its account is, and the link it makes, if any."""

    provider: str
    account: str
    own: str
    makes: bool


HOSTS = {
    "Google work": Kind("google", "work", "meet", makes=True),
    "Google personal": Kind("google", "personal", "meet", makes=True),
    "Microsoft work": Kind("outlook", "work", "teams", makes=True),
    # Such an account makes no Teams meetings for programs.
    "Microsoft personal": Kind("outlook", "personal", "teams", makes=False),
    # A subscription, which can only be read; to the function, no calendar at all.
    "no calendar": Kind("ics", "work", "none", makes=False),
}
NAMES = {"meet": "Google Meet", "teams": "Teams", "zoom": "Zoom", "auto": "Auto"}
NEEDS = {"meet": "a Google calendar", "teams": "an Outlook calendar"}


@dataclass(frozen=True)
class Expected:
    """A conference with the note about it, or a refusal by its status, hint and plan."""

    conference: str = ""
    note: str = ""
    status: int = 0
    hint: str = ""
    plan: str = ""


def expected(tier, wanted, host, *, zoom, prefers_zoom):
    kind = HOSTS[host]
    if wanted == "none":
        return Expected("none")
    if not HAS[wanted][tier]:
        plan = lowest(wanted)
        return Expected(status=402, hint=f"On {plan}", plan=plan)
    if wanted == "zoom":
        return Expected("zoom") if zoom else Expected(status=409, hint="Connect Zoom first")
    if wanted != "auto":
        return made_by(kind, wanted)
    note = ""
    if prefers_zoom:
        if HAS["zoom"][tier] and zoom:
            return Expected("zoom")
        note = "is not connected" if HAS["zoom"][tier] else f"is on {lowest('zoom')}"
    if kind.own == "none":
        return Expected(status=400, hint="Needs a calendar")
    found = made_by(kind, kind.own)
    if note and found.conference:
        return Expected(found.conference, note=f"{NAMES[kind.own]}, because Zoom {note}")
    return found


def made_by(kind, wanted):
    if kind.own != wanted:
        return Expected(status=400, hint=f"Needs {NEEDS[wanted]}")
    if not kind.makes:
        return Expected(status=400, hint="Needs an Outlook work account")
    return Expected(wanted)


SCENES = list(itertools.product(TIERS, HOSTS, [True, False], [True, False]))
NAMES_OF_SCENES = [
    f"{tier}-{host}-{'zoom' if zoom else 'no zoom'}-{'preferred' if prefers else 'not preferred'}"
    for tier, host, zoom, prefers in SCENES
]
every_scene = pytest.mark.parametrize(
    ("tier", "host", "zoom", "prefers_zoom"), SCENES, ids=NAMES_OF_SCENES
)


def all_expected(tier, host, *, zoom, prefers_zoom):
    return {
        wanted: expected(tier, wanted, host, zoom=zoom, prefers_zoom=prefers_zoom)
        for wanted in WISHES
    }


# --- The tables themselves ---


def test_both_tables_agree_where_they_speak_of_the_same():
    for feature, row in read(CONFERENCING).items():
        assert HAS[feature] == row


def test_our_object_says_what_the_tables_say():
    assert {feature.value for feature in plans.PlanFeature} == set(HAS)
    for feature, row in HAS.items():
        for tier in TIERS:
            assert plans.allows(tier.lower(), plans.PlanFeature(feature)) is row[tier]


# --- The function ---


@every_scene
def test_route(tier, host, zoom, prefers_zoom):
    kind = HOSTS[host]
    place = Host(
        native=Conference(kind.own),
        allowed=frozenset({Conference(kind.own)} if kind.makes else ()),
        account_kind=kind.account,
        zoom_connected=zoom,
    )
    preferred = "zoom" if prefers_zoom else None
    for wanted, wish in all_expected(tier, host, zoom=zoom, prefers_zoom=prefers_zoom).items():
        try:
            routed = route(wanted, place, tier.lower(), preferred=preferred)
            found = Expected(routed.conference.value, note=routed.note or "")
        except DomainError as refusal:
            plan = str(refusal.tier.label) if refusal.tier else ""
            found = Expected(status=refusal.status, hint=refusal.hint, plan=plan)
        assert found == wish, wanted
    shown = {one.conference.value: one for one in choices(place, tier.lower(), preferred)}
    assert list(shown) == ["none", "auto", "meet", "teams", "zoom"]


# --- The API and the dialog, with the accounts connected and the plan lowered after ---


@pytest.fixture
def scene(request, db, sandbox, connect, user_owner, workspace):
    """The calendar of that host; its owner's Zoom account and preference; the plan."""
    tier, host = request.getfixturevalue("tier"), request.getfixturevalue("host")
    kind = HOSTS[host]
    if kind.provider == "ics":
        calendar = make_calendar(make_connection(user_owner, provider="ics"), is_writable=False)
    else:
        email = f"host@{kind.provider}.example"
        side = "microsoft" if kind.provider == "outlook" else "google"
        sandbox.store.add_account(side, email=email, kind=kind.account)
        connection = connect(user_owner, kind.provider, email=email)
        assert connection.account_kind == kind.account
        calendar = connection.calendars.get()
    if request.getfixturevalue("zoom"):
        connect(user_owner, "zoom")
    if request.getfixturevalue("prefers_zoom"):
        user_owner.profile.preferred_conference = "zoom"
        user_owner.profile.save()
    change_plan(workspace_id=workspace.pk, tier=Tier(tier.lower()), by=None)
    return calendar


def start_of(hour):
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return f"{day + timedelta(days=2, hours=hour):%Y-%m-%dT%H:%M:%SZ}"


def create(browser, calendar, wanted, hour):
    draft = {"title": wanted, "start": start_of(hour), "end": start_of(hour + 1)}
    body = {"calendar": str(calendar.pk), "draft": {**draft, "conference": wanted}}
    return browser.post(
        "/api/v1/calendar/events", json.dumps(body), content_type="application/json"
    )


@every_scene
def test_capabilities_and_creating_agree(
    scene, sign_in, alice, sandbox, tier, host, zoom, prefers_zoom
):
    browser = sign_in(alice)
    wishes = all_expected(tier, host, zoom=zoom, prefers_zoom=prefers_zoom)
    found = browser.get("/api/v1/calendar/capabilities").json()
    assert found["tier"] == tier.lower()
    (told,) = found["calendars"]
    assert told["id"] == str(scene.pk)
    if host == "no calendar":
        assert (told["writable"], told["conferences"]) == (False, [])
        answers = [create(browser, scene, wanted, 9) for wanted in WISHES]
        assert {answer.status_code for answer in answers} == {403}
        assert not Event.objects.exists()
        return
    told = {one["conference"]: one for one in told["conferences"]}
    assert set(told) == set(WISHES)
    for hour, (wanted, wish) in enumerate(wishes.items()):
        answer = create(browser, scene, wanted, hour)
        body, before = answer.json(), told[wanted]
        assert before["allowed"] is bool(wish.conference), wanted
        if wish.conference:
            assert answer.status_code == 201, (wanted, body)
            kind = body["event"]["conference"]
            assert (kind["kind"] if kind else "none") == wish.conference
            assert (before["code"], before["reason"]) == ("", "")
            kept = Event.objects.get(pk=body["eventId"])
            assert kept.conference_note == wish.note
            assert before["hint"].startswith(wish.note)
        else:
            assert answer.status_code == wish.status, (wanted, body)
            assert (body["code"], body["message"]) == (before["code"], before["reason"])
            assert before["hint"] == wish.hint
            assert body.get("tier", "") == before.get("tier", "") == wish.plan.lower()
            assert body["field"] == "conference"
    made = [wanted for wanted, wish in wishes.items() if wish.conference]
    assert sorted(Event.objects.values_list("title", flat=True)) == sorted(made)
    zooms = [wish for wish in wishes.values() if wish.conference == "zoom"]
    assert len(sandbox.calls("zoom.meetings.create")) == len(zooms)


_CELL = re.compile(
    r'<label><input type="radio" name="conference" value="(?P<wish>\w+)"(?P<flags>[^>]*)>'
    r".*?<small[^>]*>(?P<hint>.*?)</small>",
    re.DOTALL,
)


def cells(page):
    """{wish: (enabled, hint in words, whether it leads to the plans)} of the rendered choice."""
    found = {}
    for cell in _CELL.finditer(page):
        words = html.unescape(re.sub(r"<[^>]+>", "", cell["hint"]))
        is_enabled = " disabled" not in cell["flags"]
        found[cell["wish"]] = (is_enabled, words, 'href="/plans"' in cell["hint"])
    return found


@every_scene
def test_dialog(scene, sign_in, alice, tier, host, zoom, prefers_zoom):
    page = sign_in(alice).get(f"/calendar/events/new?calendar={scene.pk}").content.decode()
    found = cells(page)
    if host == "no calendar":
        assert found == {}
        assert "There is no calendar yet that an event could be written to." in page
        return
    wishes = all_expected(tier, host, zoom=zoom, prefers_zoom=prefers_zoom)
    assert list(found) == ["none", "auto", "meet", "teams", "zoom"]
    for wanted, wish in wishes.items():
        enabled, hint, names_plan = found[wanted]
        assert enabled is bool(wish.conference), wanted
        assert names_plan is bool(wish.plan), wanted
        if not enabled:
            assert hint == wish.hint
        elif wanted == "auto":
            assert hint == (wish.note or f"{NAMES[wish.conference]} here")

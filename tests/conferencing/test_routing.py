"""Routing: every wish on every host in every plan, as the source tables say."""

from __future__ import annotations

import itertools

import pytest

from common.errors import DomainError
from conferencing.enums import Conference
from conferencing.routing import (
    Choice,
    Host,
    PlanRefusal,
    Routed,
    RouteRefusal,
    ZoomMissing,
    choices,
    route,
)
from workspaces.enums import Tier

NONE, AUTO, MEET, TEAMS, ZOOM = (
    Conference.NONE,
    Conference.AUTO,
    Conference.MEET,
    Conference.TEAMS,
    Conference.ZOOM,
)
FREE, STANDARD, ADVANCED, ENTERPRISE = Tier

GOOGLE = Host(native=MEET, allowed=frozenset({MEET}))
GOOGLE_WITH_ZOOM = Host(native=MEET, allowed=frozenset({MEET}), zoom_connected=True)
GOOGLE_WITHOUT_MEET = Host(native=MEET, allowed=frozenset(), zoom_connected=True)
OUTLOOK = Host(native=TEAMS, allowed=frozenset({TEAMS}))
OUTLOOK_WITH_ZOOM = Host(native=TEAMS, allowed=frozenset({TEAMS}), zoom_connected=True)
PERSONAL = Host(native=TEAMS, allowed=frozenset(), account_kind="personal", zoom_connected=True)
LOCKED = Host(native=TEAMS, allowed=frozenset(), zoom_connected=True)
NOWHERE = Host(native=NONE, allowed=frozenset())
NOWHERE_WITH_ZOOM = Host(native=NONE, allowed=frozenset(), zoom_connected=True)

HOSTS = {
    "google": GOOGLE,
    "google+zoom": GOOGLE_WITH_ZOOM,
    "google-meet": GOOGLE_WITHOUT_MEET,
    "outlook": OUTLOOK,
    "outlook+zoom": OUTLOOK_WITH_ZOOM,
    "personal": PERSONAL,
    "locked": LOCKED,
    "nowhere": NOWHERE,
    "nowhere+zoom": NOWHERE_WITH_ZOOM,
}

# Host and wish, then Free, Standard, Advanced, Enterprise. A name is the link that is made; $x a
# refusal that names plan x; "host" one that no plan would lift; "zoom?" one for want of an account.
MATRIX = """
google        none   none       none       none       none
google        meet   meet       meet       meet       meet
google        teams  $standard  host       host       host
google        zoom   $advanced  $advanced  zoom?      zoom?
google        auto   $standard  meet       meet       meet

google+zoom   none   none       none       none       none
google+zoom   meet   meet       meet       meet       meet
google+zoom   teams  $standard  host       host       host
google+zoom   zoom   $advanced  $advanced  zoom       zoom
google+zoom   auto   $standard  meet       meet       meet

google-meet   none   none       none       none       none
google-meet   meet   host       host       host       host
google-meet   teams  $standard  host       host       host
google-meet   zoom   $advanced  $advanced  zoom       zoom
google-meet   auto   $standard  host       host       host

outlook       none   none       none       none       none
outlook       meet   host       host       host       host
outlook       teams  $standard  teams      teams      teams
outlook       zoom   $advanced  $advanced  zoom?      zoom?
outlook       auto   $standard  teams      teams      teams

outlook+zoom  none   none       none       none       none
outlook+zoom  meet   host       host       host       host
outlook+zoom  teams  $standard  teams      teams      teams
outlook+zoom  zoom   $advanced  $advanced  zoom       zoom
outlook+zoom  auto   $standard  teams      teams      teams

personal      none   none       none       none       none
personal      meet   host       host       host       host
personal      teams  $standard  host       host       host
personal      zoom   $advanced  $advanced  zoom       zoom
personal      auto   $standard  host       host       host

locked        none   none       none       none       none
locked        meet   host       host       host       host
locked        teams  $standard  host       host       host
locked        zoom   $advanced  $advanced  zoom       zoom
locked        auto   $standard  host       host       host

nowhere       none   none       none       none       none
nowhere       meet   host       host       host       host
nowhere       teams  $standard  host       host       host
nowhere       zoom   $advanced  $advanced  zoom?      zoom?
nowhere       auto   $standard  host       host       host

nowhere+zoom  none   none       none       none       none
nowhere+zoom  meet   host       host       host       host
nowhere+zoom  teams  $standard  host       host       host
nowhere+zoom  zoom   $advanced  $advanced  zoom       zoom
nowhere+zoom  auto   $standard  host       host       host
"""
CELLS = [
    (host, wanted, tier.value, expected)
    for host, wanted, *row in (line.split() for line in MATRIX.splitlines() if line)
    for tier, expected in zip(Tier, row, strict=True)
]


def outcome(wanted, host, tier, preferred=None):
    """The link, or the refusal in the matrix's words."""
    try:
        return route(wanted, host, tier, preferred=preferred).conference.value
    except PlanRefusal as refusal:
        return f"${refusal.tier.value}"
    except ZoomMissing:
        return "zoom?"
    except RouteRefusal:
        return "host"


def test_the_matrix_is_whole():
    assert len(CELLS) == len(HOSTS) * len(Conference) * len(Tier)
    assert len({cell[:3] for cell in CELLS}) == len(CELLS)


@pytest.mark.parametrize(("host", "wanted", "tier", "expected"), CELLS)
def test_route_without_a_preference(host, wanted, tier, expected):
    assert outcome(Conference(wanted), HOSTS[host], Tier(tier)) == expected


@pytest.mark.parametrize("preferred", [MEET, TEAMS, NONE, "", None])
@pytest.mark.parametrize(("host", "wanted", "tier", "expected"), CELLS)
def test_only_a_preferred_zoom_changes_anything(host, wanted, tier, expected, preferred):
    assert outcome(Conference(wanted), HOSTS[host], Tier(tier), preferred) == expected


@pytest.mark.parametrize(("host", "wanted", "tier", "expected"), CELLS)
def test_a_preferred_zoom_changes_auto_only(host, wanted, tier, expected):
    if wanted == "auto" and tier in {"advanced", "enterprise"} and HOSTS[host].zoom_connected:
        expected = "zoom"
    assert outcome(Conference(wanted), HOSTS[host], Tier(tier), ZOOM) == expected


@pytest.mark.parametrize(
    ("host", "tier", "expected"),
    [
        (GOOGLE_WITH_ZOOM, ADVANCED, Routed(ZOOM)),
        (OUTLOOK_WITH_ZOOM, ENTERPRISE, Routed(ZOOM)),
        (
            GOOGLE_WITH_ZOOM,
            STANDARD,
            Routed(MEET, "Google Meet, because Zoom is on Advanced"),
        ),
        (GOOGLE, ADVANCED, Routed(MEET, "Google Meet, because Zoom is not connected")),
        (OUTLOOK, STANDARD, Routed(TEAMS, "Teams, because Zoom is on Advanced")),
        (OUTLOOK, ENTERPRISE, Routed(TEAMS, "Teams, because Zoom is not connected")),
    ],
)
def test_a_preferred_zoom_that_cannot_be_falls_back_and_says_so(host, tier, expected):
    assert route(AUTO, host, tier, preferred=ZOOM) == expected


def test_auto_without_a_preference_has_nothing_to_say():
    assert route(AUTO, GOOGLE_WITH_ZOOM, ADVANCED) == Routed(MEET)


def test_auto_never_takes_an_unwished_zoom_where_the_own_link_is_barred():
    with pytest.raises(RouteRefusal, match="does not allow Google Meet"):
        route(AUTO, GOOGLE_WITHOUT_MEET, ENTERPRISE)


@pytest.mark.parametrize(
    ("wanted", "host", "tier", "kind", "message", "hint"),
    [
        (
            ZOOM,
            GOOGLE,
            STANDARD,
            PlanRefusal,
            "Zoom is on the Advanced plan. Meet works today.",
            "On Advanced",
        ),
        (
            TEAMS,
            OUTLOOK,
            FREE,
            PlanRefusal,
            "Teams is on the Standard plan.",
            "On Standard",
        ),
        (
            AUTO,
            GOOGLE,
            FREE,
            PlanRefusal,
            "Auto is on the Standard plan. Meet works today.",
            "On Standard",
        ),
        (
            TEAMS,
            GOOGLE,
            STANDARD,
            RouteRefusal,
            "Teams needs an Outlook calendar.",
            "Needs an Outlook calendar",
        ),
        (
            MEET,
            OUTLOOK,
            FREE,
            RouteRefusal,
            "Google Meet needs a Google calendar.",
            "Needs a Google calendar",
        ),
        (
            TEAMS,
            PERSONAL,
            STANDARD,
            RouteRefusal,
            "Teams needs an Outlook work account.",
            "Needs an Outlook work account",
        ),
        (
            TEAMS,
            LOCKED,
            STANDARD,
            RouteRefusal,
            "This calendar does not allow Teams.",
            "Not allowed by this calendar",
        ),
        (
            ZOOM,
            GOOGLE,
            ADVANCED,
            ZoomMissing,
            "Zoom is not connected. Connect it first.",
            "Connect Zoom first",
        ),
        (
            AUTO,
            NOWHERE,
            STANDARD,
            RouteRefusal,
            "There is no calendar that could make a link.",
            "Needs a calendar",
        ),
    ],
)
def test_a_refusal_says_why(wanted, host, tier, kind, message, hint):
    with pytest.raises(RouteRefusal) as caught:
        route(wanted, host, tier)
    assert type(caught.value) is kind
    assert caught.value.reason == message
    assert caught.value.hint == hint


def test_refusals_answer_as_the_api_promises():
    with pytest.raises(DomainError) as plan:
        route(ZOOM, GOOGLE, FREE)
    assert (plan.value.code, plan.value.status) == ("plan_required", 402)
    assert plan.value.details() == {"field": "conference", "tier": "advanced"}
    with pytest.raises(DomainError) as host:
        route(TEAMS, GOOGLE, STANDARD)
    assert (host.value.code, host.value.status) == ("invalid", 400)
    assert host.value.details() == {"field": "conference"}
    with pytest.raises(DomainError) as zoom:
        route(ZOOM, GOOGLE, ADVANCED)
    assert (zoom.value.code, zoom.value.status) == ("reconnect_needed", 409)


def test_stored_values_do_as_well_as_members():
    assert route("auto", GOOGLE_WITH_ZOOM, "advanced", preferred="zoom") == Routed(ZOOM)
    assert route("meet", GOOGLE, "free") == Routed(MEET)
    with pytest.raises(PlanRefusal):
        route("zoom", GOOGLE, "standard")


def test_a_wish_that_is_none_is_refused():
    with pytest.raises(ValueError, match="webex"):
        route("webex", GOOGLE, FREE)


def test_choices_on_a_google_calendar_in_standard():
    assert choices(GOOGLE, STANDARD) == [
        Choice(NONE, "None", True, "No link"),
        Choice(AUTO, "Auto", True, "Google Meet here"),
        Choice(MEET, "Meet", True, "With this calendar"),
        Choice(TEAMS, "Teams", False, "Needs an Outlook calendar"),
        Choice(ZOOM, "Zoom", False, "On Advanced", ADVANCED),
    ]


def test_choices_on_an_outlook_calendar_in_advanced_with_zoom():
    assert choices(OUTLOOK_WITH_ZOOM, ADVANCED) == [
        Choice(NONE, "None", True, "No link"),
        Choice(AUTO, "Auto", True, "Teams here"),
        Choice(MEET, "Meet", False, "Needs a Google calendar"),
        Choice(TEAMS, "Teams", True, "With this calendar"),
        Choice(ZOOM, "Zoom", True, "With the Zoom account"),
    ]


def test_choices_say_what_auto_would_pick():
    def auto(host, tier, preferred=None):
        return next(c.hint for c in choices(host, tier, preferred) if c.conference is AUTO)

    assert auto(OUTLOOK_WITH_ZOOM, ADVANCED, ZOOM) == "Zoom here"
    assert auto(OUTLOOK, ADVANCED, ZOOM) == "Teams, because Zoom is not connected"
    assert auto(GOOGLE, FREE) == "On Standard"
    assert auto(PERSONAL, STANDARD) == "Needs an Outlook work account"


@pytest.mark.parametrize(
    ("host", "tier", "preferred"), list(itertools.product(HOSTS, Tier, [None, MEET, TEAMS, ZOOM]))
)
def test_choices_agree_with_route(host, tier, preferred):
    for choice in choices(HOSTS[host], tier, preferred):
        found = outcome(choice.conference, HOSTS[host], tier, preferred)
        assert choice.enabled == (found in Conference.values)
        assert choice.tier == (Tier(found[1:]) if found.startswith("$") else None)
        assert choice.hint

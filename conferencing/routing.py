"""Which meeting link an event gets: a wish, the host's account and the plan make one answer.

The host is the account of the calendar that is written to. What was wished for is given or refused
with a reason, never replaced in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from common.errors import DomainError
from conferencing.enums import Conference
from conferencing.plans import PlanFeature, allows, lowest_tier_with

if TYPE_CHECKING:
    from workspaces.enums import Tier

AccountKind = Literal["work", "personal"]

_LABELS = {
    Conference.NONE: "None",
    Conference.AUTO: "Auto",
    Conference.MEET: "Meet",
    Conference.TEAMS: "Teams",
    Conference.ZOOM: "Zoom",
}
_NAMES = {
    Conference.MEET: "Google Meet",
    Conference.TEAMS: "Teams",
    Conference.ZOOM: "Zoom",
    Conference.AUTO: "Auto",
}
_FEATURES = {
    Conference.MEET: PlanFeature.MEET,
    Conference.TEAMS: PlanFeature.TEAMS,
    Conference.ZOOM: PlanFeature.ZOOM,
    Conference.AUTO: PlanFeature.AUTO_ROUTE,
}
_CALENDARS = {Conference.MEET: "a Google calendar", Conference.TEAMS: "an Outlook calendar"}
_CELLS = (Conference.NONE, Conference.AUTO, Conference.MEET, Conference.TEAMS, Conference.ZOOM)
_LINKS = (Conference.MEET, Conference.TEAMS, Conference.ZOOM)


@dataclass(frozen=True, slots=True)
class Host:
    """The account and calendar that would hold the event.

    `native` is the conference the provider makes itself, or NONE where there is no calendar;
    `allowed` is what this calendar lets be made; `zoom_connected` speaks of the owner.
    """

    native: Conference
    allowed: frozenset[Conference]
    account_kind: AccountKind = "work"
    zoom_connected: bool = False


_NOWHERE = Host(native=Conference.NONE, allowed=frozenset())


@dataclass(frozen=True, slots=True)
class Routed:
    """The conference to make, never AUTO; `note` says why it is not the preferred one."""

    conference: Conference
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One cell of the dialog. `tier` is the plan to name and link to when the plan forbids it.

    `refusal` is the whole of why not, None for one that can be chosen.
    """

    conference: Conference
    label: str
    enabled: bool
    hint: str
    tier: Tier | None = None
    refusal: RouteRefusal | None = field(default=None, compare=False)


class RouteRefusal(DomainError):
    """This link cannot be made; `hint` is the reason in the few words that a cell has room for.

    `tier` is the lowest plan that would allow it, where the plan is the reason.
    """

    code = "invalid"
    status = 400

    def __init__(self, reason: str, hint: str, tier: Tier | None = None) -> None:
        self.hint = hint
        self.tier = tier
        super().__init__(reason)

    @property
    def reason(self) -> str:
        return self.message

    def details(self) -> dict[str, object]:
        named: dict[str, object] = {"field": "conference"}
        return named if self.tier is None else {**named, "tier": self.tier.value}


class PlanRefusal(RouteRefusal):
    """The workspace's plan does not hold this."""

    code = "plan_required"
    status = 402


class ZoomMissing(RouteRefusal):
    """The owner has connected no Zoom account, or it has to be connected again."""

    code = "reconnect_needed"
    status = 409


def route(wanted: str, host: Host, tier: str, *, preferred: str | None = None) -> Routed:
    """The conference to make. Raises RouteRefusal (a PlanRefusal names the tier that has it).

    AUTO takes the host's own, or Zoom when the owner prefers it; a preferred Zoom that the plan
    or the missing account forbids falls back to the host's own with a note. An explicit wish is
    refused instead. Takes the values as they are stored; ValueError for a wish that is none.
    """
    wanted = Conference(wanted)
    if wanted is Conference.NONE:
        return Routed(Conference.NONE)
    if wanted is Conference.AUTO:
        _check_plan(Conference.AUTO, host, tier)
        return _auto(host, tier, preferred)
    _check(wanted, host, tier)
    return Routed(wanted)


def choices(host: Host, tier: str, preferred: str | None = None) -> list[Choice]:
    """The dialog's cells in their order, each decided by `route`."""
    return [_choice(wanted, host, tier, preferred) for wanted in _CELLS]


def check_plan(wanted: str, tier: str) -> None:
    """Whatever the calendar will be: raises PlanRefusal when the plan lacks this."""
    if Conference(wanted) is not Conference.NONE:
        _check_plan(Conference(wanted), _NOWHERE, tier)


def _auto(host: Host, tier: str, preferred: str | None) -> Routed:
    note = None
    if preferred == Conference.ZOOM:
        obstacle = _obstacle(Conference.ZOOM, host, tier)
        if obstacle is None:
            return Routed(Conference.ZOOM)
        note = obstacle
    if host.native == Conference.NONE:
        raise RouteRefusal("There is no calendar that could make a link.", "Needs a calendar")
    _check(host.native, host, tier)
    return Routed(host.native, note and f"{_NAMES[host.native]}, because {note}")


def _check(wanted: Conference, host: Host, tier: str) -> None:
    # The plan comes first: who needs another plan and another calendar should learn it at once,
    # and the API promises 402 for everything the plan lacks.
    _check_plan(wanted, host, tier)
    name = _NAMES[wanted]
    if wanted is Conference.ZOOM:
        if not host.zoom_connected:
            raise ZoomMissing("Zoom is not connected. Connect it first.", "Connect Zoom first")
        return
    if wanted != host.native:
        needed = _CALENDARS[wanted]
        raise RouteRefusal(f"{name} needs {needed}.", f"Needs {needed}")
    if wanted not in host.allowed:
        if wanted is Conference.TEAMS and host.account_kind == "personal":
            needed = "an Outlook work account"
            raise RouteRefusal(f"{name} needs {needed}.", f"Needs {needed}")
        raise RouteRefusal(f"This calendar does not allow {name}.", "Not allowed by this calendar")


def _check_plan(wanted: Conference, host: Host, tier: str) -> None:
    feature = _FEATURES[wanted]
    if allows(tier, feature):
        return
    lowest = lowest_tier_with(feature)
    said = f"{_NAMES[wanted]} is on the {lowest.label} plan."
    working = [_LABELS[link] for link in _LINKS if _works(link, host, tier)]
    if working:
        said += f" {' and '.join(working)} {'works' if len(working) == 1 else 'work'} today."
    raise PlanRefusal(said, f"On {lowest.label}", lowest)


def _works(wanted: Conference, host: Host, tier: str) -> bool:
    if not allows(tier, _FEATURES[wanted]):
        return False
    try:
        _check(wanted, host, tier)
    except RouteRefusal:
        return False
    return True


def _obstacle(wanted: Conference, host: Host, tier: str) -> str | None:
    try:
        _check(wanted, host, tier)
    except PlanRefusal as refusal:
        return f"{_NAMES[wanted]} is {refusal.hint[0].lower()}{refusal.hint[1:]}"
    except RouteRefusal:
        return f"{_NAMES[wanted]} is not connected"
    return None


def _choice(wanted: Conference, host: Host, tier: str, preferred: str | None) -> Choice:
    label = _LABELS[wanted]
    try:
        routed = route(wanted, host, tier, preferred=preferred)
    except RouteRefusal as refusal:
        hint, tier_with = refusal.hint, refusal.tier
        return Choice(wanted, label, enabled=False, hint=hint, tier=tier_with, refusal=refusal)
    return Choice(wanted, label, enabled=True, hint=_hint(wanted, routed))


def _hint(wanted: Conference, routed: Routed) -> str:
    if wanted is Conference.NONE:
        return "No link"
    if wanted is Conference.AUTO:
        return routed.note or f"{_NAMES[routed.conference]} here"
    return "With the Zoom account" if wanted is Conference.ZOOM else "With this calendar"

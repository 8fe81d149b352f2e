"""What every staff page's frame shows."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from common.enums import OutboxState
from common.models import OutboxMessage
from workspaces.access import MAY_AUDIT, MAY_MANAGE, MAY_SEE_PEOPLE, MAY_WORK
from workspaces.enums import Role

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workspaces.models import Membership, Workspace


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the sidebar. `key` is pressed after G."""

    label: str
    url: str
    icon: str
    current: bool
    count: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame: workspace, switcher, sections, and who is signed in."""

    workspace: Workspace | None
    workspaces: list[Workspace]
    nav: list[NavItem]
    user_initials: str
    theme: str
    keys_off: bool = False


_SECTIONS = (
    ("Calendar", "calendars:calendar", "calendar", MAY_WORK),
    ("Meetings", "booking:meetings", "table", MAY_WORK),
    ("Clients", "workspaces:clients", "building", MAY_WORK),
    ("My scheduling", "booking:my_scheduling", "link", MAY_WORK),
    ("People", "booking:people", "users", MAY_SEE_PEOPLE),
    ("Connections", "calendars:connections", "plug", MAY_WORK),
    ("Audit log", "audit:log", "shield", MAY_AUDIT),
)

_HEADQUARTERS = "Headquarters"
_UNSENT = "Not sent"
_KEYS = {"Calendar": "c", "Meetings": "m", "My scheduling": "l", "Audit log": "a"}


def _nav(request: HttpRequest, membership: Membership) -> list[NavItem]:
    """The sections of the member's role; the headquarters' own where there are branches, or
    requests for its owner to answer."""
    sections: list[tuple[str, str, str, frozenset[Role]]] = list(_SECTIONS)
    watched, requests = _branches(membership.workspace)
    if membership.role != Role.OWNER:
        requests = 0
    if watched or requests:
        page = "calendars:hq" if watched else "calendars:headquarters"
        sections.insert(-1, (_HEADQUARTERS, page, "eye", MAY_WORK))
    failed = _failed(membership)
    if failed:
        sections.insert(4, (_UNSENT, "booking:unsent", "alert", MAY_MANAGE))
    counts = {_HEADQUARTERS: requests, _UNSENT: failed}
    found = []
    for label, name, icon, roles in sections:
        if membership.role not in roles:
            continue
        try:
            found.append((label, reverse(name), icon))
        except NoReverseMatch:
            continue
    here = _section_of(request.path, [url for _, url, _ in found])
    return [
        NavItem(
            label,
            url,
            icon,
            current=url == here,
            count=counts.get(label, 0),
            key=_KEYS.get(label, ""),
        )
        for label, url, icon in found
    ]


def _section_of(path: str, urls: list[str]) -> str:
    """The most particular section that holds the page: one section's address begins another's."""
    around = [url for url in urls if path == url or path.startswith(f"{url}/")]
    return max(around, key=len, default="")


def _branches(workspace: Workspace) -> tuple[int, int]:
    """How many branches it watches, and how many more ask it to."""
    since = workspace.branches.values_list("headquarters_accepted_at", flat=True)
    accepted = [at is not None for at in since]
    return sum(accepted), len(accepted) - sum(accepted)


def _failed(membership: Membership) -> int:
    """How many messages of the workspace could not be sent, for those who look after them all."""
    if membership.role not in MAY_MANAGE:
        return 0
    rows = OutboxMessage.objects.filter(workspace_id=membership.workspace_id)
    return rows.filter(state=OutboxState.FAILED).count()


def _initials(name: str) -> str:
    words = name.replace("@", " ").replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper()


def _build(request: HttpRequest) -> Shell:
    user = request.user
    if not user.is_authenticated:
        return Shell(None, [], [], "", request.COOKIES.get("theme", ""))
    membership: Membership | None = getattr(request, "membership", None)
    # The membership was read with the profile; another user object would ask for it again.
    profile = getattr(membership.user if membership else user, "profile", None)
    memberships: list[Membership] = getattr(request, "memberships", [])
    return Shell(
        workspace=membership.workspace if membership else None,
        workspaces=sorted((one.workspace for one in memberships), key=attrgetter("name")),
        nav=_nav(request, membership) if membership else [],
        user_initials=_initials(user.get_full_name()),
        theme=profile.theme if profile else "",
        keys_off=profile is not None and not profile.single_keys,
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates; read from the database only when a template asks."""
    return {"shell": SimpleLazyObject(lambda: _build(request))}

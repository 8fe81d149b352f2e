"""What every staff page's frame shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from workspaces.access import MAY_AUDIT, MAY_WORK
from workspaces.models import Workspace

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workspaces.models import Membership


@dataclass(frozen=True, slots=True)
class NavItem:
    """One line of the sidebar."""

    label: str
    url: str
    icon: str
    current: bool
    count: int = 0


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
    ("Connections", "calendars:connections", "plug", MAY_WORK),
    ("Audit log", "audit:log", "shield", MAY_AUDIT),
)


def _nav(request: HttpRequest, membership: Membership) -> list[NavItem]:
    found = []
    for label, name, icon, roles in _SECTIONS:
        if membership.role not in roles:
            continue
        try:
            found.append((label, reverse(name), icon))
        except NoReverseMatch:
            continue
    here = _section_of(request.path, [url for _, url, _ in found])
    return [NavItem(label, url, icon, current=url == here) for label, url, icon in found]


def _section_of(path: str, urls: list[str]) -> str:
    """The most particular section that holds the page: one section's address begins another's."""
    around = [url for url in urls if path == url or path.startswith(f"{url}/")]
    return max(around, key=len, default="")


def _initials(name: str) -> str:
    words = name.replace("@", " ").replace(".", " ").split()
    return "".join(word[0] for word in words[:2]).upper()


def _build(request: HttpRequest) -> Shell:
    user = request.user
    if not user.is_authenticated:
        return Shell(None, [], [], "", request.COOKIES.get("theme", ""))
    membership: Membership | None = getattr(request, "membership", None)
    profile = getattr(user, "profile", None)
    return Shell(
        workspace=membership.workspace if membership else None,
        workspaces=list(Workspace.objects.filter(members=user).order_by("name")),
        nav=_nav(request, membership) if membership else [],
        user_initials=_initials(user.get_full_name()),
        theme=profile.theme if profile else "",
        keys_off=profile is not None and not profile.single_keys,
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates; read from the database only when a template asks."""
    return {"shell": SimpleLazyObject(lambda: _build(request))}

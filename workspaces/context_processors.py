"""What every staff page's frame shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from workspaces.access import MAY_AUDIT, MAY_WORK
from workspaces.enums import Role
from workspaces.models import Workspace

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workspaces.models import Membership, User


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
    ("Connections", "calendars:connections", "plug", MAY_WORK),
    ("Audit log", "audit:log", "shield", MAY_AUDIT),
)

_HEADQUARTERS = "Headquarters"
_KEYS = {"Calendar": "c", "Meetings": "m", "My scheduling": "l", "Audit log": "a"}


def _nav(request: HttpRequest, membership: Membership, own: Any) -> list[NavItem]:
    """The sections of the member's role; the headquarters' own where there are branches, or
    requests for its owner to answer."""
    sections: list[tuple[str, str, str, frozenset[Role]]] = list(_SECTIONS)
    requests = own.requests if own is not None and membership.role == Role.OWNER else 0
    if own is not None and (own.watched or requests):
        page = "calendars:hq" if own.watched else "calendars:headquarters"
        sections.insert(-1, (_HEADQUARTERS, page, "eye", MAY_WORK))
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
            count=requests if label == _HEADQUARTERS else 0,
            key=_KEYS.get(label, ""),
        )
        for label, url, icon in found
    ]


def _section_of(path: str, urls: list[str]) -> str:
    """The most particular section that holds the page: one section's address begins another's."""
    around = [url for url in urls if path == url or path.startswith(f"{url}/")]
    return max(around, key=len, default="")


def _workspaces(user: User) -> list[Workspace]:
    """The user's, with how many branches each watches and how many more ask it to."""
    asks = Q(branches__headquarters_accepted_at__isnull=True)
    is_watched = Q(branches__headquarters_accepted_at__isnull=False)
    rows = Workspace.objects.filter(members=user).order_by("name")
    return list(
        rows.annotate(
            watched=Count("branches", filter=is_watched),
            requests=Count("branches", filter=asks),
        )
    )


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
    workspaces = _workspaces(user)
    own = next((one for one in workspaces if membership and one == membership.workspace), None)
    return Shell(
        workspace=membership.workspace if membership else None,
        workspaces=workspaces,
        nav=_nav(request, membership, own) if membership else [],
        user_initials=_initials(user.get_full_name()),
        theme=profile.theme if profile else "",
        keys_off=profile is not None and not profile.single_keys,
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates; read from the database only when a template asks."""
    return {"shell": SimpleLazyObject(lambda: _build(request))}

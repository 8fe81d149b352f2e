"""Who uses a token: a member, a client's person, a task, or the public through a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings

from audit.enums import ActorKind

if TYPE_CHECKING:
    from django.http import HttpRequest

    from workspaces.models import ClientInvitation, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Plain values for the log row. `address` is the caller's IP address, if there is one."""

    kind: ActorKind
    id: str = ""
    name: str = ""
    request_id: str = ""
    address: str = ""


def _request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64]


def client_address(request: HttpRequest) -> str:
    """The caller's address: the one our own proxies saw, never what the caller claims."""
    remote = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        chain = [*[hop for hop in hops if hop], remote]
        remote = chain[max(0, len(chain) - 1 - settings.TRUSTED_PROXIES)]
    return remote[:45]


def user_actor(request: HttpRequest) -> Actor:
    """The signed-in user of this request."""
    user: User = request.user  # type: ignore[assignment]
    return Actor(
        kind=ActorKind.USER,
        id=str(user.pk),
        name=user.email,
        request_id=_request_id(),
        address=client_address(request),
    )


def public_actor(request: HttpRequest, link_id: UUID) -> Actor:
    """Somebody without an account who came through a booking link."""
    return Actor(
        kind=ActorKind.PUBLIC_LINK,
        id=str(link_id),
        request_id=_request_id(),
        address=client_address(request),
    )


def client_actor(request: HttpRequest, invitation: ClientInvitation) -> Actor:
    """The client's person who came in by an invitation, by the address it was sent to."""
    return Actor(
        kind=ActorKind.CLIENT,
        id=str(invitation.pk),
        name=invitation.email,
        request_id=_request_id(),
        address=client_address(request),
    )


def task_actor(name: str) -> Actor:
    """A background task, by its name."""
    return Actor(kind=ActorKind.TASK, id=name, name=name, request_id=_request_id())

"""API callers: a service token or a session, and the workspace they mean."""

from __future__ import annotations

import secrets
import uuid
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed

from common.errors import Forbidden, InvalidInput, NotFound
from common.secrets import hash_token
from workspaces import access
from workspaces.models import Membership, ServiceToken, User, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.request import Request

PREFIX = "mrd_"


def issue_service_token(
    *, workspace: Workspace, acts_as: User, name: str, scopes: Iterable[str]
) -> tuple[ServiceToken, str]:
    """Make a service token; the plain token is returned once and never stored."""
    token = PREFIX + secrets.token_urlsafe(32)
    row = ServiceToken.objects.create(
        workspace=workspace,
        acts_as=acts_as,
        name=name,
        scopes=sorted(scopes),
        token_hash=hash_token(token),
        prefix=token[:12],
    )
    return row, token


class ServiceTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer mrd_…`. A wrong one is a 401, never a fall-back to the session."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Meridian"'

    def authenticate(self, request: Request) -> tuple[User, ServiceToken] | None:
        scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        row = (
            ServiceToken.objects.select_related("workspace", "acts_as")
            .filter(token_hash=hash_token(token.strip()), revoked_at__isnull=True)
            .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
            .filter(acts_as__is_active=True)
            .first()
        )
        if row is None:
            raise AuthenticationFailed("This token is not known, or no longer.")
        ServiceToken.objects.filter(pk=row.pk).update(last_used_at=now)
        return row.acts_as, row


def membership_of(request: Request, *, scope: str) -> Membership:
    """The membership the call works in. Raises WorkspaceRequired, NotFound, Forbidden.

    `scope` is what a service token needs for this call; a session has every scope of its role.
    """
    assert isinstance(request.user, User)  # the permission class saw to it
    wanted = request.headers.get("X-Workspace", "")
    if isinstance(request.auth, ServiceToken):
        if not request.auth.has_scopes([scope]):
            raise Forbidden(f"This token lacks the scope {scope}.")
        if wanted and _workspace_id(wanted) != request.auth.workspace_id:
            raise NotFound
        return access.membership_for(request.user, request.auth.workspace_id)
    if not wanted:
        return access.only_membership(request.user)
    return access.membership_for(request.user, _workspace_id(wanted))


def _workspace_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("X-Workspace", "The X-Workspace header must be an id.") from None

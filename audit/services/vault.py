"""The token vault: sealing what comes in, erasing, and rotation of keys.

Opening a connection's token is not here: `audit.services.tokens.resolve_provider_token` is the
only way, and it writes its log row first.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.signals import setting_changed
from django.utils import timezone

from audit.crypto import KeyRing, place
from audit.enums import ConnectionState
from audit.models import OAuthToken, ServiceCredential

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.models import ConnectionBase
    from common.oauth import TokenSet
    from common.secrets import Secret
    from workspaces.models import Workspace

ACCESS, REFRESH, CREDENTIAL = "access", "refresh", "credential"


@cache
def key_ring() -> KeyRing:
    """The ring of this installation."""
    return KeyRing.from_settings(settings.TOKEN_KEYS)


def _forget_ring(*, setting: str, **kwargs: object) -> None:
    if setting == "TOKEN_KEYS":
        key_ring.cache_clear()


setting_changed.connect(_forget_ring, dispatch_uid="audit.key_ring")


def field_place(token: OAuthToken, field: str) -> str:
    """What a sealed token is bound to."""
    return place(token.workspace_id, token.connection_id, token.provider, field)


def sealed_fields(token: OAuthToken, tokens: TokenSet) -> dict[str, object]:
    """The columns to write for a new pair. An old refresh token stays when none comes back."""
    ring = key_ring()
    fields: dict[str, object] = {
        "access_sealed": ring.seal(
            tokens.access_token.reveal().encode(), field_place(token, ACCESS)
        ),
        "key_id": ring.active,
        "expires_at": tokens.expires_at,
    }
    if tokens.refresh_token is not None:
        fields["refresh_sealed"] = ring.seal(
            tokens.refresh_token.reveal().encode(), field_place(token, REFRESH)
        )
    elif token.refresh_sealed and token.key_id != ring.active:
        plain = ring.unseal(bytes(token.refresh_sealed), field_place(token, REFRESH))
        fields["refresh_sealed"] = ring.seal(plain, field_place(token, REFRESH))
    return fields


def store_tokens(*, connection: ConnectionBase, tokens: TokenSet) -> None:
    """Seal a freshly consented pair and make the connection active, unless the plan paused it."""
    token = OAuthToken.objects.filter(connection_id=connection.pk).first() or OAuthToken(
        workspace_id=connection.workspace_id,
        connection_id=connection.pk,
        provider=connection.provider,
    )
    for name, value in sealed_fields(token, tokens).items():
        setattr(token, name, value)
    token.lease_holder, token.lease_until = "", None
    token.save()
    connection.token_expires_at = tokens.expires_at
    connection.scopes = sorted(tokens.scopes)
    if connection.is_paused_by_plan:
        connection.resumes_as = ConnectionState.ACTIVE
    else:
        connection.state = ConnectionState.ACTIVE
    connection.last_error = ""
    connection.save(
        update_fields=[
            "token_expires_at", "scopes", "state", "resumes_as", "last_error", "updated_at",
        ]
    )  # fmt: skip


def store_address(*, connection: ConnectionBase, address: Secret) -> None:
    """Seal the address of a subscription: all that is needed to read it, and it never runs out.

    It is opened where tokens are, by `resolve_provider_token`, and logged like one.
    """
    token = OAuthToken.objects.filter(connection_id=connection.pk).first() or OAuthToken(
        workspace_id=connection.workspace_id,
        connection_id=connection.pk,
        provider=connection.provider,
    )
    ring = key_ring()
    token.access_sealed = ring.seal(address.reveal().encode(), field_place(token, ACCESS))
    token.key_id, token.expires_at = ring.active, None
    token.save()
    connection.state, connection.last_error = ConnectionState.ACTIVE, ""
    connection.save(update_fields=["state", "last_error", "updated_at"])


def erase_tokens(*, connection: ConnectionBase) -> None:
    """Delete the connection's sealed tokens for good."""
    OAuthToken.objects.filter(connection_id=connection.pk).delete()


def seal_text(text: str, bound_to: str) -> bytes:
    """Seal a short-lived secret that is no token, for example a PKCE verifier."""
    return key_ring().seal(text.encode(), bound_to)


def unseal_text(sealed: bytes, bound_to: str) -> str:
    """Open what `seal_text` sealed for this place. Raises audit.crypto.Unreadable."""
    return key_ring().unseal(bytes(sealed), bound_to).decode()


def store_credential(*, workspace: Workspace, kind: str, secret: Secret) -> ServiceCredential:
    """Seal a workspace's own key to a service, replacing an older one."""
    row = ServiceCredential.objects.filter(workspace=workspace, kind=kind).first()
    row = row or ServiceCredential(workspace=workspace, kind=kind)
    ring = key_ring()
    row.sealed = ring.seal(secret.reveal().encode(), place(workspace.pk, row.pk, kind, CREDENTIAL))
    row.key_id = ring.active
    row.save()
    return row


def erase_credential(*, workspace: Workspace, kind: str) -> bool:
    """Delete the workspace's key for good; whether there was one."""
    deleted, _ = ServiceCredential.objects.filter(workspace=workspace, kind=kind).delete()
    return bool(deleted)


def reseal_batches(size: int = 200) -> Iterator[int]:
    """Seal everything with the active key, batch by batch; yields how many rows each one moved.

    Online and resumable: a row that changes meanwhile is left for the next batch.
    """
    ring = key_ring()
    while True:
        tokens = list(OAuthToken.objects.exclude(key_id=ring.active)[:size])
        credentials = list(ServiceCredential.objects.exclude(key_id=ring.active)[:size])
        if not tokens and not credentials:
            return
        yield sum(map(_reseal_token, tokens)) + sum(map(_reseal_credential, credentials))


def _reseal_token(token: OAuthToken) -> int:
    ring, changes = key_ring(), {}
    for column, field in (("access_sealed", ACCESS), ("refresh_sealed", REFRESH)):
        sealed = bytes(getattr(token, column))
        if sealed:
            bound_to = field_place(token, field)
            changes[column] = ring.seal(ring.unseal(sealed, bound_to), bound_to)
    return OAuthToken.objects.filter(pk=token.pk, access_sealed=token.access_sealed).update(
        **changes, key_id=ring.active, updated_at=timezone.now()
    )


def _reseal_credential(row: ServiceCredential) -> int:
    ring = key_ring()
    bound_to = place(row.workspace_id, row.pk, row.kind, CREDENTIAL)
    return ServiceCredential.objects.filter(pk=row.pk, sealed=row.sealed).update(
        sealed=ring.seal(ring.unseal(bytes(row.sealed), bound_to), bound_to),
        key_id=ring.active,
        updated_at=timezone.now(),
    )

"""A workspace's own keys to services (Close, Zoom server-to-server), opened like tokens are.

No log row, no plain text: the row is committed before the key is unsealed.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.crypto import Unreadable, place
from audit.enums import AccessReason, Outcome
from audit.models import ServiceCredential
from audit.services import vault
from audit.services.log import Entry, append
from common.errors import ReconnectNeeded
from common.secrets import Secret

if TYPE_CHECKING:
    from audit.actors import Actor
    from workspaces.models import Workspace

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerKey:
    """A workspace's own key to a provider's account, as it is sealed."""

    account_id: str
    client_id: str
    client_secret: str = field(repr=False)

    def text(self) -> Secret:
        """What is sealed."""
        return Secret(json.dumps([self.account_id, self.client_id, self.client_secret]))

    @classmethod
    def parse(cls, text: str) -> ServerKey:
        """The key of such a text."""
        return cls(*json.loads(text))


def resolve_service_credential(
    *,
    workspace: Workspace,
    kind: str,
    actor: Actor,
    target: str = "",
    reason: AccessReason = AccessReason.CREDENTIAL_USE,
) -> Secret:
    """A workspace's own key to a service, for one operation, logged like a token.

    Raises ReconnectNeeded when none is kept, or what is kept does not open.
    """
    row = ServiceCredential.objects.filter(workspace=workspace, kind=kind).first()
    if row is None:
        raise ReconnectNeeded(f"No key for {kind} is kept for this workspace.")
    entry = Entry(
        connection_id=row.pk,
        connection_email="",
        provider=kind,
        reason=reason,
        outcome=Outcome.GRANTED,
        target=target[:255],
    )
    append(workspace_id=workspace.pk, actor=actor, entries=[entry])
    bound_to = place(workspace.pk, row.pk, kind, vault.CREDENTIAL)
    try:
        return Secret(vault.unseal_text(bytes(row.sealed), bound_to))
    except Unreadable:
        logger.error("a sealed credential does not open: is its key still on the ring?")  # noqa: TRY400 -- no traceback of what is sealed
        raise ReconnectNeeded(f"The key for {kind} has to be given again.") from None

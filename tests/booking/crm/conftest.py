"""What the tests of the CRM share: a key, and what Close holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.actors import task_actor
from booking.enums import MessageKind, Party
from booking.services import crm_accounts
from booking.services.changes import Doer
from common.models import OutboxMessage
from common.secrets import Secret
from tests.booking.conftest import deliver_all, messages

KEY = "api_2fB.secret-of-acme"
DOER = Doer(Party.OWNER, task_actor("tests"), "Alice")


class Crm:
    """The workspace's Close on the provider's side."""

    def __init__(self, sandbox, workspace, actor):
        self.sandbox, self.workspace, self.actor = sandbox, workspace, actor

    def keep(self, key=KEY, organization="Acme", workspace=None):
        self.sandbox.store.add_close_key(key, email="alice@example.com", organization=organization)
        return crm_accounts.keep_key(
            workspace=workspace or self.workspace,
            key=Secret(key),
            actor=self.actor,
            by_name="Alice",
        )

    def revoke(self, key=KEY):
        self.sandbox.store.drop("close_key", key)

    @property
    def leads(self):
        return self.sandbox.store.all("close_lead")

    @property
    def contacts(self):
        return self.sandbox.store.all("close_contact")

    @property
    def notes(self):
        return [one["note"] for one in self.sandbox.store.all("close_note")]

    def add_lead(self, email, *, name="There already", organization="Acme"):
        """A lead that somebody made in Close."""
        store = self.sandbox.store
        here = store.where("close_organization", name=organization)[0]["id"]
        number = len(store.all("close_lead")) + 1
        stamps = {"organization": here, "at": f"2026-01-{number:02}T00:00:00+00:00"}
        lead = {"id": f"lead_old{number}", "name": name, "description": "", "status": "", **stamps}
        emails = [{"type": "office", "email": email}]
        contact = {"id": f"cont_old{number}", "lead": lead["id"], "name": name, "emails": emails}
        store.put("close_lead", lead["id"], lead)
        store.put("close_contact", contact["id"], {**contact, **stamps})
        return lead


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    return made


def rows(**more):
    return messages(kind=MessageKind.CRM_LEAD, **more)


def settle(clock, rounds=12, step=timedelta(minutes=2)):
    """Let the worker go on for as long as anything waits."""
    for _ in range(rounds):
        deliver_all()
        if not OutboxMessage.objects.filter(state="pending").exists():
            return
        clock.shift(step)

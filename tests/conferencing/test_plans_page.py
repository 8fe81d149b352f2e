"""The plans page: both tables, and for owners and admins what is kept beyond the plan."""

from __future__ import annotations

import html

import pytest
from django import db
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from booking.models import BookingLink
from common import outbox
from conferencing.models import ZoomConnection
from conferencing.plans import TABLES
from patients.models import Patient
from tests.factories import make_client, make_connection, make_member, make_user, make_workspace
from workspaces.enums import Role, Tier
from workspaces.owners import ClientOwner
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db
HEADING = "Kept beyond this plan"


def text(response) -> str:
    return html.unescape(response.content.decode())


@pytest.fixture
def everything(workspace, user_owner, client_owner, northgate, alice):
    """An Enterprise workspace that uses all of it."""
    change_plan(workspace_id=workspace.pk, tier=Tier.ENTERPRISE, by=None)
    for owner in (user_owner, client_owner):
        make_connection(owner, provider="google", email=f"private-{owner.kind}@google.example")
        make_connection(owner, provider="outlook", email=f"other-{owner.kind}@outlook.example")
    ZoomConnection.objects.create(
        workspace=workspace, client=northgate, provider="zoom", account_remote_id="z"
    )
    for slug, conference in (("intro", "zoom"), ("call", "auto"), ("meet", "meet")):
        BookingLink.objects.create(
            workspace=workspace, client=northgate, slug=slug, title=slug.title(),
            conference=conference,
        )  # fmt: skip
    Patient.objects.create(workspace=workspace, given_name="Pat", family_name="Doe")
    branch = make_workspace("Branch")
    branch.headquarters, branch.headquarters_accepted_at = workspace, timezone.now()
    branch.save()
    return workspace


# What waits on each plan, by its first words.
WAITS = {
    Tier.FREE: [
        "Zoom of Northgate", "Outlook of Northgate", "Outlook of Alice", "1 branch", "1 patient",
        "Call, booking link of Northgate", "Intro, booking link of Northgate",
    ],
    Tier.STANDARD: [
        "Zoom of Northgate", "1 branch", "1 patient", "Intro, booking link of Northgate",
    ],
    Tier.ADVANCED: ["1 branch"],
    Tier.ENTERPRISE: [],
}  # fmt: skip


@pytest.mark.parametrize("tier", list(Tier))
def test_what_waits_is_named_with_its_reason_and_comes_back(sign_in, alice, everything, tier):
    change_plan(workspace_id=everything.pk, tier=tier, by=None)
    outbox.sweep()
    answer = sign_in(alice).get("/plans")
    assert [one.what for one in answer.context["beyond"]] == WAITS[tier]
    assert all(one.why for one in answer.context["beyond"])
    assert (HEADING in text(answer)) is bool(WAITS[tier])
    assert "private-" not in text(answer)
    change_plan(workspace_id=everything.pk, tier=Tier.ENTERPRISE, by=None)
    outbox.sweep()
    assert sign_in(alice).get("/plans").context["beyond"] == []


def test_members_and_auditors_do_not_see_what_others_keep(sign_in, bob, everything):
    change_plan(workspace_id=everything.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    auditor = make_user("Audrey")
    make_member(everything, auditor, role=Role.AUDITOR)
    for user in (bob, auditor):
        answer = sign_in(user).get("/plans")
        assert answer.status_code == 200
        assert HEADING not in text(answer)


def test_page_says_who_changed_the_plan_and_when(sign_in, alice, bob, workspace):
    assert "It was on" not in text(sign_in(alice).get("/plans"))
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=bob)
    page = text(sign_in(alice).get("/plans"))
    assert "It was on Advanced until" in page
    assert "Bob changed it." in page


def test_tables_show_what_the_object_holds(sign_in, alice, workspace):
    answer = sign_in(alice).get("/plans")
    shown = {key: rows for key, _, rows in answer.context["tables"]}
    for table in TABLES:
        for row, seen in zip(table.rows, shown[table.key], strict=True):
            assert seen.label == row.label
            assert [has for has, _ in seen.cells] == [tier in row.tiers for tier in Tier]
            assert row.label in text(answer)


def test_page_asks_as_often_for_many_paused_accounts_as_for_one(sign_in, alice, workspace):
    def paused_account(number):
        client = make_client(workspace, f"Client {number}")
        owner = ClientOwner(workspace=workspace, client=client)
        connection = make_connection(owner, email=f"{number}@google.example")
        connection.state, connection.resumes_as = "paused", "active"
        connection.save()

    browser = sign_in(alice)
    paused_account(0)
    with CaptureQueriesContext(db.connection) as one:
        browser.get("/plans")
    for number in range(1, 4):
        paused_account(number)
    with CaptureQueriesContext(db.connection) as four:
        assert len(browser.get("/plans").context["beyond"]) == 4
    assert len(four) == len(one)

"""Two owners, one level: who names, who accepts, who ends, and what makes it impossible."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.utils import timezone

from calendars.branches import branches_of, may_watch, requests_to
from calendars.services.headquarters import (
    accept_branch,
    end_branch,
    leave_headquarters,
    name_headquarters,
)
from common import outbox
from common.enums import OutboxState
from common.errors import Conflict, Forbidden, InvalidInput, NotFound, PlanRequired, RateLimited
from common.models import OutboxMessage
from tests.factories import make_member, make_user, make_workspace
from workspaces.enums import Role, Tier

pytestmark = pytest.mark.django_db


def owner_in(workspace):
    return workspace.memberships.select_related("workspace", "user").get(role=Role.OWNER)


@pytest.fixture
def group(db):
    """An Enterprise workspace."""
    return make_workspace("Group", tier=Tier.ENTERPRISE, owner=make_user("Hanna"))


@pytest.fixture
def watched(membership, group):
    """The first workspace as a branch of the group."""
    name_headquarters(by=membership, slug=group.slug, now=timezone.now())
    return accept_branch(by=owner_in(group), branch_id=membership.workspace_id, now=timezone.now())


def test_naming_is_a_request_until_it_is_accepted(membership, group):
    name_headquarters(by=membership, slug=f" {group.slug.upper()} ", now=timezone.now())
    assert (requests_to(group), branches_of(group)) == ([membership.workspace], [])
    accept_branch(by=owner_in(group), branch_id=membership.workspace_id, now=timezone.now())
    assert (requests_to(group), branches_of(group)) == ([], [membership.workspace])


@pytest.mark.parametrize("who", ["unknown", "itself", "not_enterprise", "a_branch"])
def test_who_cannot_watch_is_refused_in_the_same_words(membership, group, other_workspace, who):
    if who == "a_branch":
        other_workspace.headquarters = group
        other_workspace.tier = Tier.ENTERPRISE
        other_workspace.save()
    slug = {"unknown": "nobody", "itself": membership.workspace.slug}.get(who, other_workspace.slug)
    with pytest.raises(InvalidInput) as refusal:
        name_headquarters(by=membership, slug=slug, now=timezone.now())
    assert refusal.value.message.startswith("No headquarters goes by this name.")
    membership.workspace.refresh_from_db()
    assert membership.workspace.headquarters is None


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.AUDITOR])
def test_only_owners_name_accept_and_end(membership, bob_membership, group, watched, role):
    bob_membership.role = role
    for act in (
        lambda: name_headquarters(by=bob_membership, slug=group.slug, now=timezone.now()),
        lambda: accept_branch(by=bob_membership, branch_id=watched.pk, now=timezone.now()),
        lambda: leave_headquarters(by=bob_membership),
        lambda: end_branch(by=bob_membership, branch_id=watched.pk),
    ):
        with pytest.raises(Forbidden):
            act()
    assert branches_of(group) == [watched]


def test_second_headquarters_is_refused(membership, group, watched):
    other = make_workspace("Other", tier=Tier.ENTERPRISE, owner=make_user("Otto"))
    with pytest.raises(Conflict):
        name_headquarters(by=membership, slug=other.slug, now=timezone.now())


def test_branch_becomes_no_headquarters(membership, watched, other_workspace, charlie_membership):
    watched.tier = Tier.ENTERPRISE
    watched.save()
    with pytest.raises(InvalidInput):
        name_headquarters(by=charlie_membership, slug=watched.slug, now=timezone.now())
    other_workspace.headquarters = watched  # asked before it became a branch itself
    other_workspace.save()
    with pytest.raises(Conflict):
        accept_branch(by=owner_in(watched), branch_id=other_workspace.pk, now=timezone.now())
    assert branches_of(watched) == []


def test_headquarters_becomes_no_branch(group, watched):
    above = make_workspace("Above", tier=Tier.ENTERPRISE, owner=make_user("Ada"))
    with pytest.raises(Conflict):
        name_headquarters(by=owner_in(group), slug=above.slug, now=timezone.now())


def test_two_that_name_each_other_make_one_level(membership, group):
    membership.workspace.tier = Tier.ENTERPRISE
    membership.workspace.save()
    name_headquarters(by=membership, slug=group.slug, now=timezone.now())
    group.headquarters = membership.workspace
    group.save()
    with pytest.raises(Conflict):
        accept_branch(by=owner_in(group), branch_id=membership.workspace_id, now=timezone.now())


def test_workspace_that_did_not_ask_cannot_be_taken(membership, group):
    for branch_id in (membership.workspace_id, uuid4()):
        with pytest.raises(NotFound):
            accept_branch(by=owner_in(group), branch_id=branch_id, now=timezone.now())
        with pytest.raises(NotFound):
            end_branch(by=owner_in(group), branch_id=branch_id)
    assert branches_of(group) == []


@pytest.mark.parametrize("side", ["branch", "headquarters"])
@pytest.mark.parametrize("accepted", [True, False])
def test_either_ends_it_at_any_time(membership, group, side, accepted):
    name_headquarters(by=membership, slug=group.slug, now=timezone.now())
    branch_id = membership.workspace_id
    if accepted:
        accept_branch(by=owner_in(group), branch_id=branch_id, now=timezone.now())
    if side == "branch":
        leave_headquarters(by=membership)
    else:
        end_branch(by=owner_in(group), branch_id=branch_id)
    membership.workspace.refresh_from_db()
    assert membership.workspace.headquarters is None
    assert membership.workspace.headquarters_accepted_at is None
    assert branches_of(group) == requests_to(group) == []


def test_accepting_needs_the_plan(membership, group):
    name_headquarters(by=membership, slug=group.slug, now=timezone.now())
    group.tier = Tier.ADVANCED
    group.save()
    with pytest.raises(PlanRequired) as refusal:
        accept_branch(by=owner_in(group), branch_id=membership.workspace_id, now=timezone.now())
    assert refusal.value.tier == Tier.ENTERPRISE
    assert not may_watch(group)


# --- Telling and guessing ---


def test_every_owner_of_the_headquarters_is_told_once_a_day(membership, group, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    second = make_user("Hugo")
    make_member(group, second, role=Role.OWNER)
    make_member(group, make_user("Hilda"), role=Role.ADMIN)
    for _ in range(2):
        name_headquarters(by=membership, slug=group.slug, now=timezone.now())
        outbox.sweep()
        leave_headquarters(by=membership)
    first = group.memberships.exclude(user=second).get(role=Role.OWNER).user
    assert sorted(letter.to for letter in mail.outbox) == sorted([[first.email], [second.email]])
    letter = mail.outbox[0]
    assert letter.subject == "Acme asks to be a branch of yours"
    assert "Nothing is seen before you accept" in letter.body
    assert "http://testserver/workspace/headquarters" in letter.body
    html, kind = letter.alternatives[0]
    assert kind == "text/html"
    assert "<strong>Acme</strong> asks" in html


@pytest.mark.parametrize("meanwhile", ["withdrawn", "accepted", "no_owner", "left"])
def test_nobody_is_told_what_is_settled_meanwhile(membership, group, meanwhile):
    name_headquarters(by=membership, slug=group.slug, now=timezone.now())
    owner = owner_in(group)
    if meanwhile == "withdrawn":
        leave_headquarters(by=membership)
    if meanwhile == "accepted":
        accept_branch(by=owner, branch_id=membership.workspace_id, now=timezone.now())
    if meanwhile == "no_owner":
        group.memberships.update(role=Role.ADMIN)
    if meanwhile == "left":
        group.memberships.all().delete()
    outbox.sweep()
    assert mail.outbox == []
    assert OutboxMessage.objects.get().state == OutboxState.SENT


def test_a_name_with_line_breaks_makes_no_header(membership, group):
    membership.workspace.name = "Acme\r\nBcc: eve@x.example"
    membership.workspace.save()
    name_headquarters(by=membership, slug=group.slug, now=timezone.now())
    outbox.sweep()
    (letter,) = mail.outbox
    assert letter.subject == "Acme Bcc: eve@x.example asks to be a branch of yours"
    assert letter.bcc == []


def test_guessing_ends_after_ten_tries_and_a_right_guess_is_refused_too(membership, group):
    now = timezone.now()
    for number in range(10):
        with pytest.raises(InvalidInput):
            name_headquarters(by=membership, slug=f"guess-{number}", now=now)
    with pytest.raises(RateLimited, match="Nobody was asked") as refusal:
        name_headquarters(by=membership, slug=group.slug, now=now)
    assert refusal.value.retry_after <= timedelta(hours=1)
    membership.workspace.refresh_from_db()
    assert membership.workspace.headquarters is None
    name_headquarters(by=membership, slug=group.slug, now=now + timedelta(hours=1))


def test_guessing_with_many_workspaces_from_one_address_ends_too(alice, group):
    now, tries = timezone.now(), 0
    places = [owner_in(make_workspace(f"Place {n}", owner=alice)) for n in range(4)]
    for place in places[:3]:
        for _ in range(10):
            tries += 1
            with pytest.raises(InvalidInput):
                name_headquarters(by=place, slug=f"guess-{tries}", now=now, address="192.0.2.7")
    with pytest.raises(RateLimited):
        name_headquarters(by=places[3], slug=group.slug, now=now, address="192.0.2.7")
    name_headquarters(by=places[3], slug=group.slug, now=now, address="192.0.2.8")

"""The pages for members and invitations, for clients, and for one's own profile."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from common.enums import OutboxState
from common.models import OutboxMessage
from tests.factories import make_client, make_member, make_user, make_workspace
from tests.workspaces.test_members import PAGE, invite
from workspaces.enums import Role
from workspaces.models import Invitation, Membership
from workspaces.services import invitations

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


# --- Pages ---


def test_page_lists_members_and_who_may_change_them(browser, sign_in, bob, membership):
    invite(membership)
    mine = browser.get(PAGE).text
    assert "bob@example.com" in mine
    assert "new@x.example" in mine
    bobs = sign_in(bob).get(PAGE).text
    assert "alice@example.com" in bobs
    assert "new@x.example" not in bobs
    assert "/role" not in bobs


def test_number_of_queries_does_not_grow_with_members(
    browser, workspace, membership, django_assert_max_num_queries
):
    invite(membership, email="one@x.example")
    with django_assert_max_num_queries(30) as few:
        browser.get(PAGE)
    for number in range(2):
        make_member(workspace, make_user(f"More {number}"))
        invite(membership, email=f"more{number}@x.example")
    with django_assert_max_num_queries(len(few)):
        browser.get(PAGE)


def test_role_is_changed_from_the_page(browser, bob_membership):
    address = reverse("workspaces:member_role", args=[bob_membership.pk])
    assert browser.post(address, {"role": "auditor"}).url == PAGE
    bob_membership.refresh_from_db()
    assert bob_membership.role == Role.AUDITOR


@pytest.mark.parametrize("role", ["", "emperor"])
def test_role_that_is_none_changes_nothing(browser, bob_membership, role):
    address = reverse("workspaces:member_role", args=[bob_membership.pk])
    answer = browser.post(address, {"role": role}, follow=True)
    assert "Choose one of the roles." in answer.text
    bob_membership.refresh_from_db()
    assert bob_membership.role == Role.MEMBER


def test_question_removes_nobody_and_the_answer_does(browser, bob_membership):
    address = reverse("workspaces:member_remove", args=[bob_membership.pk])
    assert browser.get(address).status_code == 200
    assert Membership.objects.filter(pk=bob_membership.pk).exists()
    assert browser.post(address, {"really": "1"}).url == PAGE
    assert not Membership.objects.filter(pk=bob_membership.pk).exists()


def test_last_owner_is_told_why_they_cannot_leave(browser, membership):
    answer = browser.post(reverse("workspaces:member_remove", args=[membership.pk]))
    assert answer.status_code == 422
    assert "A workspace needs an owner." in answer.text


def test_member_leaves(sign_in, bob, bob_membership):
    browser = sign_in(bob)
    answer = browser.post(reverse("workspaces:member_remove", args=[bob_membership.pk]))
    assert answer.status_code == 302
    assert not Membership.objects.filter(pk=bob_membership.pk).exists()


def test_member_sees_no_question_about_a_colleague(sign_in, bob, membership):
    answer = sign_in(bob).get(reverse("workspaces:member_remove", args=[membership.pk]))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "nobody", "role": "member"}, "email"),
        ({"email": "", "role": "member"}, "email"),
        ({"email": "bob@example.com", "role": "member"}, "email"),
        ({"email": "new@x.example", "role": "emperor"}, "role"),
    ],
)
def test_wrong_invitation_is_refused_at_its_field(browser, bob, fields, field):
    answer = browser.post("/members/invite", fields)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Invitation.objects.exists()


def test_failed_mail_is_said_and_sent_again(browser, membership):
    invitation = invite(membership)
    OutboxMessage.objects.update(state=OutboxState.FAILED, last_error="refused")
    assert "The mail was not sent" in browser.get(PAGE).text
    browser.post(reverse("workspaces:invitation_send", args=[invitation.pk]))
    assert OutboxMessage.objects.get().state == OutboxState.PENDING


def test_invitation_page_asks_first_and_joins_on_the_answer(
    sign_in, membership, workspace, charlie, charlie_membership
):
    token = invitations.token_of(invite(membership, email=charlie.email, now=datetime.now(UTC)))
    address, browser = reverse("workspaces:invitation", args=[token]), sign_in(charlie)
    assert browser.get(address).status_code == 200
    assert not workspace.memberships.filter(user=charlie).exists()
    assert browser.post(address).status_code == 302
    assert workspace.memberships.filter(user=charlie).exists()
    assert browser.session["workspace_id"] == str(workspace.pk)
    assert browser.get(address).status_code == 404


def test_invitation_of_somebody_else_tells_nothing_but_that(sign_in, membership, charlie):
    token = invitations.token_of(invite(membership, now=datetime.now(UTC)))
    browser = sign_in(charlie)
    for answer in (browser.get(f"/invitations/{token}"), browser.post(f"/invitations/{token}")):
        assert answer.status_code == 403
        assert "new@x.example" not in answer.text
        assert membership.workspace.name not in answer.text
    assert not membership.workspace.memberships.filter(user=charlie).exists()


def test_invitation_page_asks_for_sign_in_and_knows_the_way_back(client, membership):
    token = invitations.token_of(invite(membership, now=datetime.now(UTC)))
    answer = client.get(f"/invitations/{token}")
    assert answer.url == f"/accounts/login/?next=/invitations/{token}"


# --- Clients and profile ---


def test_client_is_added_with_the_usual_hours(browser, workspace):
    fields = {
        "name": "Larkfield", "timezone": "Europe/Dublin", "primary_contact_name": "Orla",
        "primary_contact_email": "orla@larkfield.example",
    }  # fmt: skip
    assert browser.post("/clients/new", fields).url == "/clients"
    added = workspace.clients.get()
    assert (added.name, added.timezone) == ("Larkfield", "Europe/Dublin")
    assert added.availability_settings["monday"]["enabled"] is True
    assert "Larkfield" in browser.get("/clients").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"primary_contact_email": "orla@"}, "primary_contact_email"),
    ],
)
def test_wrong_client_is_refused_at_its_field(browser, workspace, changes, field):
    fields = {"name": "Larkfield", "timezone": "Europe/Dublin", **changes}
    answer = browser.post("/clients/new", fields)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not workspace.clients.exists()


def test_clients_of_other_workspaces_are_not_listed(browser, workspace, other_workspace):
    make_client(workspace, "Ours")
    make_client(other_workspace, "Theirs")
    answer = browser.get("/clients")
    assert [row.name for row in answer.context["clients"]] == ["Ours"]
    assert "Nothing" not in answer.text
    assert "No client is called" in browser.get("/clients?q=Theirs").text


def test_client_details_are_changed(browser, northgate):
    fields = {
        "name": "Northgate Group", "timezone": "America/New_York", "primary_contact_name": "Kim",
        "primary_contact_email": "kim@northgate.example", "preferred_conference": "zoom",
    }  # fmt: skip
    address = reverse("booking:client_edit", args=[northgate.pk])
    assert browser.get(address).status_code == 200
    answer = browser.post(address, fields)
    assert answer.url == reverse("booking:client_info", args=[northgate.pk])
    northgate.refresh_from_db()
    assert {name: getattr(northgate, name) for name in fields} == fields


def test_profile_is_kept(browser, alice):
    fields = {
        "name": "Alice Ray", "timezone": "Asia/Tokyo", "second_timezone": "Europe/Dublin",
        "preferred_conference": "", "single_keys": "",
    }  # fmt: skip
    assert browser.post("/profile", fields).url == "/profile"
    alice.refresh_from_db(), alice.profile.refresh_from_db()
    assert (alice.name, alice.profile.timezone) == ("Alice Ray", "Asia/Tokyo")
    assert (alice.profile.second_timezone, alice.profile.single_keys) == ("Europe/Dublin", False)
    assert 'data-keys="off"' in browser.get("/profile").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"timezone": "x"}, "timezone"),
        ({"second_timezone": "x"}, "second_timezone"),
    ],
)
def test_wrong_profile_is_refused_at_its_field(browser, changes, field):
    answer = browser.post("/profile", {"name": "A", "timezone": "UTC", **changes})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_theme_without_scripts_leads_back_and_nowhere_else(browser):
    assert browser.post("/theme", {"theme": "dark", "next": "/meetings"}).url == "/meetings"
    elsewhere = browser.post("/theme", {"theme": "dark", "next": "//evil.example/"})
    assert elsewhere.url == "/"


def test_plans_mark_the_workspaces_own(browser, workspace):
    answer = browser.get("/plans")
    assert [column.label for column in answer.context["columns"] if column.is_mine] == ["Advanced"]
    tables = {key: rows for key, _, rows in answer.context["tables"]}
    assert {key: len(rows) for key, rows in tables.items()} == {"plans": 9, "conferencing": 4}
    zoom = next(row for row in tables["conferencing"] if row.label == "Zoom")
    assert [has for has, _ in zoom.cells] == [False, False, True, True]


def test_workspace_without_members_page_is_404_for_strangers(sign_in):
    assert sign_in(make_user("Nobody")).get(PAGE).status_code == 404


def test_workspace_pages_speak_of_the_sessions_workspace_only(sign_in, alice, workspace):
    second = make_workspace("Second", owner=alice)
    browser = sign_in(alice)
    browser.post("/workspaces/switch", {"workspace": second.pk})
    assert [row.user for row in browser.get(PAGE).context["members"]] == [alice]


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.OWNER, "/calendar"),
        (Role.ADMIN, "/calendar"),
        (Role.MEMBER, "/calendar"),
        (Role.AUDITOR, "/audit"),
    ],
)
def test_everybody_lands_on_a_page_of_theirs(workspace, sign_in, role, page):
    user = make_user("Somebody")
    make_member(workspace, user, role=role)
    browser = sign_in(user)
    assert browser.get("/").url == page
    assert browser.get(page).status_code == 200


def test_people_in_no_workspace_land_on_their_profile_and_operators_in_the_admin(client, sign_in):
    assert client.get("/").url == "/accounts/login/"  # whose page it is shows after signing in
    person, operator = make_user("Person"), make_user("Operator", is_staff=True)
    for user, page in ((person, "/profile"), (operator, "/admin/")):
        browser = sign_in(user)
        assert browser.get("/").url == page
        assert browser.get(page).status_code == 200

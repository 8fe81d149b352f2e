"""Django admin: every table opens for an operator, none shows a secret, nobody else gets in."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit.models import OAuthToken, OAuthTokenAccessLog
from calendars.models import CalendarConnection, UserCalendarConnection
from common.enums import OutboxState
from common.models import OutboxMessage
from conferencing.models import ZoomConnection
from tests.factories import make_user, make_workspace
from tests.rows import make_rows, our_models
from workspaces.authentication import hash_token
from workspaces.enums import Tier
from workspaces.models import ServiceToken, User, Workspace

pytestmark = pytest.mark.django_db
HAND_KEPT = {"Discipline", "Practitioner", "Patient", "Authorization", "User", "Workspace"}


@pytest.fixture
def operator(db):
    return make_user("Operator", is_staff=True, is_superuser=True)


@pytest.fixture
def desk(sign_in, operator):
    return sign_in(operator)


@pytest.fixture
def rows(workspace, alice):
    return make_rows(workspace, alice)


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def test_every_table_of_ours_is_there():
    assert set(our_models()) <= set(admin.site._registry)


def test_tables_of_others_with_secrets_are_not():
    labels = {model._meta.label_lower for model in admin.site._registry}
    assert not labels & {
        "mfa.authenticator", "usersessions.usersession", "socialaccount.socialtoken",
        "socialaccount.socialapp", "account.emailconfirmation", "sessions.session",
    }  # fmt: skip


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_pages_open_and_show_no_secret(desk, rows, model):
    row = rows[model]
    listed = desk.get(page(model, "changelist"))
    one = desk.get(page(model, "change", row.pk))
    assert (listed.status_code, one.status_code) == (200, 200)
    assert listed.context["cl"].result_count >= 1
    for answer in (listed, one):
        found = [secret for secret in rows.secrets if secret in answer.text]
        assert found == []


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_no_column_that_sounds_like_a_secret_is_shown(desk, rows, model):
    shown = desk.get(page(model, "change", rows[model].pk)).context["adminform"]
    names = {name for fieldset in shown for line in fieldset for name in line.fields}
    suspicious = {
        name
        for name in names
        if any(
            word in name
            for word in ("sealed", "secret", "password", "verifier", "cursor", "holder")
        )
        or (
            name.endswith("hash")
            and model.__name__ not in {"OAuthTokenAccessLog", "AuditChainHead"}
        )
    }
    assert suspicious == set()


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_search_finds_by_no_secret(desk, rows, model):
    searched = admin.site._registry[model].search_fields
    names = {field.lstrip("=^@").split("__")[0] for field in searched}
    assert not {name for name in names if "hash" in name or "sealed" in name}
    if searched:
        assert desk.get(page(model, "changelist"), {"q": "nothing"}).status_code == 200


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model.__name__)
def test_list_needs_no_query_for_each_row(desk, rows, workspace, alice, model):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(page(model, "changelist")).status_code == 200
        return len(captured)

    queries()
    few = queries()
    for number in range(2):
        user = make_user(f"More {number}")
        other = make_workspace(f"More {number}", owner=user)
        make_rows(other, user)
    assert queries() <= few


@pytest.mark.parametrize(
    "model",
    [model for model in our_models() if model.__name__ not in HAND_KEPT],
    ids=lambda model: model.__name__,
)
def test_what_services_write_is_changed_nowhere_else(desk, rows, model):
    row = rows[model]
    assert desk.post(page(model, "change", row.pk), {}).status_code == 403
    assert desk.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    if model is not ServiceToken:
        assert desk.get(page(model, "add")).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("path", ["/admin/", "/admin/audit/oauthtokenaccesslog/"])
def test_nobody_else_gets_in(client, sign_in, alice, workspace, path):
    assert client.get(path).status_code == 302
    answer = sign_in(alice).get(path, follow=True)
    assert answer.status_code == 403


def test_tier_is_set_here(desk, rows, workspace):
    fields = {"name": "Acme", "slug": workspace.slug, "tier": "enterprise", "timezone": "UTC"}
    assert desk.post(page(Workspace, "change", workspace.pk), fields).status_code == 302
    workspace.refresh_from_db()
    assert workspace.tier == Tier.ENTERPRISE
    change = workspace.plan_changes.first()
    assert (change.from_tier, change.to_tier) == (Tier.ADVANCED, Tier.ENTERPRISE)
    assert change.changed_by.is_staff
    assert change.changed_by_name
    renamed = {**fields, "name": "Acme Ltd"}
    assert desk.post(page(Workspace, "change", workspace.pk), renamed).status_code == 302
    workspace.refresh_from_db()
    assert (workspace.name, workspace.plan_changes.first()) == ("Acme Ltd", change)
    assert desk.post(page(Workspace, "delete", workspace.pk), {"post": "yes"}).status_code == 403


def test_user_is_made_by_email(desk):
    fields = {
        "email": "New@Example.com", "name": "New", "usable_password": "true",
        "password1": "correct horse battery", "password2": "correct horse battery",
    }  # fmt: skip
    answer = desk.post(page(User, "add"), fields)
    assert answer.status_code == 302
    assert User.objects.get(email="new@example.com").check_password("correct horse battery")


def test_password_of_a_user_is_set_and_never_shown(desk, alice):
    address = reverse("admin:auth_user_password_change", args=[alice.pk])
    answer = desk.get(address)
    assert answer.status_code == 200
    assert alice.password not in answer.text
    fields = {"password1": "another good horse", "password2": "another good horse"}
    desk.post(address, {**fields, "usable_password": "true"})
    alice.refresh_from_db()
    assert alice.check_password("another good horse")


def test_operator_who_is_no_superuser_gives_themself_no_rights(sign_in, alice):
    clerk = make_user("Clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["change_user", "view_user"]))
    browser = sign_in(clerk)
    fields = {
        "name": "H",
        "email": "x@y.example",
        "is_active": "on",
        "is_superuser": "on",
        "is_staff": "on",
    }
    browser.post(page(User, "change", clerk.pk), fields)
    clerk.refresh_from_db()
    assert (clerk.name, clerk.is_superuser) == ("H", False)
    assert clerk.email != "x@y.example"


def test_failed_message_is_sent_again(desk, rows):
    message = rows[OutboxMessage]
    desk.post(
        page(OutboxMessage, "changelist"), {"action": "send_again", "_selected_action": message.pk}
    )
    message.refresh_from_db()
    assert (message.state, message.attempts) == (OutboxState.PENDING, 0)


def test_failed_message_is_put_aside_and_back(desk, rows):
    message, address = rows[OutboxMessage], page(OutboxMessage, "changelist")
    for action, state in (("dismiss", OutboxState.CANCELLED), ("put_back", OutboxState.FAILED)):
        desk.post(address, {"action": action, "_selected_action": message.pk})
        message.refresh_from_db()
        assert message.state == state
    assert "1 failed" in desk.get(address).text


@pytest.mark.parametrize("model", [CalendarConnection, UserCalendarConnection, ZoomConnection])
def test_connection_is_disconnected_through_the_service(desk, rows, model):
    row = rows[model]
    answer = desk.post(
        page(model, "changelist"),
        {"action": "disconnect", "_selected_action": row.pk},
        follow=True,
    )
    assert "is disconnected." in answer.text
    assert not model.objects.filter(pk=row.pk).exists()
    assert not OAuthToken.objects.filter(connection_id=row.pk).exists()


def test_action_needs_the_right_to_change(sign_in, rows):
    viewer = make_user("Viewer", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename="view_usercalendarconnection"))
    row = rows[UserCalendarConnection]
    browser = sign_in(viewer)
    listed = page(UserCalendarConnection, "changelist")
    assert browser.get(listed).status_code == 200
    browser.post(listed, {"action": "disconnect", "_selected_action": row.pk})
    assert UserCalendarConnection.objects.filter(pk=row.pk).exists()


def test_service_token_is_shown_once_and_works(desk, workspace, alice):
    fields = {
        "workspace": workspace.pk, "acts_as": alice.pk, "name": "sync",
        "scopes": "b.read a.read", "expires_at_0": "", "expires_at_1": "",
    }  # fmt: skip
    answer = desk.post(page(ServiceToken, "add"), fields)
    row = ServiceToken.objects.get()
    plain = answer.context["plain"]
    assert (row.token_hash, row.scopes) == (hash_token(plain), ["a.read", "b.read"])
    assert answer.text.count(plain) == 1
    assert row.token_hash not in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    again = desk.get(page(ServiceToken, "change", row.pk)).text + desk.get("/admin/").text
    assert plain not in again


def test_service_token_acts_as_nobody_from_outside(desk, workspace, charlie):
    fields = {"workspace": workspace.pk, "acts_as": charlie.pk, "name": "sync", "scopes": "a"}
    answer = desk.post(page(ServiceToken, "add"), fields)
    assert "not a member of the workspace" in answer.text
    assert not ServiceToken.objects.exists()


def test_service_token_is_revoked(desk, rows):
    row = rows[ServiceToken]
    desk.post(page(ServiceToken, "changelist"), {"action": "revoke", "_selected_action": row.pk})
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_log_takes_no_change_and_no_delete_action(desk, rows):
    listed = page(OAuthTokenAccessLog, "changelist")
    row = rows[OAuthTokenAccessLog]
    desk.post(listed, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    assert OAuthTokenAccessLog.objects.filter(pk=row.pk).exists()

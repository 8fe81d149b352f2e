"""The log page: who may read it, what it shows, its filters, its proof and its export."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from audit import views
from audit.actors import Actor, task_actor
from audit.enums import AccessReason, ActorKind, Outcome
from audit.models import OAuthTokenAccessLog
from audit.services.log import append, entry_for
from common import triggers
from tests.factories import make_connection, make_member, make_user
from workspaces.enums import Role
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 18, 14, 20, 7, 114_000, tzinfo=UTC)
PAGE = "/audit"
EXPORT = "/audit/export.csv"


@pytest.fixture
def connection(user_owner):
    return make_connection(user_owner, email="amara@finchharbour.example")


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def note(connection, reason=AccessReason.EVENTS_LIST, outcome=Outcome.GRANTED, **more):
    actor = more.pop("actor", task_actor("calendars.sync"))
    at = more.pop("at", AT)
    entry = entry_for(connection, reason, outcome, **more)
    return append(workspace_id=connection.workspace_id, actor=actor, entries=[entry], now=at)[0]


def seqs(answer):
    return [line.row.seq for line in answer.context["lines"]]


# --- Who ---


def test_owner_admin_and_auditor_read_it_and_a_member_does_not(workspace, sign_in):
    statuses = {}
    for role in Role:
        user = make_user(role.label)
        make_member(workspace, user, role=role)
        browser = sign_in(user)
        statuses[role] = (browser.get(PAGE).status_code, browser.get(EXPORT).status_code)
    assert statuses == {
        Role.OWNER: (200, 200), Role.ADMIN: (200, 200), Role.MEMBER: (404, 404),
        Role.AUDITOR: (200, 200),
    }  # fmt: skip


def test_rows_of_another_workspace_are_not_shown(browser, connection, charlie, other_workspace):
    theirs = make_connection(owner_of_user(charlie, other_workspace), email="secret@theirs.example")
    note(theirs), note(connection)
    answer = browser.get(PAGE)
    assert seqs(answer) == [1]
    assert "secret@theirs.example" not in answer.text
    assert "secret@theirs.example" not in b"".join(browser.get(EXPORT)).decode()


# --- What ---


def test_row_is_shown_to_the_millisecond_in_utc(browser, connection):
    note(connection, target="week 2026-11-16")
    page = browser.get(PAGE).text
    assert "14:20:07.114" in page
    assert "Wednesday 18 November 2026" in page
    assert "calendar.events.list" in page
    assert "week 2026-11-16" in page


def test_denied_row_is_tinted_and_worded(browser, connection):
    note(connection, outcome=Outcome.DENIED)
    page = browser.get(PAGE).text
    assert page.count('class="is-denied"') == 1
    assert "denied</span>" in page


def test_what_others_wrote_is_escaped(browser, connection):
    note(connection, target="<script>alert(1)</script>")
    assert "<script>alert(1)" not in browser.get(PAGE).text


# --- Filters ---


def test_each_filter_narrows(browser, connection, user_owner):
    other = make_connection(user_owner, email="studio@finchharbour.example")
    ann = Actor(kind=ActorKind.USER, id=str(uuid.uuid4()), name="ann@x.example")
    note(connection)
    note(other, AccessReason.EVENT_DELETE, actor=ann, at=AT + timedelta(days=1))
    note(connection, AccessReason.TOKEN_REFRESH, at=AT + timedelta(days=2))
    note(connection, AccessReason.EVENT_CREATE, outcome=Outcome.DENIED, at=AT + timedelta(days=3))
    found = {
        query: seqs(browser.get(f"{PAGE}?{query}"))
        for query in (
            "",
            f"connection={other.pk}",
            "actor=ann@",
            f"actor={ann.id[:8]}",
            "reason=token.refresh",
            "act=read",
            "act=write",
            "act=delete",
            "act=key",
            "act=denied",
            "act=read&reason=token.refresh",
            "since=2026-11-19",
            "until=2026-11-18",
            "since=2026-11-19&until=2026-11-19",
        )
    }
    assert found == {
        "": [4, 3, 2, 1],
        f"connection={other.pk}": [2],
        "actor=ann@": [2],
        f"actor={ann.id[:8]}": [2],
        "reason=token.refresh": [3],
        "act=read": [1],
        "act=write": [4],
        "act=delete": [2],
        "act=key": [3],
        "act=denied": [4],
        "act=read&reason=token.refresh": [],
        "since=2026-11-19": [4, 3, 2],
        "until=2026-11-18": [1],
        "since=2026-11-19&until=2026-11-19": [2],
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2026-13-01", "until"),
        ("reason=because", "reason"),
        ("act=dance", "act"),
        ("connection=x", "connection"),
        ("connection=2870da98-5597-4956-8616-d146d18d9bde", "connection"),
        ("before=soon", "before"),
        ("before=-1", "before"),
        (f"before={10**30}", "before"),
    ],
)
@pytest.mark.parametrize("path", [PAGE, EXPORT])
def test_filter_that_means_nothing_is_refused_at_its_field(browser, connection, query, field, path):
    note(connection)
    answer = browser.get(f"{path}?{query}")
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["lines"] == []


def test_pages_follow_each_other_without_gap_or_repeat(browser, connection, monkeypatch):
    monkeypatch.setattr(views, "PAGE_ROWS", 2)
    for _ in range(5):
        note(connection)
    seen, address = [], PAGE
    while address:
        answer = browser.get(address)
        seen.append(seqs(answer))
        address = answer.context.get("older")
        note(connection)  # a row that comes meanwhile moves no page
    assert seen == [[5, 4], [3, 2], [1]]


def test_page_costs_the_same_for_one_row_and_many(
    browser, connection, django_assert_max_num_queries
):
    note(connection)
    with django_assert_max_num_queries(20) as few:
        browser.get(PAGE)
    note(connection), note(connection)
    with django_assert_max_num_queries(len(few)):
        browser.get(PAGE)


# --- Proof ---


def test_state_is_unknown_until_somebody_checks_and_kept_after(browser, connection):
    note(connection)
    assert browser.get(PAGE).context["check"] is None
    checked = browser.get(f"{PAGE}?check=1")
    assert "Unbroken to row 1." in checked.text
    assert browser.get(PAGE).context["check"].report.is_whole


def test_page_is_there_while_redis_is_away(browser, connection, settings):
    """It was an error page: the answer of the last check is kept in the cache."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    note(connection)
    assert "Unbroken to row 1." in browser.get(f"{PAGE}?check=1").text
    assert browser.get(PAGE).context["check"] is None


def test_broken_chain_is_said_with_its_row(browser, connection):
    note(connection), note(connection)
    triggers.drop_all()
    try:
        with database.cursor() as cursor:
            cursor.execute("UPDATE oauth_token_access_log SET target = 'forged' WHERE seq = 1")
    finally:
        triggers.create_all()
    page = browser.get(f"{PAGE}?check=1").text
    assert "Broken at row 1." in page
    assert "its content was changed" in page


def test_chain_too_long_for_a_page_names_the_command(browser, connection, monkeypatch):
    monkeypatch.setattr(views, "CHECKABLE_ROWS", 0)
    note(connection)
    answer = browser.get(f"{PAGE}?check=1")
    assert answer.context["check"] is None
    assert "verify_audit_chain" in answer.text


# --- Export ---


def test_export_holds_every_column_of_the_rows_asked_for(browser, connection, workspace):
    note(connection), note(connection, AccessReason.EVENT_DELETE)
    answer = browser.get(f"{EXPORT}?act=delete")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert workspace.slug in answer.headers["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(b"".join(answer).decode()))
    stored = OAuthTokenAccessLog.objects.get(seq=2)
    assert row["reason"] == "calendar.events.delete"
    assert (row["previous_hash"], row["hash"]) == (stored.previous_hash, stored.hash)
    assert row["at"] == "2026-11-18T14:20:07.114000+00:00"


@pytest.mark.parametrize("target", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_export_is_no_program_for_a_spreadsheet(browser, connection, target):
    note(connection, target=target)
    (row,) = csv.DictReader(io.StringIO(b"".join(browser.get(EXPORT)).decode()))
    assert row["target"] == f"'{target}"


def test_reading_and_exporting_write_no_row(browser, connection):
    note(connection)
    for path in (PAGE, f"{PAGE}?check=1"):
        browser.get(path)
    b"".join(browser.get(EXPORT))
    assert OAuthTokenAccessLog.objects.count() == 1

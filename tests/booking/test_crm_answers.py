"""Answers of Close that tell nothing, or no: one lead and one note come of them all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.enums import ConnectionState
from booking.enums import CrmLeadState
from booking.models import CrmAccount, CrmLead
from booking.services import crm_accounts, crm_upkeep
from tests.booking.conftest import book, deliver_all
from tests.booking.crm.conftest import Crm, rows, settle

pytestmark = pytest.mark.django_db
FEW = timedelta(seconds=40)
PAGE = "<!doctype html><title>One moment</title>"


@pytest.fixture
def crm(sandbox, workspace, actor):
    made = Crm(sandbox, workspace, actor)
    made.keep()
    # Nobody finds at once what was made a moment ago.
    sandbox.store.set_setting("close.search_lag", 60)
    return made


def answer_instead(crm, ending, body, status="200 OK", **headers):
    """Close does what it is asked at such an address, and the answer is another one, once."""
    adapter = crm.sandbox.adapter
    real = adapter.app

    def app(environ, start_response):
        if environ["REQUEST_METHOD"] != "POST" or not environ["PATH_INFO"].endswith(ending):
            return real(environ, start_response)
        adapter.app = real
        done = b"".join(real(environ, lambda *_: None))
        start_response(status, [(name.replace("_", "-"), value) for name, value in headers.items()])
        return [done[:-9] if body is ... else body.encode()]

    adapter.app = app


UNCLEAR = [
    (PAGE, "200 OK", {}),
    ("", "200 OK", {}),
    (..., "200 OK", {}),
    ("[]", "200 OK", {}),
    ('{"id": 5, "contacts": []}', "200 OK", {}),
    ('{"id": "lead_x", "contacts": []}', "200 OK", {}),
    ("", "201 Created", {}),
    ("", "303 See Other", {"Location": "https://app.close.com/api/v1/lead/lead_x/"}),
    ("", "307 Temporary Redirect", {"Location": "https://login.example/"}),
    (PAGE, "408 Request Timeout", {}),
    (PAGE, "500 Internal Server Error", {}),
    (PAGE, "502 Bad Gateway", {}),
    ("{}", "504 Gateway Timeout", {}),
    ("{}", "520 Unknown", {}),
]
IDS = [f"{status.partition(' ')[0]}-{number}" for number, (_, status, _) in enumerate(UNCLEAR)]


@pytest.mark.parametrize(("body", "status", "headers"), UNCLEAR, ids=IDS)
def test_of_a_lead_that_was_made_makes_no_second_one(crm, user_link, clock, body, status, headers):
    answer_instead(crm, "/lead/", body, status, **headers)
    book(user_link)
    deliver_all()
    assert CrmLead.objects.get().state == CrmLeadState.ASKED
    settle(clock, step=FEW)
    assert len(crm.leads) == len(crm.contacts) == len(crm.notes) == 1
    assert CrmLead.objects.get().lead_remote_id == crm.leads[0]["id"]
    assert {one.state for one in rows()} == {"sent"}


@pytest.mark.parametrize(("body", "status", "headers"), UNCLEAR, ids=IDS)
def test_of_a_note_that_was_made_makes_no_second_one(crm, user_link, clock, body, status, headers):
    answer_instead(crm, "/activity/note/", body, status, **headers)
    book(user_link)
    settle(clock, step=FEW)
    assert len(crm.leads) == len(crm.notes) == 1
    assert {one.state for one in rows()} == {"sent"}


@pytest.mark.parametrize("operation", ["close.leads.create", "close.notes.create"])
def test_key_refused_half_way_is_gone_on_with_by_the_next(crm, user_link, clock, operation):
    crm.sandbox.fault(operation, status=401)
    book(user_link)
    settle(clock, step=FEW)
    assert CrmAccount.objects.get().state == ConnectionState.RECONNECT_NEEDED
    assert [one.state for one in rows()] == ["failed"]
    crm.keep("api_the-next-one")
    settle(clock, step=FEW)
    assert len(crm.leads) == len(crm.contacts) == len(crm.notes) == 1


@pytest.mark.parametrize("status", [402, 403])
def test_right_that_is_missing_half_way_is_said_and_can_be_put_right(
    crm, user_link, clock, workspace, status
):
    crm.sandbox.fault("close.leads.create", status=status)
    book(user_link)
    settle(clock, step=FEW)
    assert CrmAccount.objects.get().state == ConnectionState.ACTIVE
    assert len(crm_upkeep.troubles_of(workspace)) == 1
    crm_accounts.send_all_again(workspace)
    settle(clock, step=FEW)
    assert len(crm.leads) == len(crm.notes) == 1
    assert crm_upkeep.troubles_of(workspace) == []


def test_wait_that_close_asks_for_is_waited(crm, user_link, clock):
    limit = "limit=100, remaining=0, reset=300"
    crm.sandbox.fault("close.notes.create", status=429, rate_limit=limit)
    book(user_link)
    deliver_all()
    clock.shift(timedelta(seconds=290))
    deliver_all()
    assert crm.notes == []
    clock.shift(timedelta(seconds=20))
    deliver_all()
    assert len(crm.notes) == 1

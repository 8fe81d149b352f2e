"""Close's client: what it sends and believes, its table of refusals, and the sandbox's search."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
import requests
import responses

from booking.close import CloseAccount, CloseClient, LeadDraft
from booking.close_errors import CloseGone, LeadStatusGone, NotTaken
from common.errors import (
    BadReply,
    RateLimited,
    ReconnectNeeded,
    Unsupported,
    UpstreamForbidden,
    UpstreamUnavailable,
)
from common.secrets import Secret
from tests.conftest import SANDBOX_URL

API = "https://api.close.com/api/v1"
KEY = "api_2fB.secret"
ANN = LeadDraft("Ann Other", "ann@tallship.example", "Made by Meridian. Ref mrd-1")


@pytest.fixture
def bare():
    """Against whatever `responses` says."""
    return CloseClient(Secret(KEY), api_url=API, time_limit=timedelta(seconds=5))


@pytest.fixture
def close(sandbox, settings):
    sandbox.store.add_close_key(KEY, email="amara@finch.example", organization="Finch")
    limit = timedelta(seconds=5)
    return CloseClient(Secret(KEY), api_url=settings.CLOSE_API_URL, time_limit=limit)


def contact(email="ann@tallship.example", **fields):
    record = {"id": "cont_1", "lead_id": "lead_1", "emails": [{"email": email}]}
    return {**record, "date_created": "2026-01-01T00:00:00+00:00", **fields}


def found(*records, **more):
    return {"data": list(records), "cursor": None, **more}


# --- What is sent ---


@responses.activate
def test_key_goes_as_the_user_of_basic_and_nowhere_else(bare):
    responses.get(f"{API}/me/", json={"id": "user_1", "email": "a@b.example", "organizations": []})
    bare.account()
    sent = responses.calls[0].request
    assert sent.headers["Authorization"] == "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    assert KEY not in sent.url


@responses.activate
def test_lead_is_sent_with_its_contact_and_status(bare):
    made = {"id": "lead_1", "contacts": [contact()]}
    responses.post(f"{API}/lead/", json=made)
    known = bare.create_lead(LeadDraft("Ann\n Other", ANN.email, ANN.description, "stat_9"))
    assert (known.lead_id, known.remote_id) == ("lead_1", "cont_1")
    assert json.loads(responses.calls[0].request.body) == {
        "name": "Ann Other",
        "description": ANN.description,
        "status_id": "stat_9",
        "contacts": [{"name": "Ann Other", "emails": [{"type": "office", "email": ANN.email}]}],
    }


@responses.activate
def test_search_asks_for_contacts_by_their_address(bare):
    responses.post(f"{API}/data/search/", json=found())
    assert bare.find_by_email(" Ann@Tallship.example ") == []
    sent = json.loads(responses.calls[0].request.body)
    kind, related = sent["query"]["queries"]
    assert kind == {"type": "object_type", "object_type": "contact"}
    assert related["related_query"]["condition"]["value"] == "ann@tallship.example"
    assert "emails" in sent["_fields"]["contact"]


# --- What is believed ---


@responses.activate
def test_only_exactly_the_address_is_found_whatever_its_case(bare):
    near = [
        contact("mary.ann@tallship.example", id="cont_2"),
        contact("ann@tallship.example.org", id="cont_3"),
        contact("ANN@Tallship.example", id="cont_4", lead_id="lead_4"),
    ]
    responses.post(f"{API}/data/search/", json=found(*near))
    assert [one.lead_id for one in bare.find_by_email("ann@tallship.example")] == ["lead_4"]


@responses.activate
def test_of_several_the_oldest_comes_first_whatever_the_index_says(bare):
    new = contact(id="cont_b", lead_id="lead_b", date_created="2026-03-01T00:00:00+00:00")
    old = contact(id="cont_a", lead_id="lead_a", date_created="2025-03-01T00:00:00+00:00")
    responses.post(f"{API}/data/search/", json=found(new, cursor="next"))
    responses.post(f"{API}/data/search/", json=found(old))
    assert [one.lead_id for one in bare.find_by_email(ANN.email)] == ["lead_a", "lead_b"]
    assert json.loads(responses.calls[1].request.body)["cursor"] == "next"


@pytest.mark.parametrize(
    "answer",
    [[], {"data": None}, {"data": ["x"]}, found({"id": "cont_1"}), found(contact(id="../me"))],
)
@responses.activate
def test_answer_of_another_shape_is_not_an_empty_one(bare, answer):
    responses.post(f"{API}/data/search/", json=answer)
    with pytest.raises(BadReply):
        bare.find_by_email(ANN.email)


@responses.activate
def test_search_without_an_end_is_not_believed(bare):
    responses.post(f"{API}/data/search/", json=found(cursor="again"))
    with pytest.raises(BadReply):
        bare.find_by_email(ANN.email)


@pytest.mark.parametrize("remote_id", ["", "../me", "a/b", "x" * 65, "a b"])
def test_id_that_is_none_never_reaches_an_address(bare, remote_id):
    with pytest.raises(CloseGone):
        bare.contacts_of(remote_id)
    with pytest.raises(CloseGone):
        bare.update_note(remote_id, text="x")


@responses.activate
def test_key_of_several_organisations_is_known_by_its_user(bare):
    several = [{"id": "orga_1", "name": "One"}, {"id": "orga_2", "name": "Two"}]
    me = {"id": "user_1", "email": "a@b.example", "organizations": several}
    responses.get(f"{API}/me/", json=me)
    assert bare.account() == CloseAccount("a@b.example", "user_1", "a@b.example")


# --- What is refused ---

FIELDS = {"errors": [], "field-errors": {}}
TABLE = [
    (400, {**FIELDS, "field-errors": {"emails": "Invalid: ann@x"}}, Unsupported),
    (400, {**FIELDS, "field-errors": {"status_id": "gone"}}, LeadStatusGone),
    (400, {**FIELDS, "field-errors": {"lead_id": "gone"}}, CloseGone),
    (400, FIELDS, Unsupported),
    (400, ["odd"], Unsupported),
    (401, {"error": "no such key"}, ReconnectNeeded),
    (402, {}, UpstreamForbidden),
    (403, {}, UpstreamForbidden),
    (404, {}, CloseGone),
    (408, {}, UpstreamUnavailable),
    (409, {}, Unsupported),
    (415, {}, Unsupported),
    (429, {}, RateLimited),
    (500, {}, UpstreamUnavailable),
    (502, {}, UpstreamUnavailable),
    (503, {}, NotTaken),
    (504, {}, UpstreamUnavailable),
    (302, {}, BadReply),
]


@pytest.mark.parametrize(("status", "body", "error"), TABLE)
@responses.activate
def test_each_status_is_one_reaction(bare, status, body, error):
    responses.post(f"{API}/lead/", status=status, json=body)
    with pytest.raises(error) as raised:
        bare.create_lead(ANN)
    assert type(raised.value) is error
    said = repr(raised.value) + raised.value.message
    assert KEY not in said
    assert ANN.email not in said
    assert "ann@x" not in said


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"RateLimit": "limit=100, remaining=0, reset=8", "Retry-After": "60"}, {}, 8),
        ({"RateLimit": "nonsense", "Retry-After": "60"}, {}, 60),
        ({"RateLimit-Reset": "5"}, {}, 5),
        ({}, {"error": {"rate_reset": 2.5}}, 2.5),
        ({}, {"error": "slow down"}, None),
        ({"RateLimit-Reset": "soon"}, [], None),
    ],
)
@responses.activate
def test_too_many_says_how_long_to_wait(bare, headers, body, seconds):
    responses.get(f"{API}/status/lead/", status=429, json=body, headers=headers)
    with pytest.raises(RateLimited) as limited:
        bare.lead_statuses()
    wait = None if seconds is None else timedelta(seconds=seconds)
    assert limited.value.retry_after == wait


@responses.activate
def test_no_answer_is_sent_once_and_says_nothing_of_the_key(bare):
    responses.post(f"{API}/lead/", body=requests.ConnectionError(f"{KEY}@api.close.com"))
    with pytest.raises(UpstreamUnavailable) as raised:
        bare.create_lead(ANN)
    assert len(responses.calls) == 1
    assert KEY not in str(raised.value)
    assert raised.value.__context__ is None


# --- Against the stand-in ---


def test_sandbox_refuses_a_key_it_does_not_know(sandbox, close, settings):
    other = CloseClient(
        Secret("api_other"), api_url=settings.CLOSE_API_URL, time_limit=timedelta(seconds=5)
    )
    with pytest.raises(ReconnectNeeded):
        other.account()
    account = close.account()
    assert (account.email, account.organization_name) == ("amara@finch.example", "Finch")
    assert close.lead_statuses()[0].label == "Potential"


def test_lead_contact_and_note_come_back_as_they_were_made(close):
    made = close.create_lead(ANN)
    assert close.find_by_email("ANN@tallship.example") == [made]
    assert close.find_by_mark("mrd-1") == made.lead_id
    assert close.find_by_mark("mrd-2") == ""
    ben = close.create_contact(made.lead_id, name="Ben", email="ben@tallship.example")
    assert {one.remote_id for one in close.contacts_of(made.lead_id)} == {made.remote_id, ben}
    note = close.create_note(made.lead_id, contact_id=ben, text="Confirmed, no mrd-8\n mrd-9")
    assert close.find_note(made.lead_id, "mrd-9") == note
    assert close.find_note(made.lead_id, "mrd-8") == ""
    close.update_note(note, text="Cancelled\nmrd-9")
    close.delete_note(note)
    close.delete_note(note)
    assert close.find_note(made.lead_id, "mrd-9") == ""
    with pytest.raises(CloseGone):
        close.update_note(note, text="x")


def test_index_of_the_sandbox_runs_behind_and_the_lead_itself_does_not(sandbox, close):
    sandbox.store.set_setting("close.search_lag", 30)
    made = close.create_lead(ANN)
    assert close.find_by_email(ANN.email) == []
    assert close.contacts_of(made.lead_id) == [made]
    sandbox.store.advance(31)
    assert close.find_by_email(ANN.email) == [made]


def test_search_of_the_sandbox_is_by_words(sandbox, close):
    close.create_lead(LeadDraft("Mary", "mary.ann@tallship.example", ""))
    raw = requests.Session()
    raw.mount(f"{SANDBOX_URL}/", sandbox.adapter)
    assert close.find_by_email("ann@tallship.example") == []
    body = {
        "query": {
            "type": "and",
            "queries": [
                {"type": "object_type", "object_type": "contact"},
                {
                    "type": "field_condition",
                    "field": {"object_type": "contact_email", "field_name": "email"},
                    "condition": {"type": "text", "value": "ann@tallship.example"},
                },
            ],
        }
    }
    address = f"{SANDBOX_URL}/close/api/v1/data/search/"
    assert len(raw.post(address, json=body, auth=(KEY, "")).json()["data"]) == 1


def test_one_organisation_sees_nothing_of_another(sandbox, close, settings):
    made = close.create_lead(ANN)
    sandbox.store.add_close_key("api_other", email="x@other.example", organization="Other")
    other = CloseClient(
        Secret("api_other"), api_url=settings.CLOSE_API_URL, time_limit=timedelta(seconds=5)
    )
    assert other.find_by_email(ANN.email) == []
    with pytest.raises(CloseGone):
        other.contacts_of(made.lead_id)
    with pytest.raises(CloseGone):
        other.create_note(made.lead_id, contact_id="", text="x")


def test_long_list_of_notes_is_read_to_its_end(close):
    made = close.create_lead(ANN)
    for number in range(101):
        note = close.create_note(made.lead_id, contact_id="", text=f"Note\nmark{number:03}")
    assert close.find_note(made.lead_id, "mark100") == note


def test_fault_with_a_rate_limit_header_is_waited_for(sandbox, close):
    sandbox.fault("close.me", status=429, rate_limit="limit=100, remaining=0, reset=8")
    with pytest.raises(RateLimited) as limited:
        close.account()
    assert limited.value.retry_after == timedelta(seconds=8)
    assert close.account().email == "amara@finch.example"


def test_page_of_the_sandbox_shows_leads_and_escapes_them(sandbox, close):
    made = close.create_lead(LeadDraft("<b>Ann</b>", ANN.email, ANN.description))
    close.create_note(made.lead_id, contact_id=made.remote_id, text="First\nSecond")
    raw = requests.Session()
    raw.mount(f"{SANDBOX_URL}/", sandbox.adapter)
    shown = raw.get(f"{SANDBOX_URL}/close/leads").text
    assert "&lt;b&gt;Ann&lt;/b&gt;, Potential" in shown
    assert "First\nSecond" in shown
    assert ANN.email in shown
    assert f"{SANDBOX_URL}/close/leads" in raw.get(f"{SANDBOX_URL}/").text

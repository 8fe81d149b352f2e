"""The page about Close: who sees it, entering a key, choosing, and what did not get there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from audit.models import ServiceCredential
from booking.models import CrmAccount
from booking.services import crm_upkeep
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all
from tests.booking.crm.conftest import KEY, Crm
from tests.factories import make_member, make_user
from workspaces.enums import Role, Tier

pytestmark = pytest.mark.django_db

PAGES = ("/crm", "/crm/key", "/crm/key/forget")


@pytest.fixture
def crm(sandbox, workspace, actor):
    return Crm(sandbox, workspace, actor)


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


def entered(browser, key, **headers):
    return browser.post("/crm/key", {"key": key}, **headers)


@pytest.mark.parametrize("role", [Role.MEMBER, Role.AUDITOR])
def test_only_owners_and_admins_see_it(crm, workspace, sign_in, role):
    crm.keep()
    user = make_user("Someone")
    make_member(workspace, user, role=role)
    other = sign_in(user)
    assert {other.get(page).status_code for page in PAGES} == {404}
    posts = ("/crm", "/crm/key", "/crm/key/forget", "/crm/again", "/crm/statuses")
    assert {other.post(page).status_code for page in posts} == {404}
    assert ServiceCredential.objects.exists()
    admin = make_user("Admin")
    make_member(workspace, admin, role=Role.ADMIN)
    assert sign_in(admin).get("/crm").status_code == 200


def test_connections_lead_to_it(browser, workspace, sign_in, bob):
    assert 'href="/crm"' in browser.get("/calendar/connections").text
    assert 'href="/crm"' not in sign_in(bob).get("/calendar/connections").text


@pytest.mark.parametrize("tier", list(Tier))
def test_every_plan_has_it(crm, browser, workspace, tier):
    workspace.tier = tier
    workspace.save()
    crm.sandbox.store.add_close_key(KEY, email="a@b.example", organization="Acme")
    assert entered(browser, KEY).status_code == 302


def test_key_is_asked_for_tried_and_shown_by_its_end_alone(crm, browser):
    assert "Enter a key" in browser.get("/crm").text
    crm.sandbox.store.add_close_key(KEY, email="amara@acme.example", organization="Acme GmbH")
    assert entered(browser, f"  {KEY}\n").status_code == 302
    page = browser.get("/crm").text
    assert "Acme GmbH" in page
    assert "amara@acme.example" in page
    assert f"ends in {KEY[-4:]}" in page
    assert "Entered by Alice" in page
    assert KEY not in page + browser.get("/crm/key").text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "Paste the key from Close."),
        ("short", "Paste the whole key from Close"),
        ("api_unknown-key", "Close does not know this key."),
    ],
)
def test_refused_key_is_said_at_its_field_and_not_drawn_again(crm, browser, key, words):
    answer = entered(browser, key)
    assert answer.status_code == 422
    assert words in answer.text
    assert "api_unknown-key" not in answer.text
    assert not CrmAccount.objects.exists()


def test_close_out_of_reach_is_said_and_nothing_is_kept(crm, browser):
    crm.sandbox.store.add_close_key(KEY, email="a@b.example", organization="Acme")
    crm.sandbox.fault("close.me", status=502)
    answer = entered(browser, KEY)
    assert answer.status_code == 422
    assert "Close did not answer. Nothing was connected. Try again." in answer.text
    assert KEY not in answer.text
    assert not CrmAccount.objects.exists()


def test_dialog_answers_htmx_with_the_page_to_go_to(crm, browser):
    crm.sandbox.store.add_close_key(KEY, email="a@b.example", organization="Acme")
    answer = entered(browser, KEY, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/crm")


def test_choices_are_kept_and_a_strange_status_is_refused(crm, browser, workspace):
    status = crm.keep().statuses[1]["id"]
    assert browser.post("/crm", {"status": status, "for_clients": "on"}).status_code == 302
    workspace.refresh_from_db()
    assert workspace.crm_for_clients
    assert CrmAccount.objects.get().lead_status_remote_id == status
    refused = browser.post("/crm", {"status": "stat_other"})
    assert refused.status_code == 422
    assert "Choose one of the statuses that Close has." in refused.text
    assert browser.post("/crm", {"status": ""}).status_code == 302
    workspace.refresh_from_db()
    assert not workspace.crm_for_clients


def test_statuses_are_read_again(crm, browser):
    account = crm.keep()
    for one in crm.sandbox.store.all("close_status")[1:]:
        crm.sandbox.store.drop("close_status", one["id"])
    assert len(account.statuses) == 4
    browser.post("/crm/statuses")
    assert len(CrmAccount.objects.get().statuses) == 1
    crm.sandbox.fault("close.statuses.list", status=500)
    answer = browser.post("/crm/statuses", follow=True)
    assert "Close did not answer. What was read before stays." in answer.text


def test_trouble_is_shown_with_its_reason_and_sent_again(crm, browser, user_link, clock):
    crm.keep()
    crm.sandbox.fault("close.leads.create", status=400, reason="emails")
    book(user_link)
    deliver_all()
    page = browser.get("/crm").text
    assert "Not written to Close" in page
    assert ANN.email in page
    assert "Close refused the address as it stands. Enter it in Close by hand." in page
    (trouble,) = crm_upkeep.troubles_of(crm.workspace)
    browser.post(f"/crm/again/{trouble.message_id}")
    deliver_all()
    assert len(crm.leads) == 1
    page = browser.get("/crm").text
    assert "Not written to Close" not in page
    assert "Last trouble" not in page


def test_meeting_says_that_close_was_not_told(crm, browser, user_link, clock):
    crm.keep()
    crm.sandbox.fault("close.leads.create", status=400)
    meeting = book(user_link)
    deliver_all()
    page = browser.get(f"/meetings/{meeting.pk}").text
    assert "The CRM could not be told." in page
    assert "Not written to Close" in page
    assert "The meeting itself stands." in page
    assert "Not written to Close" in browser.get("/meetings").text
    browser.post(f"/meetings/{meeting.pk}/send")
    assert "On its way to Close" in browser.get(f"/meetings/{meeting.pk}").text
    deliver_all()
    assert len(crm.leads) == 1
    assert "<dt>CRM</dt><dd>In Close<br>" in browser.get(f"/meetings/{meeting.pk}").text


def test_meeting_says_nothing_of_close_where_there_is_no_key(browser, user_link):
    meeting = book(user_link)
    deliver_all()
    assert "<dt>CRM</dt>" not in browser.get(f"/meetings/{meeting.pk}").text


def test_lead_nobody_is_sure_of_is_asked_about(crm, browser, user_link, clock):
    crm.keep()
    crm.sandbox.fault("close.leads.create", unreached=True)
    book(user_link)
    for _ in range(10):
        deliver_all()
        clock.shift(timedelta(minutes=2))
    page = browser.get("/crm").text
    assert "Is this lead in Close?" in page
    (lead,) = crm_upkeep.unsure_leads(CrmAccount.objects.get())
    browser.post(f"/crm/leads/{lead.pk}/make")
    deliver_all()
    assert len(crm.leads) == 1
    assert "Is this lead in Close?" not in browser.get("/crm").text


def test_refused_key_is_told_and_another_one_sends_what_waited(crm, browser, user_link, clock):
    crm.keep()
    crm.revoke()
    book(user_link)
    deliver_all()
    page = browser.get("/crm").text
    assert "Close does not accept this key any more." in page
    assert "Another key needed" in page
    crm.sandbox.store.add_close_key("api_the-next", email="a@b.example", organization="Acme")
    entered(browser, "api_the-next")
    deliver_all()
    assert len(crm.leads) == 1
    assert "Another key needed" not in browser.get("/crm").text


def test_forgetting_asks_first(crm, browser):
    crm.keep()
    assert "Forget the key to Close?" in browser.get("/crm/key/forget").text
    assert ServiceCredential.objects.exists()
    assert browser.post("/crm/key/forget").status_code == 302
    assert not ServiceCredential.objects.exists()
    assert "Enter a key" in browser.get("/crm").text


def test_form_drawn_before_the_key_went_changes_nothing(crm, browser, workspace):
    answer = browser.post("/crm", {"status": "", "for_clients": "on"}, follow=True)
    assert "There is no key to Close here any more." in answer.text
    workspace.refresh_from_db()
    assert not workspace.crm_for_clients


def test_queries_do_not_grow_with_what_failed(
    crm, browser, user_link, clock, django_assert_max_num_queries
):
    crm.keep()
    crm.sandbox.fault("close.leads.create", status=400, count=None)
    book(user_link)
    deliver_all()
    browser.get("/crm")
    with django_assert_max_num_queries(25) as few:
        browser.get("/crm")
    for number in range(1, 4):
        booker = type(ANN)(name="Ann", email=f"ann{number}@x.example", timezone="UTC")
        book(user_link, start=NINE + number * HALF_HOUR, booker=booker)
    deliver_all()
    assert len(crm_upkeep.troubles_of(crm.workspace)) == 4
    with django_assert_max_num_queries(len(few)):
        browser.get("/crm")

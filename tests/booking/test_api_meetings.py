"""Reading and changing meetings over the API: who may, filters, pages, the booker's own token."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client as Browser

from booking.booker import Booker
from booking.models import SalesMeeting
from booking.owners import tables_for, tables_of
from booking.tokens import manage_token
from tests.booking.conftest import ANN, HALF_HOUR, NINE, NOW, book, make_link
from tests.factories import make_client, make_member, make_user, make_workspace
from workspaces.authentication import issue_service_token
from workspaces.enums import Role
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db

API = "/api/v1/booking"
BEN = Booker(name="Ben Other", email="ben@tallship.example", timezone="UTC")


@pytest.fixture
def caller(alice, workspace):
    """Call it with scopes."""

    def made(*scopes, user=None, where=None):
        _row, token = issue_service_token(
            workspace=where or workspace, acts_as=user or alice, name="test", scopes=scopes
        )
        return Browser(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})

    return made


@pytest.fixture
def staff(caller):
    return caller("booking:read", "booking:write")


def booker_of(meeting):
    token = manage_token(meeting.pk, meeting.manage_token_hash)
    return Browser(enforce_csrf_checks=True, headers={"X-Manage-Token": token})


def listed(caller, **query):
    answer = caller.get(f"{API}/meetings", query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def place(start):
    """The cursor of the page after a meeting with this start."""
    return base64.urlsafe_b64encode(json.dumps([start, str(UUID(int=7))]).encode()).decode()


def ids(body):
    return [one.get("meeting_id") or one.get("sales_meeting_id") for one in body["meetings"]]


def post(caller, meeting, what, **body):
    address = f"{API}/meetings/{meeting.pk}/{what}"
    return caller.post(address, body, content_type="application/json")


class TestList:
    def test_both_modes_by_start(self, client_link, user_owner, staff):
        own = make_link(user_owner, slug="mine")
        late = book(client_link, start=NINE + HALF_HOUR)
        early = book(own)
        body = listed(staff)
        assert ids(body) == [str(early.pk), str(late.pk)]
        assert body["next"] is None
        assert body["meetings"][0]["sales_meeting_id"] == str(early.pk)
        assert "meeting_id" not in body["meetings"][0]

    def test_pages_hold_each_once_also_at_one_start(
        self, client_link, user_owner, bob_owner, staff
    ):
        own = make_link(user_owner, slug="mine")
        meetings = [
            book(one, start=NINE + n * HALF_HOUR) for n in range(3) for one in (client_link, own)
        ]
        seen, cursor = [], None
        for _turn in range(10):
            body = listed(staff, limit=2, **({"cursor": cursor} if cursor else {}))
            seen += ids(body)
            cursor = body["next"]
            if cursor is None:
                break
        assert sorted(seen) == sorted(str(one.pk) for one in meetings)
        assert len(set(seen)) == len(seen)

    def test_filters_narrow(self, link, staff, clock):
        first = book(link)
        clock.shift(timedelta(minutes=5))
        second = book(link, start=NINE + HALF_HOUR, booker=BEN)
        post(staff, second, "cancel")
        owner = tables_for(first).owner_column
        for query, found in [
            ({"state": "cancelled"}, [second]),
            ({"email": "ANN@tallship.example"}, [first]),
            ({"link": "INTRO"}, [first, second]),
            ({"link": "none"}, []),
            ({owner: str(getattr(first, owner))}, [first, second]),
            ({owner: str(uuid4())}, []),
            ({"from": (NINE + HALF_HOUR).isoformat()}, [second]),
            ({"to": (NINE + HALF_HOUR).isoformat()}, [first]),
            ({"updated_since": (NOW + timedelta(minutes=1)).isoformat()}, [second]),
        ]:
            assert ids(listed(staff, **query)) == [str(one.pk) for one in found], query

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("state=gone", "state"),
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("from=soon", "from"),
            ("cursor=x", "cursor"),
            ("cursor=bnVsbA", "cursor"),
            ("cursor=WzEsIDJd", "cursor"),
            # A start before all time, in UTC, and one after it.
            (f"cursor={place('0001-01-01T00:00:00+23:59')}", "cursor"),
            (f"cursor={place('9999-12-31T23:59:59-23:59')}", "cursor"),
            ("client_id=7", "client_id"),
            ("nothing=1", "nothing"),
        ],
    )
    def test_a_bad_query_is_refused_by_field(self, workspace, staff, query, field):
        answer = staff.get(f"{API}/meetings?{query}")
        assert (answer.status_code, answer.json()["field"]) == (400, field)

    def test_who_may(self, link, caller, workspace, bob, charlie, other_workspace, sign_in):
        meeting = book(link)
        auditor = make_user("Otto")
        make_member(workspace, auditor, role=Role.AUDITOR)
        assert Browser().get(f"{API}/meetings").status_code == 401
        assert caller("booking:write").get(f"{API}/meetings").status_code == 403
        assert sign_in(auditor).get(f"{API}/meetings").status_code == 403
        assert listed(sign_in(charlie))["meetings"] == []
        seen_by_bob = ids(listed(sign_in(bob)))
        assert seen_by_bob == ([str(meeting.pk)] if link.owner_kind == "client" else [])

    def test_a_token_acts_as_its_user(self, bob_owner, caller, bob, clock):
        meeting = book(make_link(bob_owner))
        assert listed(caller("booking:read"))["meetings"] == []
        assert ids(listed(caller("booking:read", user=bob))) == [str(meeting.pk)]

    def test_queries_do_not_grow(self, link, staff, django_assert_max_num_queries):
        for number in range(6):
            book(link, start=NINE + number * HALF_HOUR)
        with django_assert_max_num_queries(12):
            assert len(listed(staff)["meetings"]) == 6


class TestOne:
    def test_staff_read_it_by_either_id(self, link, staff):
        meeting = book(link, message="Hello", answers={})
        body = staff.get(f"{API}/meetings/{meeting.pk}").json()
        assert body[tables_of(link.owner_kind).id_field] == str(meeting.pk)
        assert body["booker"]["email"] == ANN.email
        assert body["message"] == "Hello"

    def test_the_booker_reads_their_own_and_no_more(self, link):
        mine = book(link, message="Hello")
        other = book(link, start=NINE + HALF_HOUR, booker=BEN)
        body = booker_of(mine).get(f"{API}/meetings/{mine.pk}").json()
        assert body[tables_of(link.owner_kind).id_field] == str(mine.pk)
        assert set(body) == {
            "ok", tables_of(link.owner_kind).id_field, "state", "title", "host", "start", "end",
            "tz", "location", "join_url", "guests", "url", "manage_token",
        }  # fmt: skip
        assert booker_of(mine).get(f"{API}/meetings/{other.pk}").status_code == 404
        wrong = Browser(headers={"X-Manage-Token": "x" * 43})
        assert wrong.get(f"{API}/meetings/{mine.pk}").status_code == 404

    def test_a_stranger_finds_nothing(self, link, clock, staff):
        dora = make_user("Dora")
        far = make_workspace("Far", owner=dora)
        meeting = book(make_link(owner_of_user(dora, far), slug="far"))
        assert staff.get(f"{API}/meetings/{meeting.pk}").status_code == 404
        for what in ("cancel", "move", "approve", "decline", "no-show", "reassign"):
            body = {"start": NINE.isoformat()} if what == "move" else {}
            if what == "reassign":
                body = {"user_id": str(dora.pk)}
            assert post(staff, meeting, what, **body).status_code == 404
        assert SalesMeeting.objects.get(pk=meeting.pk).state == "confirmed"

    def test_a_colleagues_own_is_not_there(self, bob_owner, clock, staff):
        meeting = book(make_link(bob_owner))
        assert staff.get(f"{API}/meetings/{meeting.pk}").status_code == 404
        assert post(staff, meeting, "cancel").status_code == 404


class TestChanges:
    def test_the_booker_cancels_and_moves(self, link):
        meeting = book(link)
        me = booker_of(meeting)
        moved = post(me, meeting, "move", start=(NINE + HALF_HOUR).isoformat())
        assert moved.status_code == 200
        assert moved.json()["start"] == (NINE + HALF_HOUR).isoformat()
        gone = post(me, meeting, "cancel", message="Ill")
        assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
        meeting.refresh_from_db()
        assert (meeting.cancelled_by, meeting.cancel_reason) == ("booker", "Ill")

    def test_the_booker_is_bound_by_the_rules(self, link):
        meeting = book(link)
        night = (NINE - timedelta(hours=6)).isoformat()
        answer = post(booker_of(meeting), meeting, "move", start=night)
        assert (answer.status_code, answer.json()["field"]) == (400, "start")
        answer = post(booker_of(meeting), meeting, "move", start=night, overriding="I want to")
        assert answer.status_code == 403

    def test_staff_set_a_rule_aside_with_a_reason(self, link, staff):
        meeting = book(link)
        night = (NINE - timedelta(hours=6)).isoformat()
        assert post(staff, meeting, "move", start=night).status_code == 400
        answer = post(staff, meeting, "move", start=night, overriding="They are in Tokyo")
        assert (answer.status_code, answer.json()["start"]) == (200, night)

    def test_an_overlap_is_409_with_nearest(self, link, staff):
        meeting = book(link)
        book(link, start=NINE + HALF_HOUR, booker=BEN)
        answer = post(
            staff, meeting, "move", start=(NINE + HALF_HOUR).isoformat(), overriding="Squeeze"
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "slot_taken")
        assert answer.json()["nearest"]

    @pytest.mark.parametrize("what", ["approve", "decline", "no-show", "reassign"])
    def test_only_the_host_decides(self, owner, clock, what, alice):
        meeting = book(make_link(owner, requires_approval=True))
        body = {"user_id": str(alice.pk)} if what == "reassign" else {}
        answer = post(booker_of(meeting), meeting, what, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        meeting.refresh_from_db()
        assert meeting.state == "requested"

    def test_a_meeting_is_handed_over_within_its_kind(
        self, owner, clock, staff, workspace, bob, alice
    ):
        meeting = book(make_link(owner))
        other = make_client(workspace, "Osprey")
        right = {"client": {"client_id": str(other.pk)}, "user": {"user_id": str(bob.pk)}}
        wrong = {"client": {"user_id": str(bob.pk)}, "user": {"client_id": str(other.pk)}}
        answer = post(staff, meeting, "reassign", **wrong[owner.kind.value])
        assert answer.status_code == 400
        assert answer.json()["field"] == next(iter(wrong[owner.kind.value]))
        answer = post(staff, meeting, "reassign", overriding="Holidays", **right[owner.kind.value])
        assert answer.status_code == 200, answer.json()
        meeting.refresh_from_db()
        assert str(getattr(meeting, tables_for(meeting).owner_column)) in str(right)

    def test_nobody_of_another_workspace_gets_it(
        self, owner, clock, staff, charlie, other_workspace
    ):
        meeting = book(make_link(owner))
        far = make_client(other_workspace, "Far")
        for body in ({"client_id": str(far.pk)}, {"user_id": str(charlie.pk)}):
            assert post(staff, meeting, "reassign", **body).status_code == 404

    def test_an_auditor_is_given_none(self, user_link, staff, workspace):
        meeting, auditor = book(user_link), make_user("Otto")
        make_member(workspace, auditor, role=Role.AUDITOR)
        body = {"user_id": str(auditor.pk), "overriding": "Holidays"}
        assert post(staff, meeting, "reassign", **body).status_code == 404
        meeting.refresh_from_db()
        assert meeting.user_id == user_link.user_id

    @pytest.mark.parametrize(
        ("what", "body", "field"),
        [
            ("cancel", {"message": "x" * 2001}, "message"),
            ("cancel", {"reason": "x"}, "reason"),
            ("move", {}, "start"),
            ("move", {"start": "tomorrow"}, "start"),
            ("move", {"start": NINE.isoformat(), "duration": 1}, "duration"),
            ("no-show", {"is_no_show": "perhaps"}, "is_no_show"),
            ("reassign", {}, "user_id"),
            ("reassign", {"user_id": "7"}, "user_id"),
        ],
    )
    def test_a_bad_body_is_refused_by_field(self, link, staff, what, body, field):
        answer = post(staff, book(link), what, **body)
        assert (answer.status_code, answer.json()["field"]) == (400, field)

    def test_who_may(self, link, caller, workspace, sign_in, alice):
        meeting = book(link)
        assert post(Browser(), meeting, "cancel").status_code == 401
        assert post(caller("booking:read"), meeting, "cancel").status_code == 403
        browser = Browser(enforce_csrf_checks=True)
        browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert post(browser, meeting, "cancel").status_code == 403
        meeting.refresh_from_db()
        assert meeting.state == "confirmed"

    def test_get_changes_nothing(self, link, staff):
        meeting = book(link)
        for what in ("cancel", "move", "approve", "decline", "no-show", "reassign"):
            assert staff.get(f"{API}/meetings/{meeting.pk}/{what}").status_code == 405

    def test_a_booker_who_changes_it_too_often_is_stopped(self, link):
        meeting = book(link)
        me = booker_of(meeting)
        slots = [(NINE + (1 + n % 2) * HALF_HOUR).isoformat() for n in range(32)]
        statuses = [post(me, meeting, "move", start=start).status_code for start in slots]
        assert statuses[:30] == [200] * 30
        assert 429 in statuses[30:]


class TestBooking:
    def test_guests_and_language_are_kept(self, link):
        body = {
            "link": "intro", "start": NINE.isoformat(), "name": "Ann", "email": ANN.email,
            "language": "de", "guests": [{"email": "kim@x.example", "name": "Kim"}],
        }  # fmt: skip
        answer = Browser().post(f"{API}/meetings", body, content_type="application/json")
        assert answer.status_code == 201
        meeting = tables_of(link.owner_kind).meeting.objects.get()
        assert meeting.booker_language == "de"
        assert meeting.guests == [{"name": "Kim", "email": "kim@x.example"}]
        own = Browser(headers={"X-Manage-Token": answer.json()["manage_token"]})
        assert own.get(f"{API}/meetings/{meeting.pk}").json() == answer.json()

    def test_the_language_is_the_callers_unless_said(self, link):
        body = {"link": "intro", "start": NINE.isoformat(), "name": "Ann", "email": ANN.email}
        headers = {"Accept-Language": "fr-CH, fr;q=0.9"}
        Browser(headers=headers).post(f"{API}/meetings", body, content_type="application/json")
        assert tables_of(link.owner_kind).meeting.objects.get().booker_language == "fr"

    @pytest.mark.parametrize(
        ("guests", "field"),
        [
            ([{"email": "nobody"}], "guests.0.email"),
            ([{"name": "Kim"}], "guests.0.email"),
            ([{"email": f"g{n}@x.example"} for n in range(11)], "guests"),
            ("kim", "guests"),
        ],
    )
    def test_bad_guests_are_refused_by_field(self, link, guests, field):
        body = {
            "link": "intro", "start": NINE.isoformat(), "name": "Ann", "email": ANN.email,
            "guests": guests,
        }  # fmt: skip
        answer = Browser().post(f"{API}/meetings", body, content_type="application/json")
        assert (answer.status_code, answer.json()["field"]) == (400, field)


class TestLinks:
    def test_clients_links_and_ones_own(self, client_link, user_owner, bob_owner, staff):
        make_link(user_owner, slug="mine", title="Mine", is_active=False)
        make_link(bob_owner, slug="bobs", title="Bobs")
        body = staff.get(f"{API}/links").json()
        assert [one["slug"] for one in body["links"]] == ["intro", "mine"]
        active = staff.get(f"{API}/links?is_active=true").json()
        assert [one["slug"] for one in active["links"]] == ["intro"]
        mine = staff.get(f"{API}/links", {"client_id": str(client_link.client_id)}).json()
        assert [one["slug"] for one in mine["links"]] == ["intro"]

    def test_one_by_its_id(self, link, staff, caller, charlie, other_workspace):
        body = staff.get(f"{API}/links/{link.pk}").json()
        assert body["url"].endswith("/book/intro")
        far = caller("booking:read", user=charlie, where=other_workspace)
        assert far.get(f"{API}/links/{link.pk}").status_code == 404
        assert caller("booking:write").get(f"{API}/links/{link.pk}").status_code == 403
        assert Browser().get(f"{API}/links/{link.pk}").status_code == 401


def test_an_erased_booker_opens_nothing(link, alice, staff):
    from booking.services.erasing import erase_person

    meeting = book(link)
    me = booker_of(meeting)
    person = getattr(meeting, tables_for(meeting).person_column)
    erase_person(person=person, by=alice, tells_booker=False)
    assert me.get(f"{API}/meetings/{meeting.pk}").status_code == 404
    body = staff.get(f"{API}/meetings/{meeting.pk}").json()
    assert body["booker"]["name"] == "Erased person"
    assert body["person_id"] is None

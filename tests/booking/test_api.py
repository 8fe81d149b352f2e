"""The booking API: the seed's functions by link, by owner and by meeting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client as Browser

from booking.models import Meeting, SalesMeeting
from booking.owners import host_of_meeting, tables_of
from booking.services import limits
from calendars.models import Event, Hold
from common.leases import take_lease
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link, messages
from tests.factories import make_user, make_workspace
from workspaces.authentication import issue_service_token
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db

API = "/api/v1/booking"
ANN = {"name": "Ann Other", "email": "ann@tallship.example"}


@pytest.fixture
def api(alice, workspace):
    """Call it with scopes: a caller with a service token of alice's workspace."""

    def caller(*scopes):
        _row, token = issue_service_token(
            workspace=workspace, acts_as=alice, name="test", scopes=scopes
        )
        return Browser(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})

    return caller


@pytest.fixture
def writer(api):
    return api("booking:read", "booking:write")


@pytest.fixture
def visitor():
    return Browser(enforce_csrf_checks=True)


def post(caller, path, body):
    return caller.post(f"{API}/{path}", body, content_type="application/json")


def meeting_host(meeting):
    return host_of_meeting(meeting).name


def ref(link, meeting):
    return {tables_of(link.owner_kind).id_field: str(meeting.id)}


class TestAvailability:
    def test_by_link_is_public(self, link, visitor):
        answer = visitor.get(f"{API}/availability?link=intro&from=2026-11-19&to=2026-11-19")
        assert answer.status_code == 200
        body = answer.json()
        assert body["slots"][0] == {
            "start": "2026-11-19T09:00:00+01:00",
            "end": "2026-11-19T09:30:00+01:00",
        }
        assert len(body["slots"]) == 16
        assert {name: body[name] for name in ("ok", "duration", "tz", "needs_approval")} == {
            "ok": True,
            "duration": 30,
            "tz": "Europe/Berlin",
            "needs_approval": False,
        }
        assert (body["as_of"], body["next_open"]) == (None, None)

    def test_length_and_zone_can_be_chosen(self, link, visitor):
        body = visitor.get(
            f"{API}/availability?link=intro&duration=45&from=2026-11-19&to=2026-11-19"
            "&tz=America/New_York"
        ).json()
        assert body["slots"][0] == {
            "start": "2026-11-19T03:00:00-05:00",
            "end": "2026-11-19T03:45:00-05:00",
        }

    def test_by_owner_is_for_members(self, owner, clock, writer, visitor, sign_in, bob):
        query = f"{owner.kind.value}_id={owner.id}&duration=30&from=2026-11-19&to=2026-11-19"
        for caller in (writer, sign_in(bob)):
            answer = caller.get(f"{API}/availability?{query}")
            assert answer.status_code == 200
            assert answer.json()["slots"][0]["start"] == "2026-11-19T09:00:00+01:00"
        assert visitor.get(f"{API}/availability?{query}").status_code == 401

    def test_by_owner_needs_the_scope(self, owner, clock, api):
        answer = api("booking:write").get(
            f"{API}/availability?{owner.kind.value}_id={owner.id}&duration=30"
        )
        assert answer.status_code == 403

    def test_strangers_find_no_owner(self, owner, clock, sign_in, charlie, other_workspace):
        answer = sign_in(charlie).get(
            f"{API}/availability?{owner.kind.value}_id={owner.id}&duration=30"
        )
        assert answer.status_code == 404

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("", "link"),
            ("link=intro&client_id=0192f0c4-5b7e-7000-8000-000000000000", "link"),
            ("client_id=7", "client_id"),
            ("client_id=0192f0c4-5b7e-7000-8000-000000000000", "duration"),
            ("link=intro&duration=31", "duration"),
            ("link=intro&duration=x", "duration"),
            ("link=intro&duration=99999999999999999999", "duration"),
            ("link=intro&tz=Mars/Olympus", "tz"),
            ("link=intro&tz=%00", "tz"),
            ("link=intro&from=soon", "from"),
            ("link=intro&from=9999-12-31", "from"),
            ("link=intro&from=0001-01-01", "from"),
            ("link=intro&from=2026-11-19&to=2026-11-18", "to"),
            ("link=intro&from=2026-11-19&to=2027-11-18", "to"),
            ("link=%00", "link"),
        ],
    )
    def test_a_bad_query_is_refused_by_field(self, link, visitor, query, field):
        answer = visitor.get(f"{API}/availability?{query}")
        assert (answer.status_code, answer.json()["field"]) == (400, field)

    def test_an_unknown_link_is_not_found(self, clock, visitor, db):
        answer = visitor.get(f"{API}/availability?link=nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_an_unreadable_calendar_is_said(self, sandbox, clock, connect, owner, visitor):
        connect(owner, "google")
        make_link(owner)
        sandbox.fault("google.freebusy.query", status=503, reason="backendError", count=None)
        answer = visitor.get(f"{API}/availability?link=intro")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy_unknown")


class TestMeetings:
    def body(self, **changes):
        return {"link": "intro", "start": "2026-11-19T03:00:00-05:00", **ANN, **changes}

    def test_booking_answers_with_the_id_of_its_mode(self, link, visitor):
        answer = post(visitor, "meetings", self.body(tz="America/New_York", message="Hi"))
        assert answer.status_code == 201
        tables = tables_of(link.owner_kind)
        meeting = tables.meeting.objects.get()
        body = answer.json()
        page = body.pop("url")
        assert page.startswith("http://testserver/book/intro/done/")
        assert body == {
            "ok": True,
            tables.id_field: str(meeting.id),
            "state": "confirmed",
            "start": NINE.isoformat(),
            "end": (NINE + HALF_HOUR).isoformat(),
            "tz": "America/New_York",
            "title": "Intro call",
            "host": meeting_host(meeting),
            "location": "",
            "join_url": "",
            "guests": [],
            "manage_token": page.rpartition("/")[2],
        }
        assert visitor.get(page).status_code == 200

    def test_a_taken_slot_is_409_with_fresh_ones(self, link, visitor):
        book(link)
        answer = post(visitor, "meetings", self.body())
        assert answer.status_code == 409
        body = answer.json()
        assert (body["ok"], body["code"]) == (False, "slot_taken")
        assert body["nearest"][0] == (NINE + HALF_HOUR).isoformat()

    def test_the_same_key_is_the_same_meeting(self, link, visitor):
        body = self.body(idempotency_key="once-" + "7" * 16)
        first, second = (post(visitor, "meetings", body) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert Hold.objects.count() == 1

    def test_the_same_key_of_somebody_else_opens_nothing(self, link, visitor):
        key = "order-1047-" + "7" * 16
        mine = post(visitor, "meetings", self.body(idempotency_key=key)).json()
        body = self.body(idempotency_key=key, name="Eve", email="eve@elsewhere.example")
        assert post(visitor, "meetings", body).json()["code"] == "slot_taken"
        other = post(visitor, "meetings", {**body, "start": (NINE + HALF_HOUR).isoformat()})
        assert other.status_code == 201
        assert other.json()["manage_token"] != mine["manage_token"]
        assert Hold.objects.count() == 2

    def test_nobody_is_named_as_a_guest_without_end(self, owner, clock, visitor):
        make_link(owner, allows_guests=True)
        for _named in range(limits.GUESTS_PER_EMAIL.most):
            limits.use(limits.GUESTS_PER_EMAIL, "gus@elsewhere.example", NOW)
        guests = [{"email": "Gus@elsewhere.example"}]
        answer = post(visitor, "meetings", self.body(guests=guests))
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert Hold.objects.count() == 0
        assert post(visitor, "meetings", self.body()).status_code == 201

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"start": "tomorrow"}, "start"),
            ({"start": "2026-11-19T08:00:00"}, "start"),
            ({"start": "2026-11-19T08:07:00Z"}, "start"),
            ({"start": None}, "start"),
            ({"start": ["2026"]}, "start"),
            ({"duration": 1}, "duration"),
            ({"duration": 60}, "duration"),
            ({"name": ""}, "name"),
            ({"name": "a\ud800b"}, "name"),
            ({"name": "A\r\nB"}, "name"),
            ({"name": {"x": 1}}, "name"),
            ({"email": "nobody"}, "email"),
            ({"email": "a\x00@b.example"}, "email"),
            ({"phone": "<script>"}, "phone"),
            ({"tz": "Mars/Olympus"}, "tz"),
            ({"message": "x" * 2001}, "message"),
            ({"answers": {"nobody": "asked"}}, "answers.nobody"),
            ({"answers": {"\ud800": "half a character"}}, "answers"),
            ({"answers": "no"}, "answers"),
            ({"idempotency_key": "x" * 201}, "idempotency_key"),
            ({"idempotency_key": "order-1047"}, "idempotency_key"),
            ({"verification": "1047"}, "verification"),
            ({"link": "x" * 61}, "link"),
        ],
    )
    def test_a_bad_body_is_refused_by_field(self, link, visitor, change, field):
        answer = post(visitor, "meetings", self.body(**change))
        assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert Hold.objects.count() == 0

    def test_nonsense_is_no_server_error(self, link, visitor):
        for body in (b"{", b"[]", b'"x"', b"\xff\xfe", b"null"):
            answer = visitor.post(f"{API}/meetings", body, content_type="application/json")
            assert (answer.status_code, answer.json()["ok"]) == (400, False)

    def test_a_session_needs_its_csrf_token(self, link, alice):
        browser = Browser(enforce_csrf_checks=True)
        browser.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert post(browser, "meetings", self.body()).status_code == 403


class TestDeliveries:
    def test_the_event_is_made_now(self, sandbox, clock, connect, owner, writer):
        connect(owner, "google")
        link = make_link(owner)
        meeting = book(link)
        answer = post(writer, "calendar-events", ref(link, meeting))
        assert answer.status_code == 200
        assert answer.json() == {"ok": True, "calendar_event_id": str(Event.objects.get().id)}
        assert post(writer, "calendar-events", ref(link, meeting)).json() == answer.json()
        assert len(sandbox.calls("google.events.insert")) == 1

    def test_without_a_calendar_there_is_no_event(self, link, writer):
        answer = post(writer, "calendar-events", ref(link, book(link)))
        assert (answer.status_code, answer.json()["calendar_event_id"]) == (200, None)

    def test_the_mails_are_sent_now(self, link, writer):
        meeting = book(link)
        post(writer, "calendar-events", ref(link, meeting))
        answer = post(writer, "notifications", ref(link, meeting))
        assert answer.status_code == 200
        assert answer.json() == {"ok": True, "confirmation_sent_at": NOW.isoformat()}
        assert len(mail.outbox) == 2
        assert post(writer, "notifications", ref(link, meeting)).status_code == 200
        assert len(mail.outbox) == 2

    def test_a_mail_that_waits_for_the_event_is_accepted(self, link, writer):
        answer = post(writer, "notifications", ref(link, book(link)))
        assert (answer.status_code, answer.json()["confirmation_sent_at"]) == (202, None)

    def test_another_worker_has_it(self, link, writer):
        meeting = book(link)
        for message in messages():
            take_lease(message, now=datetime.now(UTC), lasts=timedelta(minutes=2))
        for path in ("calendar-events", "notifications"):
            assert post(writer, path, ref(link, meeting)).status_code == 202

    def test_a_failed_event_gets_a_new_start(self, sandbox, clock, connect, owner, writer):
        connect(owner, "google")
        link = make_link(owner)
        meeting = book(link)
        sandbox.fault("google.events.insert", status=403, reason="forbidden", count=None)
        answer = post(writer, "calendar-events", ref(link, meeting))
        assert (answer.status_code, answer.json()["ok"]) == (503, False)
        sandbox.store.clear_faults()
        answer = post(writer, "calendar-events", ref(link, meeting))
        assert answer.json()["calendar_event_id"] == str(Event.objects.get().id)

    def test_a_request_waits_for_approval(self, owner, clock, writer):
        link = make_link(owner, requires_approval=True)
        answer = post(writer, "calendar-events", ref(link, book(link)))
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")

    @pytest.mark.parametrize("path", ["calendar-events", "notifications"])
    def test_who_may(self, link, path, api, visitor, sign_in, charlie, other_workspace):
        body = ref(link, book(link))
        assert post(visitor, path, body).status_code == 401
        assert post(api("booking:read"), path, body).status_code == 403
        assert post(sign_in(charlie), path, body).status_code == 404
        wrong = Browser(headers={"Authorization": "Bearer mrd_wrong"})
        assert post(wrong, path, body).status_code == 401

    @pytest.mark.parametrize("path", ["calendar-events", "notifications"])
    def test_another_workspaces_meeting_does_not_exist(self, clock, path, writer):
        stranger = make_user("Dora")
        elsewhere = make_workspace("Far", owner=stranger)
        link = make_link(owner_of_user(stranger, elsewhere), slug="far")
        assert post(writer, path, ref(link, book(link))).status_code == 404

    @pytest.mark.parametrize("path", ["calendar-events", "notifications"])
    def test_a_colleagues_own_meeting_does_not_exist(self, clock, bob_owner, path, writer):
        meeting = book(make_link(bob_owner, slug="bob"))
        assert post(writer, path, {"sales_meeting_id": str(meeting.id)}).status_code == 404
        assert mail.outbox == []

    @pytest.mark.parametrize("path", ["calendar-events", "notifications"])
    def test_a_bad_reference_is_refused_by_field(self, clock, path, writer):
        some = str(uuid4())
        for body, field in [
            ({}, "meeting_id"),
            ({"meeting_id": some, "sales_meeting_id": some}, "meeting_id"),
            ({"meeting_id": "7"}, "meeting_id"),
            ({"sales_meeting_id": []}, "sales_meeting_id"),
        ]:
            answer = post(writer, path, body)
            assert (answer.status_code, answer.json()["field"]) == (400, field)
        assert post(writer, path, {"meeting_id": some}).status_code == 404

    def test_the_ids_of_the_two_modes_are_not_mixed_up(self, client_owner, clock, writer):
        meeting = book(make_link(client_owner))
        answer = post(writer, "notifications", {"sales_meeting_id": str(meeting.id)})
        assert answer.status_code == 404
        assert (Meeting.objects.count(), SalesMeeting.objects.count()) == (1, 0)

"""Graph events: create, read, change, delete, cancel, answer, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
LONDON = {"Prefer": 'outlook.timezone="Europe/London"'}


def at(hour, day=23, zone="Europe/London"):
    return {"dateTime": f"2026-11-{day:02}T{hour:02}:00:00", "timeZone": zone}


def draft(**fields):
    return {"subject": "Board", "start": at(9), "end": at(10), **fields}


def create(graph, path="/me/events", expect=201, **fields):
    answer = graph.api("POST", path, json=draft(**fields), headers=LONDON)
    assert answer.status_code == expect, answer.text
    return answer.json()


def unchecked(graph):
    """For requests that the types forbid and Graph answers with an error."""
    graph.adapter.before = lambda request: None
    return graph


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_create_then_get_gives_the_same_event(graph):
    made = create(graph, location={"displayName": "Room 2"}, showAs="free")
    got = graph.api("GET", f"/me/events/{made['id']}", headers=LONDON).json()
    got.pop("@odata.context")
    assert got == made
    assert made["start"] == {
        "dateTime": "2026-11-23T09:00:00.0000000",
        "timeZone": "Europe/London",
    }
    assert (made["type"], made["isOrganizer"], made["showAs"]) == ("singleInstance", True, "free")
    assert made["@odata.etag"] == f'W/"{made["changeKey"]}"'
    assert made["location"]["displayName"] == "Room 2"


def test_times_come_in_utc_unless_a_zone_is_preferred(graph):
    made = create(
        graph, start=at(9, zone="Eastern Standard Time"), end=at(10, zone="America/New_York")
    )
    assert made["start"]["dateTime"] == "2026-11-23T14:00:00.0000000"
    got = graph.api("GET", f"/me/events/{made['id']}").json()
    assert got["start"] == {"dateTime": "2026-11-23T14:00:00.0000000", "timeZone": "UTC"}
    assert got["originalStartTimeZone"] == "Eastern Standard Time"
    prefer = {"Prefer": 'IdType="ImmutableId", outlook.timezone="Tokyo Standard Time"'}
    answer = graph.api("GET", f"/me/events/{made['id']}", headers=prefer)
    assert answer.json()["end"]["dateTime"] == "2026-11-24T00:00:00.0000000"
    assert answer.headers["Preference-Applied"] == 'outlook.timezone="Tokyo Standard Time"'


@pytest.mark.parametrize("zone", ["Mars/Base", "Nowhere Standard Time"])
def test_unknown_zone_is_400(graph, zone):
    answer = graph.api("POST", "/me/events", json=draft(start=at(9, zone=zone)))
    assert code(answer) == (400, "TimeZoneNotSupportedException")
    prefer = {"Prefer": f'outlook.timezone="{zone}"'}
    assert code(graph.api("GET", "/me/events", headers=prefer))[0] == 400


def test_all_day_event_is_not_shifted_by_the_preferred_zone(graph):
    made = create(graph, isAllDay=True, start=at(0), end=at(0, 24))
    prefer = {"Prefer": 'outlook.timezone="Asia/Tokyo"'}
    got = graph.api("GET", f"/me/events/{made['id']}", headers=prefer).json()
    assert (got["start"]["dateTime"], got["end"]["dateTime"]) == (
        "2026-11-23T00:00:00.0000000",
        "2026-11-24T00:00:00.0000000",
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"end": None}, "ErrorInvalidRequest"),
        ({"end": at(8)}, "ErrorCalendarEndDateIsEarlierThanStartDate"),
        ({"isAllDay": True}, "ErrorPropertyValidationFailure"),
        ({"isAllDay": True, "start": at(0), "end": at(0)}, "ErrorPropertyValidationFailure"),
        ({"title": "x"}, "RequestBodyRead"),
        ({"showAs": "away"}, "ErrorPropertyValidationFailure"),
        ({"attendees": [{"emailAddress": {"address": "nobody"}}]}, "ErrorInvalidRecipients"),
        ({"start": {"dateTime": "soon", "timeZone": "UTC"}}, "ErrorPropertyValidationFailure"),
    ],
)
def test_bad_draft_is_400(graph, fields, expected):
    answer = unchecked(graph).api("POST", "/me/events", json=draft(**fields))
    assert code(answer) == (400, expected)


def test_patch_changes_only_what_is_sent(graph):
    made = create(graph, location={"displayName": "Room 2"})
    address = f"/me/events/{made['id']}"
    patched = graph.api("PATCH", address, json={"subject": "New"}, headers=LONDON).json()
    assert patched["subject"] == "New"
    assert patched["location"] == made["location"]
    assert patched["start"] == made["start"]
    assert patched["changeKey"] != made["changeKey"]


def test_if_match_of_an_older_version_is_412(graph):
    made = create(graph)
    address = f"/me/events/{made['id']}"
    fresh = {"If-Match": made["@odata.etag"]}
    assert graph.api("PATCH", address, json={"subject": "1"}, headers=fresh).status_code == 200
    stale = graph.api("PATCH", address, json={"subject": "2"}, headers=fresh)
    assert code(stale) == (412, "ErrorIrresolvableConflict")
    assert code(graph.api("DELETE", address, headers=fresh))[0] == 412
    assert graph.api("GET", address).json()["subject"] == "1"


def test_delete_then_everything_is_404(graph):
    made = create(graph)
    address = f"/me/events/{made['id']}"
    assert graph.api("DELETE", address).status_code == 204
    for method in ("GET", "DELETE"):
        assert code(graph.api(method, address)) == (404, "ErrorItemNotFound")
    assert code(graph.api("PATCH", address, json={})) == (404, "ErrorItemNotFound")


def test_malformed_id_is_400(graph):
    assert code(graph.api("GET", "/me/events/short")) == (400, "ErrorInvalidIdMalformed")


def test_transaction_id_used_twice_is_refused(graph, store):
    made = create(graph, transactionId="t-1")
    assert made["transactionId"] == "t-1"
    again = graph.api("POST", "/me/events", json=draft(transactionId="t-1"))
    assert code(again) == (409, "ErrorDuplicateTransactionId")
    store.set_setting("microsoft.duplicate_status", 400)
    again = graph.api("POST", "/me/events", json=draft(transactionId="t-1"))
    assert code(again) == (400, "ErrorDuplicateTransactionId")
    assert again.json()["error"]["@event.existingEventId"] == made["id"]
    assert len(graph.api("GET", "/me/events").json()["value"]) == 1


def test_extended_property_finds_the_event(graph):
    name = "String {6f1f6c1e-4b0f-5a57-9d57-0d6f5f9b1a10} Name ourId"
    made = create(graph, singleValueExtendedProperties=[{"id": name, "value": "ours-1"}])
    create(graph, singleValueExtendedProperties=[{"id": name, "value": "ours-2"}])

    def found(value):
        wanted = f"ep: ep/id eq '{name}' and ep/value eq '{value}'"
        params = {
            "$filter": f"singleValueExtendedProperties/Any({wanted})",
            "$expand": f"singleValueExtendedProperties($filter=id eq '{name}')",
        }
        return graph.api("GET", "/me/events", params=params).json()["value"]

    assert [row["id"] for row in found("ours-1")] == [made["id"]]
    assert found("ours-1")[0]["singleValueExtendedProperties"] == [{"id": name, "value": "ours-1"}]
    assert found("ours-3") == []


def test_body_comes_as_html_and_as_text_when_preferred(graph):
    made = create(graph, body={"contentType": "text", "content": "a < b\nc"})
    assert made["body"]["contentType"] == "html"
    assert "a &lt; b<br>" in made["body"]["content"]
    assert made["bodyPreview"] == "a < b\nc"
    prefer = {"Prefer": 'outlook.body-content-type="text"'}
    got = graph.api("GET", f"/me/events/{made['id']}", headers=prefer).json()
    assert got["body"] == {"contentType": "text", "content": "a < b\nc"}


def test_select_gives_only_what_is_asked(graph):
    made = create(graph)
    got = graph.api("GET", f"/me/events/{made['id']}", params={"$select": "subject,start"}).json()
    assert set(got) == {"@odata.context", "@odata.etag", "id", "subject", "start"}


def test_teams_meeting_is_there_at_once_on_a_work_account(graph, web):
    made = create(graph, isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    assert (made["isOnlineMeeting"], made["onlineMeetingProvider"]) == (True, "teamsForBusiness")
    link = made["onlineMeeting"]["joinUrl"]
    assert link in made["body"]["content"]
    assert "This would be the Microsoft Teams room" in web.get(link, timeout=10).text


def test_teams_meeting_cannot_be_taken_away_but_a_new_body_drops_it(graph):
    made = create(graph, isOnlineMeeting=True)
    address = f"/me/events/{made['id']}"
    kept = graph.api("PATCH", address, json={"isOnlineMeeting": False}).json()
    assert kept["isOnlineMeeting"] is True
    body = {"contentType": "html", "content": "New words"}
    assert graph.api("PATCH", address, json={"body": body}).json()["onlineMeeting"] is None


@pytest.mark.parametrize("fields", [{"onlineMeetingProvider": "teamsForBusiness"}, {}])
def test_personal_account_silently_gets_no_teams_meeting(personal_graph, fields):
    made = create(personal_graph, isOnlineMeeting=True, **fields)
    assert (made["isOnlineMeeting"], made["onlineMeetingProvider"]) == (False, None)
    assert made["onlineMeeting"] is None


def test_personal_account_may_get_teams_when_the_provider_is_left_out(personal_graph, store):
    store.set_setting("microsoft.personal_teams", True)
    assert create(personal_graph, isOnlineMeeting=True)["onlineMeeting"]["joinUrl"]
    named = create(personal_graph, isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness")
    assert named["onlineMeeting"] is None


def test_guests_are_always_mailed_and_only_new_ones_when_only_guests_change(graph, store):
    def guests(*emails):
        return {"attendees": [{"emailAddress": {"address": email}} for email in emails]}

    made = create(graph, **guests("a@x.example"))
    address = f"/me/events/{made['id']}"
    graph.api("PATCH", address, json=guests("a@x.example", "b@x.example"))
    graph.api("PATCH", address, json={"subject": "New"})
    graph.api("DELETE", address)
    assert [(mail["about"], mail["to"]) for mail in store.all("mail")] == [
        ("invite", ["a@x.example"]),
        ("update", ["b@x.example"]),
        ("update", ["a@x.example", "b@x.example"]),
        ("cancel", ["a@x.example", "b@x.example"]),
    ]


@pytest.fixture
def invitation(store, office):
    return store.add_event(
        store.primary_calendar(office),
        title="Theirs",
        start=START,
        end=START + timedelta(hours=1),
        organizer="boss@x.example",
    )["id"]


def test_guest_accepts_tentatively(graph, store, invitation):
    address = f"/me/events/{invitation}"
    assert graph.api("POST", f"{address}/tentativelyAccept", json={}).status_code == 202
    got = graph.api("GET", address).json()
    assert got["responseStatus"]["response"] == "tentativelyAccepted"
    assert got["isOrganizer"] is False
    assert store.all("mail")[-1]["to"] == ["boss@x.example"]


def test_guest_declines_and_the_event_leaves_the_calendar(graph, store, invitation):
    address = f"/me/events/{invitation}"
    body = {"sendResponse": False, "comment": "Sorry"}
    assert graph.api("POST", f"{address}/decline", json=body).status_code == 202
    assert graph.api("GET", address).status_code == 404
    assert store.all("mail") == []


def test_guest_may_neither_cancel_nor_change(graph, invitation):
    address = f"/me/events/{invitation}"
    assert code(graph.api("POST", f"{address}/cancel", json={"comment": "x"}))[0] == 400
    assert code(graph.api("PATCH", address, json={"subject": "x"})) == (403, "ErrorAccessDenied")
    allowed = graph.api("PATCH", address, json={"reminderMinutesBeforeStart": 5})
    assert allowed.status_code == 200


def test_organizer_cancels_and_cannot_answer(graph, store):
    made = create(graph, attendees=[{"emailAddress": {"address": "a@x.example"}}])
    address = f"/me/events/{made['id']}"
    assert code(graph.api("POST", f"{address}/accept", json={}))[0] == 400
    assert graph.api("POST", f"{address}/cancel", json={"comment": "Off"}).status_code == 202
    assert graph.api("GET", address).status_code == 404
    assert store.all("mail")[-1]["about"] == "cancel"


def test_scope_and_token_are_enforced(graph, store, office):
    graph.token = store.token_for(office, ["Calendars.Read"])
    assert graph.api("GET", "/me/events").status_code == 200
    assert code(graph.api("POST", "/me/events", json=draft())) == (403, "ErrorAccessDenied")
    assert code(graph.api("GET", "/me")) == (403, "ErrorAccessDenied")
    graph.token = "nonsense"
    assert code(graph.api("GET", "/me/events")) == (401, "InvalidAuthenticationToken")


def test_answers_carry_request_ids(graph):
    answer = graph.api("GET", "/me", headers={"client-request-id": "mine"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["request-id"]


def test_another_accounts_event_is_404(graph, personal_graph):
    made = create(personal_graph)
    assert graph.api("GET", f"/me/events/{made['id']}").status_code == 404
    assert graph.api("DELETE", f"/me/events/{made['id']}").status_code == 404


def test_calendar_without_write_right_refuses(graph, store, office):
    theirs = store.add_calendar(office, name="Theirs", role="reader")
    answer = graph.api("POST", f"/me/calendars/{theirs['id']}/events", json=draft())
    assert code(answer) == (403, "ErrorAccessDenied")

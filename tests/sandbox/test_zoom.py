"""Zoom meetings: create, read, change, delete, and the daily limit."""

from __future__ import annotations

from datetime import datetime

import pytest

MEETINGS = "/users/me/meetings"
DRAFT = {"topic": "Intro", "type": 2, "start_time": "2026-11-23T09:00:00Z", "duration": 30}


def create(zoom, **fields):
    answer = zoom.api("POST", MEETINGS, json=DRAFT | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_me_names_the_user(zoom):
    me = zoom.api("GET", "/users/me").json()
    assert (me["email"], me["timezone"]) == ("amara@finch.example", "Europe/London")


def test_create_then_get_gives_the_same_meeting(zoom, web):
    made = create(zoom, settings={"join_before_host": True})
    assert zoom.api("GET", f"/meetings/{made['id']}").json() == made
    assert made["id"] > 2**31
    assert (made["start_time"], made["duration"]) == ("2026-11-23T09:00:00Z", 30)
    assert made["settings"]["join_before_host"] is True
    assert made["join_url"] != made["start_url"]
    assert "This would be the Zoom room" in web.get(made["join_url"], timeout=10).text


def test_local_start_is_read_in_the_zone(zoom):
    made = create(zoom, start_time="2026-11-23T09:00:00", timezone="America/New_York")
    assert made["start_time"] == "2026-11-23T14:00:00Z"
    assert made["timezone"] == "America/New_York"


def test_meeting_without_fixed_time_has_no_start(zoom):
    made = create(zoom, type=3)
    assert "start_time" not in made
    assert "occurrences" not in made


def test_weekly_series_keeps_its_wall_time(zoom):
    recurrence = {"type": 2, "repeat_interval": 1, "weekly_days": "2,4", "end_times": 4}
    made = create(zoom, type=8, start_time="2026-10-21T09:00:00", recurrence=recurrence)
    assert [one["start_time"] for one in made["occurrences"]] == [
        "2026-10-21T08:00:00Z",
        "2026-10-26T09:00:00Z",
        "2026-10-28T09:00:00Z",
        "2026-11-02T09:00:00Z",
    ]
    first = datetime.fromisoformat("2026-10-21T08:00:00Z").timestamp()
    assert made["occurrences"][0]["occurrence_id"] == str(int(first * 1000))


def test_occurrence_is_changed_and_deleted_alone(zoom):
    recurrence = {"type": 1, "repeat_interval": 1, "end_times": 3}
    made = create(zoom, type=8, recurrence=recurrence)
    address = f"/meetings/{made['id']}"
    first, second, _ = (one["occurrence_id"] for one in made["occurrences"])
    moved = {"start_time": "2026-11-23T11:00:00Z"}
    params = {"occurrence_id": first}
    assert zoom.api("PATCH", address, params=params, json=moved).status_code == 204
    assert zoom.api("DELETE", address, params={"occurrence_id": second}).status_code == 204
    left = zoom.api("GET", address).json()["occurrences"]
    assert [one["start_time"] for one in left] == ["2026-11-23T11:00:00Z", "2026-11-25T09:00:00Z"]
    assert code(zoom.api("DELETE", address, params={"occurrence_id": "1"})) == (400, 3000)


def test_patch_changes_only_what_is_sent(zoom):
    made = create(zoom)
    address = f"/meetings/{made['id']}"
    answer = zoom.api("PATCH", address, json={"topic": "Other", "duration": 45})
    assert (answer.status_code, answer.content) == (204, b"")
    got = zoom.api("GET", address).json()
    assert (got["topic"], got["duration"]) == ("Other", 45)
    assert got["start_time"] == made["start_time"]
    assert got["join_url"] == made["join_url"]


def test_refused_patch_changes_nothing(zoom):
    made = create(zoom)
    address = f"/meetings/{made['id']}"
    answer = zoom.api("PATCH", address, json={"topic": "Other", "duration": 0})
    assert code(answer) == (400, 300)
    assert zoom.api("GET", address).json() == made


def test_deleted_meeting_is_3001(zoom):
    address = f"/meetings/{create(zoom)['id']}"
    assert zoom.api("DELETE", address).status_code == 204
    for method in ("GET", "DELETE"):
        assert code(zoom.api(method, address)) == (404, 3001)
    assert code(zoom.api("PATCH", address, json={})) == (404, 3001)


@pytest.mark.parametrize(
    "fields",
    [
        {"type": 7},
        {"start_time": "soon"},
        {"timezone": "Mars/Base"},
        {"duration": 0},
        {"agenda": "x" * 2001},
        {"type": 8},
        {"type": 8, "recurrence": {"type": 1, "repeat_interval": 100}},
        {"type": 8, "recurrence": {"type": 1, "end_times": 61}},
    ],
)
def test_bad_draft_is_300_and_names_the_field(zoom, fields):
    answer = zoom.api("POST", MEETINGS, json=DRAFT | fields)
    assert code(answer) == (400, 300)
    assert answer.json()["errors"][0]["field"]


def test_daily_limit_counts_creates_and_updates_until_midnight_utc(zoom, store):
    store.set_setting("zoom.daily_limit", 2)
    made = create(zoom)
    zoom.api("PATCH", f"/meetings/{made['id']}", json={"topic": "x"})
    refused = zoom.api("POST", MEETINGS, json=DRAFT)
    assert code(refused) == (429, 429)
    assert "daily rate limit (2)" in refused.json()["message"]
    assert refused.headers["Retry-After"] == "2026-11-21T00:00:00Z"
    store.advance(12 * 3600)
    zoom.token = store.token_for(store.get("account", "zoom:amara@finch.example"))
    assert zoom.api("POST", MEETINGS, json=DRAFT).status_code == 201


def test_other_users_and_their_meetings_are_out_of_reach(zoom, store):
    other = store.add_account("zoom", email="ben@finch.example")
    made = create(zoom)
    assert code(zoom.api("GET", "/users/ben@finch.example")) == (404, 1001)
    zoom.token = store.token_for(other)
    assert code(zoom.api("GET", f"/meetings/{made['id']}")) == (404, 3001)


def test_scope_and_token_are_enforced(zoom, store, zoomer):
    zoom.token = store.token_for(zoomer, ["user:read:user"])
    assert zoom.api("GET", "/users/me").status_code == 200
    assert code(zoom.api("POST", MEETINGS, json=DRAFT)) == (400, 4711)
    zoom.token = "nonsense"
    assert code(zoom.api("GET", "/users/me")) == (401, 124)


def listed(zoom, **params):
    answer = zoom.api("GET", MEETINGS, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_list_goes_page_by_page_and_cuts_the_agenda(zoom):
    made = [create(zoom, topic=f"No. {n}", agenda="x" * 300)["id"] for n in range(5)]
    first = listed(zoom, type="scheduled", page_size="3")
    rest = listed(zoom, page_size="3", next_page_token=first["next_page_token"])
    assert (first["total_records"], len(first["meetings"]), rest["next_page_token"]) == (5, 3, "")
    lines = first["meetings"] + rest["meetings"]
    assert sorted(line["id"] for line in lines) == sorted(made)
    assert {line["agenda"] for line in lines} == {"x" * 250}
    assert not any("start_url" in line for line in lines)


def test_list_leaves_out_instant_meetings_and_what_has_run_out(zoom):
    create(zoom, type=1)
    create(zoom, start_time="2020-01-02T09:00:00Z")
    room = create(zoom, type=3)
    assert [line["id"] for line in listed(zoom)["meetings"]] == [room["id"]]


@pytest.mark.parametrize(
    "params",
    [{"page_size": "301"}, {"page_size": "x"}, {"type": "all"}, {"next_page_token": "nonsense"}],
)
def test_list_refuses_what_it_does_not_know(zoom, params):
    assert code(zoom.api("GET", MEETINGS, params=params)) == (400, 300)


def test_list_wants_its_own_scope(zoom, store, zoomer):
    zoom.token = store.token_for(zoomer, scopes=["meeting:write:meeting", "meeting:read:meeting"])
    answer = zoom.api("GET", MEETINGS)
    assert code(answer) == (400, 4711)
    assert "meeting:read:list_meetings" in answer.json()["message"]

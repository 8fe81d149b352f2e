"""The public pages as a browser without scripts and cookies sees them."""

from __future__ import annotations

import gzip
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse
from icalendar import Calendar as ICalendar

from booking.enums import MeetingState
from booking.models import Meeting
from booking.owners import tables_of
from booking.services.links import set_active
from tests.booking.conftest import NINE, deliver_all, make_link
from tests.booking.pages import fill_in, form_url, open_form, read
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
ANN = {"name": "Ann Other", "email": "ann@tallship.example"}
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def browser():
    """Checks CSRF as a real server does."""
    return Browser(enforce_csrf_checks=True)


def page_of(link, **query):
    url = reverse("booking:book", args=[link.slug])
    return f"{url}?{'&'.join(f'{name}={value}' for name, value in query.items())}"


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    text = text.replace("&#x27;", "'").replace("\N{EN DASH}", "-").replace("\N{MINUS SIGN}", "-")
    return " ".join(text.split())


def only_meeting(link):
    return tables_of(link.owner_kind).meeting.objects.get()


def test_a_visitor_books_without_scripts_or_cookies(link, browser):
    page = browser.get(page_of(link, tz="America/New_York"))
    assert page.status_code == 200
    form_page = browser.get(read(page).slots()[0])
    fields = read(form_page).fields
    action = read(form_page).forms[-1]["action"]
    answer = browser.post(action, {**fields, **ANN, "message": "The plans"})
    assert answer.status_code == 303
    done = browser.get(answer.headers["Location"])
    assert done.status_code == 200
    meeting = only_meeting(link)
    assert (meeting.booker_name, meeting.message) == ("Ann Other", "The plans")
    assert meeting.booker_timezone == "America/New_York"
    assert "Booked. See you Wednesday." in words(done)
    assert "04:00 - 04:30 New York (EST, UTC-5)" in words(done)
    assert dict(browser.cookies) == {}
    deliver_all()
    assert mail.outbox[0].to == ["ann@tallship.example"]
    assert "Confirmation sent to ann@tallship.example" in words(
        browser.get(answer.headers["Location"])
    )


def test_the_page_chooses_the_first_open_day_and_counts(link, browser):
    page = browser.get(page_of(link))
    text = words(page)
    assert "Intro call" in text
    assert "Wednesday 18 14 times" in text
    assert "November - December" in text
    assert "Times in Berlin." in text
    labels = [link_["aria-label"] for link_ in read(page).links if "aria-label" in link_]
    assert labels[:3] == [
        "Later weeks",
        "Wednesday 18 November, 14 times",
        "Thursday 19 November, 16 times",
    ]


def test_another_day_length_and_zone_are_addresses(link, browser):
    page = browser.get(
        page_of(link, date="2026-11-19", duration="45", tz="Asia/Kolkata", **{"from": "2026-11-16"})
    )
    text = words(page)
    assert "Thursday 19 15 times" in text
    assert "Times in Kolkata. On 19 November Berlin is 4 hours 30 minutes behind." in text
    assert read(page).slots()[0].endswith("start=2026-11-19T08:00:00Z&duration=45&tz=Asia/Kolkata")
    assert "Afternoon 13:30" in text


def test_weeks_turn_until_the_horizon(link, browser):
    urls = [page_of(link)]
    for _turn in range(5):
        page = read(browser.get(urls[-1]))
        later = [a["href"] for a in page.links if a.get("aria-label") == "Later weeks"]
        if not later:
            break
        urls += later
    assert len(urls) == 2
    assert "Earlier weeks" in browser.get(urls[-1]).content.decode()


def test_the_next_open_time_is_named(owner, clock, browser):
    hours = owner.availability.to_json()
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday"):
        hours[day]["enabled"] = False
    hours["overrides"] = {"2027-01-04": [["10:00", "11:00"]]}
    link = make_link(owner, availability_settings=hours)
    page = browser.get(page_of(link))
    assert (
        f"No open times in these weeks. {owner.name}'s next open time is Monday 4 January, 10:00"
        in words(page)
    )
    (jump,) = [
        a["href"] for a in read(page).links if "Monday 4 January" in str(a) or "2027" in a["href"]
    ]
    assert "Monday 4 2 times" in words(browser.get(jump))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
        ({"tz": "%00"}, "tz"),
        ({"tz": "x" * 5000}, "tz"),
        ({"date": "2026-13-40"}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"date": "20261119"}, "date"),
        ({"from": "yesterday"}, "from"),
        ({"duration": "7"}, "duration"),
        ({"duration": "1e9"}, "duration"),
        ({"duration": "%EF%BC%93%EF%BC%90"}, "duration"),
    ],
)
def test_a_wrong_address_is_named_and_the_page_still_works(link, browser, query, field):
    page = browser.get(page_of(link, **query))
    assert page.status_code == 400
    assert f"<code>{field}</code>" in page.content.decode()
    assert len(read(page).slots()) == 14


@pytest.mark.parametrize("slug", ["nothing", "INTRO2", "x" * 200, "a.b", "..%2fadmin", "%00"])
def test_an_unknown_link_is_a_kind_404(link, browser, slug):
    answer = browser.get(f"/book/{slug}")
    assert answer.status_code == 404
    if re.fullmatch(r"[\w-]+", slug):
        assert "This booking page is not open" in words(answer)


def test_a_paused_link_is_not_told_from_none(link, browser):
    form = open_form(browser, link)
    set_active(link=link, is_active=False)
    for answer in (
        browser.get(page_of(link)),
        browser.get(form_url(link)),
        browser.post(form["action"], fill_in(form, **ANN)),
    ):
        assert answer.status_code == 404
        assert "This booking page is not open" in words(answer)


def test_an_unreadable_calendar_is_said_on_page_and_form(sandbox, clock, connect, owner, browser):
    connect(owner, "google")
    link = make_link(owner)
    form = open_form(browser, link)
    sandbox.fault("google.freebusy.query", status=503, reason="backendError", count=None)
    page = browser.get(page_of(link))
    assert page.status_code == 503
    assert f"{owner.name}'s calendar did not answer" in words(page)
    answer = browser.post(form["action"], fill_in(form, **ANN))
    assert answer.status_code == 503
    assert "no time can be promised" in words(answer)
    assert read(answer).fields["name"] == "Ann Other"
    sandbox.store.clear_faults()
    assert browser.post(form["action"], read(answer).fields).status_code == 303


def test_requests_are_said_to_be_requests(owner, clock, browser):
    link = make_link(owner, requires_approval=True)
    assert "These are requests" in words(browser.get(page_of(link)))
    asked = words(browser.get(form_url(link)))
    assert "This is a request: " in asked
    assert "Ask for Thursday at 09:00" in asked
    assert "Book Thursday" not in asked
    form = open_form(browser, link)
    done = browser.get(browser.post(form["action"], fill_in(form, **ANN)).headers["Location"])
    assert "Your request is sent." in words(done)
    assert "Add to calendar" not in words(done)


def test_what_people_typed_is_never_markup(owner, clock, browser):
    link = make_link(
        owner,
        title=HOSTILE,
        description=HOSTILE,
        location=HOSTILE,
        questions=[{"key": "q", "label": HOSTILE, "kind": "text"}],
    )
    form = open_form(browser, link)
    typed = fill_in(form, name=HOSTILE, email=ANN["email"], message=HOSTILE, q_q=HOSTILE)
    again = browser.post(form["action"], {**typed, "email": "no"})
    answer = browser.post(form["action"], typed)
    done = browser.get(answer.headers["Location"])
    deliver_all()
    htmls = [part.content for message in mail.outbox for part in message.alternatives]
    assert len(htmls) == 2
    pages = [browser.get(page_of(link)), again, done]
    for html in [*htmls, *(page.content.decode() for page in pages)]:
        assert "<script>alert" not in html
    for message in mail.outbox:
        assert "\n" not in message.subject


def test_the_file_is_the_same_invitation(link, browser):
    form = open_form(browser, link)
    done = browser.post(form["action"], fill_in(form, **ANN)).headers["Location"]
    answer = browser.get(f"{done}/invite.ics")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    (event,) = ICalendar.from_ical(answer.content).walk("VEVENT")
    meeting = only_meeting(link)
    assert (str(event["UID"]), event["DTSTART"].dt) == (meeting.uid, NINE)


def test_the_done_page_opens_only_with_the_token_and_changes_nothing(link, browser):
    form = open_form(browser, link)
    done = browser.post(form["action"], fill_in(form, **ANN)).headers["Location"]
    meeting = only_meeting(link)
    assert browser.get(done[:-1] + ("A" if done[-1] != "A" else "B")).status_code == 404
    assert browser.post(done).status_code == 403
    assert Browser().post(done).status_code == 405
    browser.get(done)
    fresh = only_meeting(link)
    assert (fresh.state, fresh.updated_at) == (MeetingState.CONFIRMED, meeting.updated_at)
    assert str(meeting.id) not in browser.get(done).content.decode()


def test_the_token_opens_a_meeting_whose_link_was_renamed(link, browser):
    form = open_form(browser, link)
    done = browser.post(form["action"], fill_in(form, **ANN)).headers["Location"]
    link.slug = "elsewhere"
    link.save()
    for url in (done, done.replace("/done/", "/m/")):
        assert browser.get(url).status_code == 200


def test_the_done_page_outlives_its_link(link, browser):
    form = open_form(browser, link)
    done = browser.post(form["action"], fill_in(form, **ANN)).headers["Location"]
    link.delete()
    assert browser.get(done).status_code == 200
    assert browser.get(f"{done}/invite.ics").status_code == 200
    assert browser.get(done[:-1] + ("A" if done[-1] != "A" else "B")).status_code == 404


def test_public_pages_tell_no_more_than_they_need(link, owner, browser):
    html = browser.get(page_of(link)).content.decode()
    html += browser.get(form_url(link)).content.decode()
    for secret in (owner.notice_email, str(owner.id), str(link.id), str(link.workspace_id)):
        assert secret not in html


def test_an_owner_without_a_name_is_not_shown_by_address(workspace, alice, clock, browser):
    alice.name = ""
    alice.save()
    link = make_link(owner_of_user(alice, workspace))
    assert "alice@example.com" not in browser.get(page_of(link)).content.decode()


def test_headers_are_strict_and_nothing_is_kept(link, browser):
    for answer in (browser.get(page_of(link)), browser.get(form_url(link))):
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "no-store" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        tags = read(answer).tags
        assert [has for _tag, has in tags if "style" in has] == []
        assert [has for tag, has in tags if tag == "script" and "src" not in has] == []
        assert [key for _tag, has in tags for key in has if key.startswith("on")] == []


@pytest.mark.parametrize("length", [0, 2000])
def test_first_load_is_small(link, browser, length):
    words = hashlib.sha512(b"cover").hexdigest() * 16
    link.description = words[:length]
    link.save()
    page = browser.get(page_of(link))
    urls = {
        (has.get("src") or has.get("href")).split("#")[0]
        for tag, has in read(page).tags
        if tag in {"script", "link", "use", "img"}
    }
    files = [finders.find(url.removeprefix("/static/")) for url in urls]
    weight = len(gzip.compress(page.content))
    weight += sum(len(gzip.compress(Path(name).read_bytes())) for name in files)
    assert weight <= 40_000
    assert 1 + len(urls) <= 5


@pytest.mark.parametrize(
    ("text", "folds"),
    [
        ("Bring shoes.", False),
        ("Bring shoes.\nAnd a towel.", False),
        ("Bring shoes. " * 20, True),
        ("One\nTwo\nThree", True),
    ],
)
def test_cover_text_is_there_for_phones_and_a_long_one_folds(link, browser, text, folds):
    """It was hidden on phones, with what to bring in it."""
    link.description = text
    link.save()
    page = read(browser.get(page_of(link)))
    assert ("blurb-fold" in page.classes) is folds
    assert "blurb" in page.classes
    assert ("long" in page.classes) is folds


def test_a_page_of_bookings_needs_few_queries(link, browser, django_assert_max_num_queries):
    browser.get(page_of(link))
    with django_assert_max_num_queries(8):
        browser.get(page_of(link))


def test_a_clock_change_day_shows_its_own_hours(client_owner, clock, browser):
    clock.move_to(datetime(2027, 3, 25, 6, tzinfo=UTC))
    link = make_link(client_owner)
    page = browser.get(page_of(link, date="2027-03-29", tz="America/New_York"))
    assert "On 29 March Berlin is 6 hours ahead." in words(page)
    assert "03:00" in words(page)
    form = open_form(browser, link, datetime(2027, 3, 29, 7, tzinfo=UTC), tz="Europe/Berlin")
    answer = browser.post(form["action"], fill_in(form, **ANN))
    assert "09:00 - 09:30 Berlin (CEST, UTC+2)" in words(browser.get(answer.headers["Location"]))
    assert Meeting.objects.get().start_at == datetime(2027, 3, 29, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("conference", "tier", "promised"),
    [
        ("zoom", "standard", False), ("zoom", "advanced", True), ("teams", "free", False),
        ("teams", "standard", True), ("auto", "free", False), ("auto", "standard", True),
        ("meet", "free", True),
    ],
)  # fmt: skip
def test_a_visitor_is_promised_only_a_link_that_the_plan_holds(
    browser, client_owner, clock, conference, tier, promised
):
    workspace = client_owner.workspace
    workspace.tier = tier
    workspace.save()
    link = make_link(client_owner, conference=conference)
    page = browser.get(page_of(link))
    form_page = browser.get(read(page).slots()[0])
    for shown in (page, form_page):
        assert ("sends you the way to join" in words(shown)) is not promised
        assert shown.status_code == 200
    assert ("Link in your confirmation" in words(page)) is promised
    assert read(page).slots()  # the page stays open either way

"""What follows a visitor from page to page: language, frame, what was filled in beforehand."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from booking.owners import tables_of
from calendars.models import Hold
from tests.booking.conftest import NINE, deliver_all, make_link
from tests.booking.pages import fill_in, form_url, open_form, read

pytestmark = pytest.mark.django_db

ANN = {"name": "Ann Other", "email": "ann@tallship.example"}
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


def page_of(link, **query):
    url = reverse("booking:book", args=[link.slug])
    return f"{url}?{'&'.join(f'{name}={quote(value)}' for name, value in query.items())}"


def words(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(unescape(text).replace("\N{EN DASH}", "-").split())


def only_meeting(link):
    return tables_of(link.owner_kind).meeting.objects.get()


def query_of(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(unescape(url)).query).items()}


@pytest.mark.parametrize(
    ("chosen", "accepted", "spoken", "nine"),
    [
        ("", "", "en", "09:00"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "de", "09:00"),
        ("", "ja,nl;q=0.9", "en", "09:00"),
        ("", "ja,fr;q=0.8,de;q=0.7", "fr", "09:00"),
        ("", "en-US,en;q=0.9", "en-us", "9:00 AM"),
        ("", "en-GB,en-US;q=0.9,en;q=0.8", "en", "09:00"),
        ("es", "de", "es", "09:00"),
        ("DE", "en", "de", "09:00"),
        ("de-CH", "en", "de", "09:00"),
        ("en", "en-US", "en-us", "9:00 AM"),
        ("en", "de", "en", "09:00"),
        ("xx", "fr", "fr", "09:00"),
        ("../../etc", "fr", "fr", "09:00"),
        ("\x00", "", "en", "09:00"),
        ("", "*;q=abc, ,;;" * 100, "en", "09:00"),
    ],
)
def test_the_language_is_the_chosen_one_or_the_browsers(
    client_link, browser, chosen, accepted, spoken, nine
):
    headers = {"Accept-Language": accepted} if accepted else {}
    query = {"lang": chosen} if chosen else {}
    page = browser.get(page_of(client_link, date="2026-11-19", **query), headers=headers)
    html = page.content.decode()
    assert page.status_code == 200
    assert re.search(r'<html lang="(\w\w)', html)[1] == spoken[:2]
    assert page.headers["Content-Language"] == spoken
    assert f">{nine}</a>" in html
    assert "Accept-Language" in page.headers["Vary"]
    assert page.cookies == {}


def test_the_chosen_language_goes_all_the_way_and_into_the_mail(link, browser):
    page = browser.get(page_of(link, lang="de"))
    assert '<html lang="de"' in page.content.decode()
    for a in read(page).links:
        if a["href"].startswith("/book/"):
            assert query_of(a["href"])["lang"] in {"en", "de", "fr", "es"}
    form_page = browser.get(unescape(read(page).slots()[0]))
    assert '<html lang="de"' in form_page.content.decode()
    form = read(form_page)
    answer = browser.post(form.forms[-1]["action"], {**form.fields, **ANN, "email": "ann"})
    assert (answer.status_code, answer.headers["Content-Language"]) == (422, "de")
    answer = browser.post(form.forms[-1]["action"], {**form.fields, **ANN})
    assert query_of(answer.headers["Location"]) == {"lang": "de"}
    assert only_meeting(link).booker_language == "de"
    assert '<html lang="de"' in browser.get(answer.headers["Location"]).content.decode()
    deliver_all()
    to_ann = next(one for one in mail.outbox if one.to == [ANN["email"]])
    to_owner = next(one for one in mail.outbox if one.to != [ANN["email"]])
    assert "Mittwoch, 18. November 2026" in to_ann.body
    assert re.search(r"/m/[\w-]{43}\?lang=de\b", to_ann.body)
    assert "Wednesday 18 November 2026" in to_owner.body


def test_every_page_offers_the_other_languages(link, browser):
    url = form_url(link)
    for address in (page_of(link, tz="Asia/Kolkata"), url):
        found = [a for a in read(browser.get(address)).links if "hreflang" in a]
        assert [a["lang"] for a in found] == ["en", "de", "fr", "es"]
        assert [a["lang"] for a in found if a.get("aria-current")] == ["en"]
        german = browser.get(unescape(found[1]["href"]))
        assert '<html lang="de"' in german.content.decode()
        kept = {**query_of(found[1]["href"])}
        assert {**query_of(address), "lang": "de"} == kept


def test_guests_are_kept_with_the_meeting(link, browser):
    form = open_form(browser, link)
    typed = "Dana Lark <dana@larkfield.example>\nben@osprey.example; ANN@tallship.example\n\n"
    typed += "BEN@osprey.example"
    answer = browser.post(form["action"], fill_in(form, **ANN, guests=typed))
    assert answer.status_code == 303
    assert only_meeting(link).guests == [
        {"name": "Dana Lark", "email": "dana@larkfield.example"},
        {"name": "", "email": "ben@osprey.example"},
    ]
    done = words(browser.get(answer.headers["Location"]))
    assert "Dana Lark" in done
    assert "ben@osprey.example" in done


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("nobody", "Guest 1: Give a whole address"),
        ("a@x.example\nBen", "Guest 2: Give a whole address"),
        (f"{HOSTILE} <a@x.example>", "Guest 1: "),
        ("www.spam.example <a@x.example>", "Guest 1: Give a name without a web address"),
        ("Bcc:\x01 <a@x.example>", "Guest 1: A name is one line"),
        ("\n".join(f"g{number}@x.example" for number in range(11)), "Name at most 10 guests."),
        ("x" * 5000, "Name at most 10 guests."),
        ("<" * 3999, "Guest 1: "),
        (" (" * 1999 + "@", "Guest 1: "),
    ],
)
def test_wrong_guests_are_named_and_everything_is_kept(link, browser, typed, says):
    form = open_form(browser, link)
    answer = browser.post(form["action"], fill_in(form, **ANN, guests=typed, message="Plans"))
    assert answer.status_code == 422
    assert says in words(answer)
    assert "<script>alert" not in answer.content.decode()
    page = read(answer)
    assert page.fields["name"] == ANN["name"]
    assert "Plans</textarea>" in answer.content.decode()
    assert ("details", {"class": "more", "open": None}) in page.tags
    assert Hold.objects.count() == 0


def test_a_link_without_guests_neither_asks_for_nor_takes_them(owner, clock, browser):
    link = make_link(owner, allows_guests=False)
    form = open_form(browser, link)
    assert "guests" not in form["fields"]
    answer = browser.post(form["action"], fill_in(form, **ANN, guests="a@x.example"))
    assert answer.status_code == 303
    assert only_meeting(link).guests == []


def test_a_link_may_fill_in_the_form_beforehand(owner, clock, browser):
    link = make_link(
        owner,
        questions=[
            {"key": "topic", "label": "Topic", "kind": "text"},
            {"key": "size", "label": "Size", "kind": "choice", "choices": ["small", "large"]},
        ],
    )
    given = {
        "name": "Ann O'Ther",
        "email": "ann@tallship.example",
        "message": HOSTILE,
        "guests": "dana@larkfield.example",
        "q_topic": "Plans & more",
        "q_size": "large",
        "duration": "45",
        "date": "2026-11-19",
        "tz": "Asia/Kolkata",
        "lang": "fr",
    }
    page = browser.get(page_of(link, **given))
    form_page = browser.get(unescape(read(page).slots()[0]))
    fields = read(form_page).fields
    html = form_page.content.decode()
    assert fields["name"] == "Ann O'Ther"
    assert fields["email"] == "ann@tallship.example"
    assert fields["q_topic"] == "Plans & more"
    assert fields["q_size"] == "large"
    assert (fields["duration"], fields["tz"]) == ("45", "Asia/Kolkata")
    assert "dana@larkfield.example</textarea>" in html
    assert "<script>alert" not in html
    assert '<html lang="fr"' in html
    action = read(form_page).forms[-1]["action"]
    assert query_of(action) == {"lang": "fr"}
    answer = browser.post(action, {**fields, "message": "Hello", "guests": ""})
    assert answer.status_code == 303
    meeting = only_meeting(link)
    assert [one["answer"] for one in meeting.answers] == ["Plans & more", "large"]
    assert (meeting.booker_language, meeting.booker_timezone) == ("fr", "Asia/Kolkata")


@pytest.mark.parametrize(
    "query",
    [{"name": "x" * 9000}, {"q_" + "a" * 200: "1"}, {"email": "\x00\x1b"}, {"guests": "<" * 999}],
)
def test_hostile_prefill_is_only_text_in_a_field(link, browser, query):
    for url in (page_of(link, **query), f"{form_url(link)}&{page_of(link, **query).split('?')[1]}"):
        page = browser.get(url)
        assert page.status_code == 200
        assert len(page.content) < 200_000


def test_only_a_framed_page_may_be_framed(link, browser):
    plain = [page_of(link), form_url(link)]
    framed = [page_of(link, embed="1"), form_url(link, embed="1")]
    form = open_form(browser, link, embed="1")
    refused = browser.post(form["action"], fill_in(form, **{**ANN, "email": "no"}))
    booked = browser.post(form["action"], fill_in(form, **ANN))
    done = booked.headers["Location"]
    assert query_of(done) == {"embed": "1"}
    pages = [*(browser.get(url) for url in (*framed, done)), refused, booked]
    for page in pages:
        assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in page.headers
        assert page.cookies == {}
    manage = done.replace("/done/", "/m/")
    for url in (*plain, done.split("?")[0], page_of(link, embed="0"), manage, "/calendar?embed=1"):
        page = browser.get(url)
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"


def test_a_paused_link_says_so_in_the_frame_too(link, browser):
    link.is_active = False
    link.save()
    page = browser.get(page_of(link, embed="1", lang="de"))
    assert page.status_code == 404
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert '<html lang="de"' in page.content.decode()


def test_a_booker_proves_the_address_on_the_page(owner, clock, browser):
    link = make_link(owner, verifies_email=True)
    form = open_form(browser, link, lang="de")
    typed = fill_in(form, **ANN, message="Two\nlines", guests="dana@larkfield.example")
    asked = browser.post(form["action"], typed)
    assert asked.status_code == 200
    assert Hold.objects.count() == 0
    deliver_all()
    code = "".join(re.search(r"(\d{3}) (\d{3})\n", mail.outbox[0].body).groups())
    fields = read(asked).fields
    wrong = browser.post(form["action"], {**fields, "code": "000000" if code != "000000" else "1"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.content.decode()
    fields = read(wrong).fields
    edited = read(browser.post(form["action"], {**fields, "edit": "1"}))
    assert edited.fields["name"] == ANN["name"]
    booked = browser.post(form["action"], {**fields, "code": f" {code[:3]} {code[3:]}"})
    assert booked.status_code == 303
    meeting = only_meeting(link)
    assert (meeting.message, meeting.start_at) == ("Two\nlines", NINE)
    assert meeting.guests == [{"name": "", "email": "dana@larkfield.example"}]
    again = browser.post(form["action"], {**fields, "code": code})
    assert again.headers["Location"] == booked.headers["Location"]

"""A visitor proves an address on the page: without scripts or cookies, and nothing is kept."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from booking.models import Contact, EmailCheck, SalesProspect
from booking.owners import tables_of
from booking.services import limits
from booking.services.blocking import block, read_target
from calendars.models import Hold
from common.models import OutboxMessage
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, deliver_all, make_link
from tests.booking.pages import fill_in, form_url, open_form, read

pytestmark = pytest.mark.django_db

ANN = {"name": "Ann Other", "email": "ann@tallship.example", "message": "The <plans>\nof ours"}


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


@pytest.fixture
def proved_link(owner, clock):
    questions = [{"key": "size", "label": "How many?", "kind": "text", "required": True}]
    return make_link(owner, verifies_email=True, questions=questions)


def send(browser, link, clock, **typed):
    """The form filled in and sent: the page that asks for the code."""
    form = open_form(browser, link, tz="America/New_York")
    clock.shift(timedelta(seconds=20))
    return browser.post(form["action"], fill_in(form, **{**ANN, "q_size": "Five", **typed}))


def press(browser, page, **typed):
    shown = read(page)
    return browser.post(shown.forms[-1]["action"], {**shown.fields, **typed})


def mailed_code():
    deliver_all()
    return re.search(r"(\d{3}) (\d{3})", mail.outbox[-1].body).expand(r"\1\2")


def test_the_code_books_with_everything_that_was_typed(proved_link, browser, clock):
    asked = send(browser, proved_link, clock)
    assert asked.status_code == 200
    assert "A code is on its way to ann@tallship.example." in asked.text
    assert Hold.objects.count() == 0
    done = press(browser, asked, code=mailed_code())
    assert done.status_code == 303
    meeting = tables_of(proved_link.owner_kind).meeting.objects.get()
    assert (meeting.booker_name, meeting.message) == ("Ann Other", "The <plans>\nof ours")
    assert meeting.answers[0]["answer"] == "Five"
    assert meeting.booker_timezone == "America/New_York"
    assert dict(browser.cookies) == {}


def test_until_then_nothing_that_was_typed_is_kept_but_the_address(proved_link, browser, clock):
    send(browser, proved_link, clock)
    assert Contact.objects.count() == SalesProspect.objects.count() == 0
    kept = str([*EmailCheck.objects.values(), *OutboxMessage.objects.values()])
    assert "ann@tallship.example" in kept
    for word in ("Ann Other", "plans", "Five"):
        assert word not in kept


def test_the_mail_holds_nothing_that_a_visitor_typed_but_the_address(proved_link, browser, clock):
    send(browser, proved_link, clock, name="Buy cheap gold", message="at gold.example")
    mailed_code()
    said = f"{mail.outbox[-1].subject} {mail.outbox[-1].body} {mail.outbox[-1].alternatives}"
    assert "gold" not in said


def test_the_mail_speaks_the_language_of_the_page(proved_link, browser, clock):
    form = open_form(browser, proved_link, lang="de")
    clock.shift(timedelta(seconds=20))
    browser.post(form["action"], fill_in(form, **ANN, q_size="5"))
    assert EmailCheck.objects.get().language.startswith("de")


def test_a_wrong_code_keeps_everything_and_says_so(proved_link, browser, clock):
    asked = send(browser, proved_link, clock)
    code = mailed_code()
    wrong = press(browser, asked, code="000000" if code != "000000" else "111111")
    assert wrong.status_code == 422
    assert "This is not the code." in wrong.text
    assert press(browser, wrong, code=code).status_code == 303


def test_a_lost_time_offers_the_nearest_and_asks_for_no_second_code(proved_link, browser, clock):
    asked = send(browser, proved_link, clock)
    code = mailed_code()
    book(proved_link, answers={"size": "1"})
    mail.outbox.clear()
    lost = press(browser, asked, code=code)
    assert lost.status_code == 409
    nearest = next(value for name, value in read(lost).buttons if name == "pick")
    assert read(lost).fields["name"] == "Ann Other"
    assert press(browser, lost, pick=nearest).status_code == 303
    assert not [one for one in mail.outbox if "code" in one.subject]


def test_no_code_goes_out_for_a_time_that_is_gone(proved_link, browser, clock):
    form = open_form(browser, proved_link)
    book(proved_link, answers={"size": "1"})
    clock.shift(timedelta(seconds=20))
    assert browser.post(form["action"], fill_in(form, **ANN, q_size="5")).status_code == 409
    assert EmailCheck.objects.count() == 0


def test_sending_the_form_again_mails_no_second_code(proved_link, browser, clock):
    form = open_form(browser, proved_link)
    clock.shift(timedelta(seconds=20))
    for _time in range(3):
        browser.post(form["action"], fill_in(form, **ANN, q_size="5"))
    deliver_all()
    assert len(mail.outbox) == 1


def test_another_code_and_another_address(proved_link, browser, clock):
    asked = send(browser, proved_link, clock)
    first = mailed_code()
    clock.shift(timedelta(seconds=40))
    again = press(browser, asked, another="1")
    assert again.status_code == 200
    assert (mailed_code(), len(mail.outbox)) == (first, 2)
    edited = press(browser, again, edit="1")
    assert read(edited).fields["email"] == "ann@tallship.example"
    other = press(browser, edited, email="ann@other.example")
    assert "ann@other.example" in other.text
    mailed_code()
    assert mail.outbox[-1].to == ["ann@other.example"]
    # The first address's code is not the other's.
    assert press(browser, other, code=first).status_code == 422


def test_too_many_codes_leave_the_page_to_type_the_one_that_came(proved_link, browser, clock):
    asked = send(browser, proved_link, clock)
    code = mailed_code()
    for _time in range(5):
        clock.shift(timedelta(seconds=40))
        asked = press(browser, asked, another="1")
    assert asked.status_code == 429
    assert 'name="code"' in asked.text
    assert press(browser, asked, code=code).status_code == 303


def test_a_proved_booker_changes_no_record_either(proved_link, browser, clock):
    tables = tables_of(proved_link.owner_kind)
    book(proved_link, start=NINE + HALF_HOUR, answers={"size": "1"})
    person = tables.person.objects.get()
    before = (person.name, person.phone, person.timezone)
    press(browser, send(browser, proved_link, clock, name="Other Name"), code=mailed_code())
    person.refresh_from_db()
    assert (person.name, person.phone, person.timezone) == before
    assert tables.meeting.objects.filter(booker_name="Other Name").exists()


def test_an_unproved_booker_changes_no_record(link, browser, clock):
    tables = tables_of(link.owner_kind)
    book(link, start=NINE + HALF_HOUR)
    person = tables.person.objects.get()
    form = open_form(browser, link)
    clock.shift(timedelta(seconds=20))
    sent = browser.post(form["action"], fill_in(form, **{**ANN, "name": "Other Name"}))
    assert sent.status_code == 303
    person.refresh_from_db()
    assert person.name == "Ann Other"


def test_who_is_known_cannot_be_told_from_a_stranger(proved_link, browser, clock):
    """Neither words nor statuses tell whether an address has a record."""
    book(proved_link, start=NINE + HALF_HOUR, answers={"size": "1"})
    shapes = []
    for email in ("ann@tallship.example", "nobody@tallship.example"):
        asked = send(browser, proved_link, clock, email=email)
        text = re.sub(r'value="[^"]*"', "", asked.text.replace(email, "x"))
        shapes.append((asked.status_code, text))
    assert shapes[0] == shapes[1]


def test_a_blocked_booker_is_refused_in_words_and_gets_no_code(proved_link, browser, clock):
    block(
        workspace=proved_link.workspace,
        target=read_target("tallship.example"),
        added_by="Alice",
        today=NOW.date(),
    )
    refused = send(browser, proved_link, clock)
    assert refused.status_code == 403
    assert "This booking cannot be taken online. Nothing was booked." in refused.text
    assert "block" not in re.sub(r'class="[^"]*"', "", refused.text)
    assert read(refused).fields["name"] == "Ann Other"
    assert EmailCheck.objects.count() == 0


def test_the_trap_is_unseen_by_people_and_counted(link, browser, clock):
    page = browser.get(form_url(link))
    assert re.search(r'<div class="trap" aria-hidden="true"><label for="id_website">', page.text)
    form = open_form(browser, link)
    clock.shift(timedelta(seconds=20))
    trapped = browser.post(form["action"], fill_in(form, **ANN, website="http://spam.example"))
    assert trapped.status_code == 422
    assert "Leave the hidden field empty" in trapped.text
    # A person whose browser filled it in sends the form once more.
    assert press(browser, trapped).status_code == 303
    for _time in range(limits.HASTY_PER_ADDRESS.most):
        answer = browser.post(form["action"], fill_in(form, **ANN, website="x"))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_looking_too_often_is_refused_in_words(link, browser, monkeypatch):
    small = limits.Limit("looks-address", 3, timedelta(minutes=10), words="Too often. Later.")
    monkeypatch.setattr(limits, "LOOKS_PER_ADDRESS", small)
    page, api = reverse("booking:book", args=[link.slug]), reverse("booking_api:availability")
    assert browser.get(page).status_code == 200
    assert browser.get(api, {"link": link.slug}).status_code == 200
    assert browser.get(api, {"link": "none"}).status_code == 404
    for url in (page, api):
        answer = browser.get(url, {"link": link.slug})
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "Too often. Later." in answer.text

"""Who a workspace takes no bookings from."""

from __future__ import annotations

import html
import json
from datetime import date, timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from booking.enums import BlockKind
from booking.errors import BookerRefused, GuestsRefused
from booking.models import BookingBlock
from booking.services.blocking import (
    block,
    read_target,
    refuse_blocked,
    refuse_blocked_guests,
    unblock,
)
from calendars.models import Hold
from common.errors import InvalidInput, NotFound
from tests.booking.conftest import NINE, NOW, make_link
from tests.booking.pages import fill_in, open_form

pytestmark = pytest.mark.django_db
TODAY = NOW.date()
GUESTS_REFUSED = {
    "en": "These guests cannot be invited online.",
    "de": "Diese Gäste können nicht online eingeladen werden.",
    "fr": "Ces invités ne peuvent pas être invités en ligne.",
    "es": "Estos invitados no se pueden invitar en línea.",
}


def add(workspace, typed, **more):
    return block(
        workspace=workspace, target=read_target(typed), added_by="Alice", today=TODAY, **more
    )


def is_refused(workspace, email="ann@tallship.example", address="192.0.2.1", now=NOW):
    try:
        refuse_blocked(workspace=workspace, email=email, address=address, now=now)
    except BookerRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [
        (" Ann+Spam@Tallship.example ", "email", "ann@tallship.example"),
        ("a.n.n@googlemail.com", "email", "ann@gmail.com"),
        ("a.n.n@tallship.example", "email", "a.n.n@tallship.example"),
        ("Mailinator.example", "domain", "mailinator.example"),
        ("@mailinator.example", "domain", "mailinator.example"),
        ("*.mailinator.example", "domain", "mailinator.example"),
        ("bücher.example", "domain", "xn--bcher-kva.example"),
        ("203.0.113.7", "network", "203.0.113.7/32"),
        ("203.0.113.9/24", "network", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "network", "2001:db8:1:2::/64"),
        ("2001:db8:1::/48", "network", "2001:db8:1::/48"),
    ],
)
def test_target_is_told_by_its_looks(typed, kind, value):
    target = read_target(typed)
    assert (target.kind, target.value) == (BlockKind(kind), value)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Give an e-mail address, a domain"),
        ("com", "Give a domain"),
        ("not a domain", "Give a domain"),
        ("ann@", "Give a whole address"),
        ("0.0.0.0/0", "too wide"),
        ("::/0", "too wide"),
        ("203.0.113.300", "Give an internet address"),
        ("203.0.113.0/99", "Give an internet address"),
        ("x" * 300 + ".example", "Give a domain"),
    ],
)
def test_target_that_is_none_is_refused(typed, words):
    with pytest.raises(InvalidInput, match=words) as refusal:
        read_target(typed)
    assert refusal.value.field == "value"


@pytest.mark.parametrize(
    ("typed", "refused", "let_in"),
    [
        ("ann@ship.example", {"email": "Ann+2@Ship.example"}, {"email": "an@ship.example"}),
        ("a.nn@gmail.com", {"email": "ann+x@googlemail.com"}, {"email": "anna@gmail.com"}),
        ("ship.example", {"email": "x@mail.ship.example"}, {"email": "x@notship.example"}),
        ("mail.ship.example", {"email": "x@mail.ship.example"}, {"email": "x@ship.example"}),
        ("192.0.2.0/24", {"address": "192.0.2.200"}, {"address": "192.0.3.1"}),
        ("192.0.2.0/24", {"address": "::ffff:192.0.2.200"}, {"address": "not an address"}),
        ("2001:db8:1:2::3", {"address": "2001:db8:1:2:9::1"}, {"address": "2001:db8:1:3::3"}),
    ],
)  # fmt: skip
def test_block_holds_for_what_it_means_and_in_its_workspace_only(
    workspace, other_workspace, typed, refused, let_in
):
    add(workspace, typed)
    usual = {"email": "someone@elsewhere.example", "address": "198.51.100.1"}
    assert is_refused(workspace, **{**usual, **refused})
    assert not is_refused(workspace, **{**usual, **let_in})
    assert not is_refused(other_workspace, **{**usual, **refused})


def test_block_ends_with_its_last_day_by_the_workspaces_clock(workspace):
    add(workspace, "ann@tallship.example", ends_on=TODAY)
    assert is_refused(workspace, now=NOW.replace(hour=22, minute=59))  # 23:59 in Berlin
    assert not is_refused(workspace, now=NOW.replace(hour=23, minute=0))
    with pytest.raises(InvalidInput) as refusal:
        add(workspace, "ben@tallship.example", ends_on=TODAY - timedelta(days=1))
    assert refusal.value.field == "ends_on"


def test_blocking_again_changes_the_reason(workspace):
    add(workspace, "ann@tallship.example", reason="Spam", ends_on=date(2027, 1, 1))
    again = add(workspace, "ANN+1@tallship.example", reason="Rude")
    assert (again.reason, again.ends_on) == ("Rude", None)
    assert BookingBlock.objects.count() == 1
    with pytest.raises(InvalidInput):
        add(workspace, "ben@tallship.example", reason="one\ntwo")


def test_unblocking_is_of_ones_own_workspace(workspace, other_workspace):
    row = add(workspace, "ann@tallship.example")
    with pytest.raises(NotFound):
        unblock(workspace=other_workspace, block_id=row.pk)
    assert unblock(workspace=workspace, block_id=row.pk).value == "ann@tallship.example"
    assert not is_refused(workspace)


def test_api_refuses_without_telling_by_which_rule(link):
    body = {
        "link": link.slug,
        "start": NINE.isoformat(),
        "name": "Ann",
        "email": "a@tallship.example",
    }

    def book():
        return Browser().post(
            reverse("booking_api:meetings"), json.dumps(body), content_type="application/json"
        )

    answers = []
    for typed in ("a@tallship.example", "tallship.example", "127.0.0.1"):
        row = add(link.workspace, typed)
        answers.append((book().status_code, book().content))
        unblock(workspace=link.workspace, block_id=row.pk)
    assert answers[0][0] == 403
    assert b"cannot be taken online" in answers[0][1]
    assert len(set(answers)) == 1
    assert Hold.objects.count() == 0
    assert book().status_code == 201


@pytest.mark.parametrize(
    ("language", "target"),
    [
        ("en", "gus@elsewhere.example"),
        ("de", "elsewhere.example"),
        ("fr", "gus@elsewhere.example"),
        ("es", "elsewhere.example"),
    ],
)
def test_blocked_guest_is_refused_in_the_words_of_the_manage_page(owner, clock, target, language):
    link = make_link(owner, allows_guests=True)
    add(link.workspace, target)
    guest = "Gus+2@Elsewhere.example"
    browser = Browser(headers={"accept-language": language})
    form = open_form(browser, link)
    typed = fill_in(form, name="Ann", email="ann@tallship.example", guests=f"Gus <{guest}>")
    page = browser.post(form["action"], typed)
    assert page.status_code == 403
    assert GUESTS_REFUSED[language] in html.unescape(page.content.decode())
    assert guest in page.content.decode()  # what was typed stays
    assert Hold.objects.count() == 0

    body = {"link": link.slug, "start": NINE.isoformat(), "name": "Ann", "email": "a@x.example"}
    said = json.dumps({**body, "guests": [{"email": "kim@x.example"}, {"email": f" {guest}"}]})
    answer = browser.post(reverse("booking_api:meetings"), said, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer.json()["message"].startswith(GUESTS_REFUSED["en"])
    assert Hold.objects.count() == 0

    without = browser.post(form["action"], {**typed, "guests": "Kim <kim@x.example>"})
    assert without.status_code == 303
    assert Hold.objects.count() == 1


def test_guests_of_many_are_looked_up_at_once(workspace, django_assert_num_queries):
    add(workspace, "gus@elsewhere.example")
    emails = [f"g{number}@x.example" for number in range(10)]
    with django_assert_num_queries(1):
        refuse_blocked_guests(workspace=workspace, emails=emails, now=NOW)
    with pytest.raises(GuestsRefused):
        refuse_blocked_guests(
            workspace=workspace, emails=[*emails, "gus@elsewhere.example"], now=NOW
        )

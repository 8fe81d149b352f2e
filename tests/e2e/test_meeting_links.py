"""A meeting link that comes late, or that is asked for again, in the details of its event."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.days import SUNDAY
from tests.e2e.hands import (
    CALENDAR_OF,
    GOOGLE,
    block,
    control,
    dialog,
    open_form,
    send,
    week_of,
)

LATE = 30_000
WEEK = 38


@pytest.fixture
def meet(demo):
    """Call it with how Google makes links from now on."""
    yield lambda mode, reads=0: control(
        demo, "POST", "settings", {"meet": {"mode": mode, "reads": reads}}
    )
    control(demo, "POST", "settings", {"meet": {"mode": "pending", "reads": 0}})


def make_with_meet(page, title, hour):
    """An event with a Meet link, chosen by one press, and its details."""
    form = open_form(page, day=SUNDAY, hour=hour)
    form.get_by_label("Title").fill(title)
    form.get_by_label("Calendar", exact=True).select_option(label=CALENDAR_OF[GOOGLE])
    hint = form.get_by_text("None as long as there is no guest")
    expect(hint).to_be_visible()
    form.locator("label:has([name=conference][value=meet])").click()
    expect(hint).to_have_count(0)
    send(page, "Create event")
    block(page, title).first.click()
    dialog(page).get_by_role("heading", name=title).wait_for()
    return dialog(page).locator("#ev-join")


def expect_ready(card):
    expect(card.get_by_role("link", name="Join Google Meet")).to_have_attribute(
        "href", re.compile(r"/meet/[a-z-]+$"), timeout=LATE
    )


def test_a_link_that_is_chosen_while_choices_are_on_their_way_stays_chosen(demo, sign_in_page):
    """The server was asked before, and answers after, the press."""
    page = sign_in_page()
    week_of(demo, page, WEEK)
    form = open_form(page, day=SUNDAY, hour=20)
    waiting = []
    page.route("**/calendar/events/new*", lambda route: waiting.append(route))  # noqa: PLW0108
    form.locator("#ev-choices").evaluate("one => one.dataset.former = ''")
    with page.expect_request("**/calendar/events/new*"):
        form.get_by_label("Calendar", exact=True).select_option(label=CALENDAR_OF[GOOGLE])
    # What every calendar offers, whichever was used last.
    form.locator("label:has([name=conference][value=auto])").click()
    (asked,) = waiting
    asked.continue_()
    form.locator("#ev-choices:not([data-former])").wait_for()
    expect(form.locator("[name=conference][value=auto]")).to_be_checked()
    expect(form.get_by_text("None as long as there is no guest")).to_have_count(0)


def test_missing_link_is_asked_for_again_and_there(demo, sign_in_page, meet):
    page = sign_in_page()
    week_of(demo, page, WEEK)
    meet("failure")
    card = make_with_meet(page, "Link that fails", 9)
    expect(card.get_by_text("There is no Google Meet link.")).to_be_visible(timeout=LATE)
    expect(card.get_by_text("Google could not make the Meet link.")).to_be_visible()
    expect(block(page, "Link that fails").first).to_contain_text("meeting link missing")
    meet("immediate")
    card.get_by_role("button", name="Retry").click()
    expect_ready(card)


def test_link_on_its_way_becomes_the_button_by_itself(demo, sign_in_page, meet):
    page = sign_in_page()
    week_of(demo, page, WEEK)
    meet("pending", 10_000)
    card = make_with_meet(page, "Link that is late", 11)
    expect(card.get_by_text("The link is on its way from Google.")).to_be_visible()
    meet("immediate")
    expect_ready(card)

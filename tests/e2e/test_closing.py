"""A dialog goes, and the page behind it is exactly as it was: address, scroll, week and focus."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import page_in
from tests.e2e.days import SATURDAY, SUNDAY, day_of
from tests.e2e.hands import (
    AMARA,
    block,
    dialog,
    eventually,
    expect_place,
    make,
    open_form,
    place,
    point,
    press,
    week_of,
)

WEEK = 18


def by_escape(page):
    press(page, "Escape")


def by_cross(page):
    dialog(page).get_by_label("Close", exact=True).click()


def by_ground(page):
    page.mouse.click(6, 450)


WAYS = (by_escape, by_cross, by_ground)


@pytest.fixture(scope="module")
def kept(demo, chromium, session_of):
    """The title of an event that stands in the week of these tests."""
    session = session_of(demo, AMARA)
    size = {"width": 1440, "height": 900}
    context = chromium.new_context(viewport=size, locale="en-GB", storage_state=session)
    page = page_in(context)
    week_of(demo, page, WEEK)
    make(page, "Stands there", day=SUNDAY, hour=12)
    context.close()
    return "Stands there"


def scrolled(demo, page):
    """At that week, scrolled to an odd place."""
    week_of(demo, page, WEEK)
    page.locator("#week").evaluate("week => (week.scrollTop = 441)")


def press_event(page):
    page.locator("#week .ev.can-move a", has_text="Stands there").click()


def press_empty_time(page):
    page.mouse.click(*point(page, SATURDAY, 12))


def press_button(page):
    page.locator("#new-event").click()


@pytest.mark.parametrize(
    ("opens", "focused"),
    [
        (press_event, "#week .ev.can-move a:has-text('Stands there')"),
        (press_empty_time, "#week"),
        (press_button, "#new-event"),
    ],
    ids=["an event", "empty time", "the button"],
)
def test_every_way_of_closing_leaves_the_page_as_it_was(demo, page_of, kept, opens, focused):
    page = page_of()
    scrolled(demo, page)
    page.locator(focused).focus()
    before = place(page)
    for close in WAYS:
        opens(page)
        dialog(page).locator(".foot").wait_for()
        page.wait_for_url("**/calendar/events/**")
        close(page)
        expect_place(page, before)


def test_from_details_to_the_form_and_to_the_question_and_back(demo, page_of, kept):
    page = page_of()
    scrolled(demo, page)
    block(page, kept).locator("a").focus()
    before = place(page)
    press(page, "Enter")
    dialog(page).get_by_role("link", name="Edit").click()
    dialog(page).get_by_label("Title").wait_for()
    press(page, "Escape")
    expect_place(page, before)
    press(page, "Enter")
    dialog(page).get_by_role("link", name="Delete").click()
    dialog(page).get_by_role("button", name="Delete event").wait_for()
    dialog(page).get_by_text("Keep it").click()
    expect_place(page, before)
    assert page.evaluate("history.length") < 8


def test_after_saving_the_week_stands_where_it_stood(demo, page_of, kept):
    page = page_of()
    scrolled(demo, page)
    block(page, kept).locator("a").focus()
    before = place(page)
    press(page, "e")
    dialog(page).get_by_label("Title").fill(kept)
    dialog(page).get_by_label("Ends").fill("13:30")
    dialog(page).get_by_role("button", name="Save").click()
    expect(block(page, kept)).to_have_attribute("data-e", f"{day_of(WEEK, SUNDAY)}T13:30")
    expect_place(page, before)


@pytest.mark.parametrize("view", ["month", "agenda", "day"])
def test_details_in_the_other_views(demo, page_of, kept, view):
    page = page_of()
    page.set_viewport_size({"width": 1280, "height": 420})
    page.goto(f"{demo.url}/calendar?view={view}&date={day_of(WEEK, SUNDAY)}")
    link = page.locator("#week a[id]", has_text=kept).first
    link.focus()
    link.scroll_into_view_if_needed()
    before = place(page)
    press(page, "Enter")
    dialog(page).get_by_role("heading", name=kept).wait_for()
    press(page, "Escape")
    expect_place(page, before)


def test_on_a_phone(demo, page_of, kept):
    page = page_of(phone=True)
    page.goto(f"{demo.url}/calendar?view=day&date={day_of(WEEK, SUNDAY)}")
    link = block(page, kept).locator("a")
    link.scroll_into_view_if_needed()
    link.focus()
    before = place(page)
    link.tap()
    dialog(page).get_by_role("heading", name=kept).wait_for()
    dialog(page).get_by_label("Close", exact=True).tap()
    expect_place(page, before)


def test_typed_words_are_asked_about_once(demo, page_of):
    page = page_of()
    scrolled(demo, page)
    page.locator("#week").focus()
    before = place(page)
    form = open_form(page, day=SATURDAY, hour=12)
    form.get_by_label("Title").fill("Half a thought")
    press(page, "Escape")
    question = form.get_by_role("alertdialog")
    question.get_by_role("button", name="Keep editing").click()
    expect(form.get_by_label("Title")).to_have_value("Half a thought")
    by_ground(page)
    question.get_by_role("button", name="Discard").click()
    expect_place(page, before)


def test_the_browsers_own_back_closes_and_forward_opens_it(demo, page_of, kept):
    page = page_of()
    scrolled(demo, page)
    block(page, kept).locator("a").focus()
    before = place(page)
    press(page, "Enter")
    dialog(page).get_by_role("heading", name=kept).wait_for()
    page.evaluate("history.back()")
    expect_place(page, before)
    page.evaluate("history.forward()")
    dialog(page).get_by_role("heading", name=kept).wait_for()
    press(page, "Escape")
    expect_place(page, before)


_ONE_AFTER_THE_OTHER = """title => {
    document.dispatchEvent(new CustomEvent("dialog:close"));
    const links = [...document.querySelectorAll("#week .ev.can-move a")];
    links.find((link) => link.textContent.includes(title)).click();
}"""


def test_one_opened_right_after_another_was_closed_opens(demo, page_of, kept):
    """The browser was still stepping back from the first one, and left the page."""
    page = page_of()
    scrolled(demo, page)
    block(page, kept).locator("a").focus()
    before = place(page)
    press_button(page)
    dialog(page).get_by_label("Title").wait_for()
    page.evaluate(_ONE_AFTER_THE_OTHER, kept)
    dialog(page).get_by_role("heading", name=kept).wait_for()
    page.wait_for_url("**/calendar/events/**")
    press(page, "Escape")
    expect_place(page, before)


def test_its_address_alone_is_a_page_that_leads_to_the_week(demo, page_of, kept):
    page = page_of()
    scrolled(demo, page)
    block(page, kept).locator("a").click()
    dialog(page).get_by_role("heading", name=kept).wait_for()
    page.reload()
    page.locator(".on-page").get_by_role("heading", name=kept).wait_for()
    page.get_by_label("Close", exact=True).click()
    block(page, kept).wait_for()
    shown = str(day_of(WEEK, SUNDAY))
    expect(page.locator("#week .day.c6")).to_have_attribute("data-day", shown)


def test_another_week_opens_at_the_same_hour(demo, page_of):
    page = page_of()
    scrolled(demo, page)
    hour = page.locator("#week").evaluate("week => week.scrollTop")
    page.get_by_role("link", name="Next week").first.click()
    page.wait_for_url(f"**date={day_of(WEEK + 1)}**")
    page.locator("#week .wk-body").wait_for()
    eventually(lambda: page.locator("#week").evaluate("week => week.scrollTop"), hour)

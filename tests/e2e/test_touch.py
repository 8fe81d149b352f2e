"""The calendar on a phone: a tap opens and makes, a swipe scrolls, nothing is wider than it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.days import SATURDAY, day_of
from tests.e2e.hands import (
    CALENDAR_OF,
    GOOGLE,
    block,
    dialog,
    expect_rest,
    expect_times,
    finger,
)


def on_phone(demo, page_of, view="day", weeks=25):
    page = page_of(phone=True)
    page.goto(f"{demo.url}/calendar?view={view}&date={day_of(weeks, SATURDAY)}")
    page.locator("#week").wait_for()
    return page


def swipe(page, x, y, by):
    """A finger goes over the glass without resting."""
    touch = finger(page)
    touch("touchStart", (x, y))
    for step in range(1, 13):
        touch("touchMove", (x, y + by * step / 12))
    touch("touchEnd")


def fits(page):
    """Whether the page scrolls in one direction only."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_tap_makes_an_event_and_tap_opens_it(demo, page_of):
    page = on_phone(demo, page_of)
    page.locator("#week a.cell.s36").scroll_into_view_if_needed()
    page.locator("#week a.cell.s36").tap(position={"x": 60, "y": 4})
    form = dialog(page)
    form.get_by_label("Title").fill("Tapped")
    expect(form.get_by_label("Starts")).to_have_value("09:00")
    form.get_by_label("Calendar", exact=True).select_option(label=CALENDAR_OF[GOOGLE])
    box = form.bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    assert fits(page)
    form.get_by_role("button", name="Create event").tap()
    expect(form).to_have_count(0)
    block(page, "Tapped").locator("a").tap()
    form.get_by_role("heading", name="Tapped").wait_for()
    assert fits(page)
    form.get_by_label("Close", exact=True).tap()
    expect(form).to_have_count(0)

    # A swipe over it scrolls, and moves nothing.
    found = block(page, "Tapped").bounding_box()
    x, y = found["x"] + 30, found["y"] + 15
    before = page.locator("#week").evaluate("week => week.scrollTop")
    swipe(page, x, y, -120)
    page.wait_for_function(
        "was => document.getElementById('week').scrollTop > was + 60", arg=before
    )
    expect_rest(page)
    expect_times(page, "Tapped", "09:00", "10:00")
    expect(page.locator("#week .is-moving")).to_have_count(0)
    expect(page.locator(".toast", has_text="moved")).to_have_count(0)


def test_every_view_fits_and_is_reached_by_a_tap(demo, page_of):
    page = on_phone(demo, page_of)
    for name, shape in (
        ("Week", ".week"),
        ("Month", "table.monthview"),
        ("Agenda", ".agenda"),
        ("Day", ".week.one"),
    ):
        page.get_by_label("View").first.tap()
        page.get_by_role("link", name=name, exact=True).locator("visible=true").first.tap()
        page.wait_for_url(f"**view={name.lower()}**")
        page.locator(f"{shape}#week").wait_for()
        assert fits(page), name
    page.get_by_role("link", name="New", exact=True).tap()
    dialog(page).get_by_label("Title").wait_for()
    expect(dialog(page).get_by_label("Title")).to_be_focused()


def test_targets_are_large_enough_for_a_finger(demo, page_of):
    page = on_phone(demo, page_of)
    small = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, summary, input")]
            .filter((one) => one.checkVisibility() && !one.closest(".side, .sr-only, .skip"))
            .filter((one) => !one.matches(".cell, [aria-hidden=true], .sr-only, .skip"))
            .map((one) => [one, (one.closest("label") || one).getBoundingClientRect()])
            .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
            .map(([one, box]) => `${one.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)"""
    )
    assert small == []

"""The calendar with JavaScript off: the same addresses, as whole pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.days import SATURDAY, day_of
from tests.e2e.hands import (
    CALENDAR_OF,
    GOOGLE,
    OUTLOOK,
    at,
    block,
    expect_times,
    occurrences,
    week_of,
)


@pytest.fixture
def page(sign_in_page):
    return sign_in_page(scripts=False)


def test_weeks_are_turned_and_jumped_to(demo, page):
    page.get_by_role("link", name="Next week").first.click()
    expect(page.locator("#week .day.c0")).to_have_attribute("data-day", str(day_of(1)))
    page.get_by_role("link", name="Previous week").first.click()
    expect(page.locator("#week .day.c0")).to_have_attribute("data-day", str(day_of(0)))
    page.get_by_label("Go to date").fill(str(day_of(6, 3)))
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.locator("#week .day.c0")).to_have_attribute("data-day", str(day_of(6)))
    page.get_by_role("link", name="Today", exact=True).first.click()
    expect(page.locator("#week .wk-day.is-today")).to_have_count(1)


@pytest.mark.parametrize("account", [GOOGLE, OUTLOOK], ids=["Google", "Outlook"])
def test_an_event_is_made_changed_and_deleted(demo, page, account):
    title, other = f"By hand {account[:3]}", f"By hand again {account[:3]}"
    week_of(demo, page, 22)
    hour = 9 if account == GOOGLE else 12
    page.locator(f"#week .day.c{SATURDAY} a.cell.s{hour * 4}").click()
    page.get_by_role("heading", name="New event").wait_for()
    expect(page.get_by_label("Starts")).to_have_value(f"{hour:02}:00")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Ends").fill("01:00")
    page.get_by_role("button", name="Create event").click()
    expect(page.get_by_role("alert")).to_be_visible()  # refused, and what was typed stays
    expect(page.get_by_label("Title")).to_have_value(title)
    page.get_by_label("Ends").fill(f"{hour + 1:02}:00")
    page.get_by_label("Calendar", exact=True).select_option(label=CALENDAR_OF[account])
    page.get_by_role("button", name="Show what it offers").click()
    expect(page.get_by_label("Title")).to_have_value(title)
    page.get_by_role("radio", name="None").check()
    page.get_by_role("button", name="Create event").click()
    page.get_by_text(f"“{title}” was created").wait_for()
    expect(page.locator("#week .day.c0")).to_have_attribute("data-day", str(day_of(22)))
    expect_times(page, title, f"{hour:02}:00", f"{hour + 1:02}:00")
    assert occurrences(demo, account, title) == [(at(22, SATURDAY, f"{hour:02}:00"), title)]

    block(page, title).locator("a").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Title").fill(other)
    page.get_by_label("Ends").fill(f"{hour + 2:02}:15")
    page.get_by_role("button", name="Save changes").click()
    page.locator("#week").wait_for()
    expect_times(page, other, f"{hour:02}:00", f"{hour + 2:02}:15")
    expect(block(page, title)).to_have_count(0)
    assert occurrences(demo, account, title, other) == [(at(22, SATURDAY, f"{hour:02}:00"), other)]

    block(page, other).locator("a").click()
    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_text("Keep it").click()
    block(page, other).locator("a").click()
    page.get_by_role("link", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete event").click()
    page.locator("#week").wait_for()
    expect(block(page, other)).to_have_count(0)
    assert occurrences(demo, account, title, other) == []


def test_calendars_are_unticked_and_events_are_found(demo, page):
    week_of(demo, page, 1)
    expect(block(page, "Studio stand-up").first).to_be_visible()
    page.get_by_role("checkbox", name="Studio", exact=True).uncheck()
    page.get_by_role("button", name="Show these").click()
    expect(block(page, "Studio stand-up")).to_have_count(0)
    expect(page.locator("#week .day.c0")).to_have_attribute("data-day", str(day_of(1)))
    page.get_by_role("checkbox", name="Studio", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    block(page, "Studio stand-up").first.wait_for()

    page.get_by_label("Find an event").fill("Fumbally")
    page.get_by_role("button", name="Find", exact=True).click()
    page.wait_for_url("**/calendar/search?q=Fumbally")
    page.get_by_role("link", name="Lunch with Tomás").click()
    page.get_by_role("heading", name="Lunch with Tomás").wait_for()
    page.get_by_label("Close", exact=True).click()
    block(page, "Lunch with Tomás").wait_for()

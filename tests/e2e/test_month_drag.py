"""Days as things to move events between: the month, and the all-day row of the week."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e.calendar_hands import (
    ahead,
    create,
    delete_there,
    expect_shown,
    go,
    middle,
)
from tests.e2e.days import SATURDAY, SUNDAY
from tests.e2e.hands import drag, expect_rest, finger, press, toast

# A Saturday in the middle of its month, with whole weeks around it: no everyday events fill its
# cell, nor those of other walks, which go less far ahead.
_ELEVENTH = ahead(44).replace(day=11)
DAY = _ELEVENTH + timedelta(days=(SATURDAY - _ELEVENTH.weekday()) % 7)


def cell(page, day):
    return page.locator(f"#week td[data-day='{day}']")


def line(page, title):
    return page.locator("#week li[data-s]", has_text=title).first


def below(page, day):
    """An empty place of that day."""
    box = cell(page, day).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] - 8


@pytest.fixture
def made(demo):
    """Call it to make an event that is deleted afterwards."""
    titles = []

    def make(page, title, day=DAY, **fields):
        titles.append(title)
        create(demo, page, title, day, **fields)
        go(demo, page, "month", day)
        line(page, title).wait_for()

    yield make
    for title in titles:
        delete_there(demo, title)


def test_timed_event_goes_to_another_day_and_keeps_its_hour_and_length(demo, page_of, made):
    page = page_of()
    made(page, "From day to day")
    target = DAY + timedelta(days=8)
    drag(page, middle(line(page, "From day to day")), below(page, target))
    moved = toast(page, "“From day to day” moved to")
    expect(moved).to_contain_text("10:00\u201311:00")
    expect_shown(page, "From day to day", f"{target}T10:00")
    expect(page.locator("#week .moving")).to_have_count(0)
    moved.get_by_role("button", name="Undo").click()
    toast(page, "is back at")
    expect_shown(page, "From day to day", f"{DAY}T10:00")


def test_all_day_event_over_days_keeps_its_length(demo, page_of, made):
    page = page_of()
    made(page, "Three days", all_day=True, last_day=str(DAY + timedelta(days=2)))
    target = DAY + timedelta(days=7)
    bar = line(page, "Three days").locator("a").bounding_box()
    drag(page, (bar["x"] + 30, bar["y"] + 8), below(page, target))
    toast(page, "“Three days” moved to")
    row = page.locator("#week li[data-s]", has_text="Three days").first
    expect(row).to_have_attribute("data-s", str(target))
    expect(row).to_have_attribute("data-e", str(target + timedelta(days=3)))


def test_long_timed_event_keeps_its_hours(demo, page_of, made):
    page = page_of()
    made(page, "Conference trip", last_day=str(DAY + timedelta(days=1)), end="18:00")
    target = DAY + timedelta(days=7)
    bar = line(page, "Conference trip").locator("a").bounding_box()
    drag(page, (bar["x"] + 30, bar["y"] + 8), below(page, target))
    toast(page, "“Conference trip” moved to")
    row = line(page, "Conference trip")
    expect(row).to_have_attribute("data-s", f"{target}T10:00")
    expect(row).to_have_attribute("data-e", f"{target + timedelta(days=1)}T18:00")


def test_keyboard_carries_by_days_and_weeks(demo, page_of, made):
    page = page_of()
    made(page, "Carried")
    line(page, "Carried").locator("a").focus()
    press(page, "m", "ArrowRight", "ArrowDown", "Escape")
    expect_shown(page, "Carried", f"{DAY}T10:00")
    press(page, "m", "ArrowRight", "ArrowDown")
    said = page.locator("body > .sr-only[role=status]")
    target = DAY + timedelta(days=8)
    expect(said).to_contain_text(re.compile(rf"\b{target.day} .*10:00\u201311:00$"))
    press(page, "Enter")
    toast(page, "“Carried” moved to")
    expect_shown(page, "Carried", f"{target}T10:00")
    page.wait_for_function("() => document.activeElement.textContent.includes('Carried')")


def test_keyboard_makes_an_all_day_event_longer(demo, page_of, made):
    page = page_of()
    made(page, "Longer", all_day=True)
    line(page, "Longer").locator("a").focus()
    press(page, "m", "Shift+ArrowRight", "Shift+ArrowRight", "Enter")
    toast(page, "“Longer” moved to")
    expect(line(page, "Longer")).to_have_attribute("data-e", str(DAY + timedelta(days=3)))


def test_escape_during_a_drag_leaves_everything(demo, page_of, made):
    page = page_of()
    made(page, "Stays")
    page.mouse.move(*middle(line(page, "Stays")))
    page.mouse.down()
    page.mouse.move(*below(page, DAY + timedelta(days=8)), steps=6)
    expect(page.locator("#week .moving")).to_have_count(1)
    press(page, "Escape")
    page.mouse.up()
    expect(page.locator("#week .moving")).to_have_count(0)
    expect_shown(page, "Stays", f"{DAY}T10:00")


def test_drag_over_days_makes_an_all_day_draft(demo, page_of, made):
    page = page_of()
    go(demo, page, "month", DAY)
    last = DAY + timedelta(days=8)
    drag(page, below(page, DAY), below(page, last))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    expect(dialog.get_by_label("All day")).to_be_checked()
    expect(dialog.get_by_label("Day", exact=True)).to_have_value(str(DAY))
    expect(dialog.get_by_label("Last day")).to_have_value(str(last))
    expect(page.locator("#week .moving")).to_have_count(2)  # a piece in each week
    press(page, "Escape")
    dialog.wait_for(state="detached")
    expect(page.locator("#week .moving")).to_have_count(0)


def test_press_in_a_month_opens_what_it_did(demo, page_of, made):
    page = page_of()
    made(page, "Only pressed")
    line(page, "Only pressed").locator("a").click()
    page.locator("dialog[open]").get_by_role("heading", name="Only pressed").wait_for()


def test_finger_scrolls_and_drags_after_a_long_press(demo, page_of, made):
    page = page_of(phone=True)
    page.set_viewport_size({"width": 1024, "height": 700})  # a tablet
    made(page, "Under a finger")
    touch = finger(page)
    start, goal = middle(line(page, "Under a finger")), below(page, DAY + timedelta(days=7))
    touch("touchStart", start)
    for part in (0.2, 0.6, 1):
        touch("touchMove", (start[0], start[1] + (goal[1] - start[1]) * part))
    expect(page.locator("#week .moving")).to_have_count(0)
    touch("touchEnd")
    expect_rest(page)
    expect_shown(page, "Under a finger", f"{DAY}T10:00")
    start, goal = middle(line(page, "Under a finger")), below(page, DAY + timedelta(days=7))
    touch("touchStart", start)
    page.locator("#week .moving").wait_for()
    for part in (0.2, 0.6, 1):
        touch("touchMove", tuple(a + (b - a) * part for a, b in zip(start, goal, strict=True)))
    touch("touchEnd")
    toast(page, "“Under a finger” moved to")
    expect_shown(page, "Under a finger", f"{DAY + timedelta(days=7)}T10:00")


# --- The all-day row of the week ---


def test_all_day_row_moves_between_days_and_stays_all_day(demo, page_of, made):
    page = page_of()
    day = ahead(26, SATURDAY)
    made(page, "In the row", all_day=True, day=day)
    go(demo, page, "week", day)
    bar = page.locator("#week .ad", has_text="In the row")
    x, y = middle(bar)
    drag(page, (x, y), (x - bar.bounding_box()["width"], y + 200))
    toast(page, "“In the row” moved to")
    expect_shown(page, "In the row", str(day - timedelta(days=1)))


def test_drag_in_the_empty_row_makes_an_all_day_draft(demo, page_of):
    page = page_of()
    go(demo, page, "week", ahead(27))
    row = page.locator("#week .wk-allday").bounding_box()
    first, last = (page.locator(f"#week .day.c{day}").bounding_box() for day in (SATURDAY, SUNDAY))
    y = row["y"] + row["height"] / 2
    drag(page, (first["x"] + 20, y), (last["x"] + 20, y))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    expect(dialog.get_by_label("Day", exact=True)).to_have_value(str(ahead(27, SATURDAY)))
    expect(dialog.get_by_label("Last day")).to_have_value(str(ahead(27, SUNDAY)))

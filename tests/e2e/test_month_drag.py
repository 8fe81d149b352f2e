"""Days as things to move events between: the month, and the all-day row of the week."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.e2e.calendar_hands import (
    SATURDAY,
    SUNDAY,
    ahead,
    create,
    delete_there,
    drag,
    go,
    middle,
    press,
    shown,
    toast,
)

# The fifteenth lies in the middle of its month, with whole weeks around it.
DAY = ahead(24, SATURDAY).replace(day=15)


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
        go(demo, page, "month", DAY)
        line(page, title).wait_for()

    yield make
    for title in titles:
        delete_there(demo, title)


def test_timed_event_goes_to_another_day_and_keeps_its_hour_and_length(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "From day to day")
    target = DAY + timedelta(days=8)
    drag(page, middle(line(page, "From day to day")), below(page, target))
    moved = toast(page, "“From day to day” moved to")
    assert "10:00\u201311:00" in moved.inner_text()
    assert shown(page, "From day to day") == [f"{target}T10:00"]
    assert page.locator("#week .moving").count() == 0
    moved.get_by_role("button", name="Undo").click()
    toast(page, "is back at")
    assert shown(page, "From day to day") == [f"{DAY}T10:00"]


def test_all_day_event_over_days_keeps_its_length(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "Three days", all_day=True, last_day=str(DAY + timedelta(days=2)))
    target = DAY + timedelta(days=7)
    bar = line(page, "Three days").locator("a").bounding_box()
    drag(page, (bar["x"] + 30, bar["y"] + 8), below(page, target))
    toast(page, "“Three days” moved to")
    row = page.locator("#week li[data-s]", has_text="Three days").first
    assert row.get_attribute("data-s") == str(target)
    assert row.get_attribute("data-e") == str(target + timedelta(days=3))


def test_long_timed_event_keeps_its_hours(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "Conference trip", last_day=str(DAY + timedelta(days=1)), end="18:00")
    target = DAY + timedelta(days=7)
    bar = line(page, "Conference trip").locator("a").bounding_box()
    drag(page, (bar["x"] + 30, bar["y"] + 8), below(page, target))
    toast(page, "“Conference trip” moved to")
    row = line(page, "Conference trip")
    assert row.get_attribute("data-s") == f"{target}T10:00"
    assert row.get_attribute("data-e") == f"{target + timedelta(days=1)}T18:00"


def test_keyboard_carries_by_days_and_weeks(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "Carried")
    line(page, "Carried").locator("a").focus()
    press(page, "m", "ArrowRight", "ArrowDown", "Escape")
    assert shown(page, "Carried") == [f"{DAY}T10:00"]
    press(page, "m", "ArrowLeft", "ArrowDown")
    said = page.locator("body > .sr-only[role=status]").inner_text()
    target = DAY + timedelta(days=6)
    assert f"{target.day} " in said
    assert said.endswith("10:00\u201311:00")
    press(page, "Enter")
    toast(page, "“Carried” moved to")
    assert shown(page, "Carried") == [f"{target}T10:00"]
    page.wait_for_function("() => document.activeElement.textContent.includes('Carried')")


def test_keyboard_makes_an_all_day_event_longer(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "Longer", all_day=True)
    line(page, "Longer").locator("a").focus()
    press(page, "m", "Shift+ArrowRight", "Shift+ArrowRight", "Enter")
    toast(page, "“Longer” moved to")
    assert line(page, "Longer").get_attribute("data-e") == str(DAY + timedelta(days=3))


def test_escape_during_a_drag_leaves_everything(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "Stays")
    page.mouse.move(*middle(line(page, "Stays")))
    page.mouse.down()
    page.mouse.move(*below(page, DAY + timedelta(days=8)), steps=6)
    assert page.locator("#week .moving").count() == 1
    press(page, "Escape")
    page.mouse.up()
    assert page.locator("#week .moving").count() == 0
    assert shown(page, "Stays") == [f"{DAY}T10:00"]


def test_drag_over_days_makes_an_all_day_draft(demo, sign_in_page, made):
    page = sign_in_page()
    go(demo, page, "month", DAY)
    last = DAY + timedelta(days=8)
    drag(page, below(page, DAY), below(page, last))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    assert dialog.get_by_label("All day").is_checked()
    assert dialog.get_by_label("Day", exact=True).input_value() == str(DAY)
    assert dialog.get_by_label("Last day").input_value() == str(last)
    assert page.locator("#week .moving").count() == 2  # a piece in each week
    press(page, "Escape")
    dialog.wait_for(state="detached")
    assert page.locator("#week .moving").count() == 0


def test_press_in_a_month_opens_what_it_did(demo, sign_in_page, made):
    page = sign_in_page()
    made(page, "Only pressed")
    line(page, "Only pressed").locator("a").click()
    page.locator("dialog[open]").get_by_role("heading", name="Only pressed").wait_for()


def test_finger_scrolls_and_drags_after_a_long_press(demo, sign_in_page, made):
    page = sign_in_page(phone=True)
    page.set_viewport_size({"width": 1024, "height": 700})  # a tablet
    made(page, "Under a finger")
    touch = page.context.new_cdp_session(page)

    def finger(kind, at=None):
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    start, goal = middle(line(page, "Under a finger")), below(page, DAY + timedelta(days=7))
    finger("touchStart", start)
    for part in (0.2, 0.6, 1):
        finger("touchMove", (start[0], start[1] + (goal[1] - start[1]) * part))
    finger("touchEnd")
    page.wait_for_timeout(300)
    assert shown(page, "Under a finger") == [f"{DAY}T10:00"]
    finger("touchStart", start)
    page.locator("#week .moving").wait_for()
    for part in (0.2, 0.6, 1):
        finger("touchMove", tuple(a + (b - a) * part for a, b in zip(start, goal, strict=True)))
    finger("touchEnd")
    toast(page, "“Under a finger” moved to")
    assert shown(page, "Under a finger") == [f"{DAY + timedelta(days=7)}T10:00"]


# --- The all-day row of the week ---


def test_all_day_row_moves_between_days_and_stays_all_day(demo, sign_in_page, made):
    page = sign_in_page()
    day = ahead(26, SATURDAY)
    made(page, "In the row", all_day=True, day=day)
    go(demo, page, "week", day)
    bar = page.locator("#week .ad", has_text="In the row")
    x, y = middle(bar)
    drag(page, (x, y), (x - bar.bounding_box()["width"], y + 200))
    toast(page, "“In the row” moved to")
    assert shown(page, "In the row") == [str(day - timedelta(days=1))]


def test_drag_in_the_empty_row_makes_an_all_day_draft(demo, sign_in_page):
    page = sign_in_page()
    go(demo, page, "week", ahead(27))
    row = page.locator("#week .wk-allday").bounding_box()
    first, last = (page.locator(f"#week .day.c{day}").bounding_box() for day in (SATURDAY, SUNDAY))
    y = row["y"] + row["height"] / 2
    drag(page, (first["x"] + 20, y), (last["x"] + 20, y))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    assert dialog.get_by_label("Day", exact=True).input_value() == str(ahead(27, SATURDAY))
    assert dialog.get_by_label("Last day").input_value() == str(ahead(27, SUNDAY))

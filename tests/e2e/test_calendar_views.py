"""The calendar as somebody works in it all day: by hand, by keyboard, with a finger."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import date, timedelta

import pytest

# Weekends some weeks ahead: nobody else's events stand there but "Plan the week" on Sunday evening.
MONDAY = date.today() - timedelta(days=date.today().weekday())
SATURDAY, SUNDAY = 5, 6


def week_of(demo, page, weeks):
    page.goto(f"{demo.url}/calendar?view=week&date={MONDAY + timedelta(weeks=weeks)}")
    page.locator("#week .wk-body").wait_for()


def control(demo, method, path, body=None):
    request = urllib.request.Request(
        f"{demo.sandbox_url}/control/{path}",
        data=json.dumps(body or {}).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    urllib.request.urlopen(request, timeout=10).close()


def block(page, title):
    return page.locator("#week .ev:not(.is-moving)", has_text=title)


def times(page, title):
    """Start and end that the block stands for, as `Saturday 10:00` of the week shown."""
    found = block(page, title).first
    return [found.get_attribute(name)[11:] for name in ("data-s", "data-e")]


def column_of(page, title):
    return block(page, title).first.evaluate(
        "block => [...document.querySelectorAll('#week .day')].indexOf(block.closest('.day'))"
    )


def point(page, day, hour):
    """Where that hour of that column is on the screen."""
    column = page.locator(f"#week .day.c{day}")
    column.locator(f"a.cell.s{int(hour) * 4}").scroll_into_view_if_needed()
    box = column.bounding_box()
    return box["x"] + box["width"] / 3, box["y"] + box["height"] * hour / 24 + 3


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0], start[1] + 8, steps=2)
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def save(page, title, button="Create event"):
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_role("button", name=button).click()
    dialog.wait_for(state="hidden")
    block(page, title).first.wait_for()


def make(page, title, *, day=SATURDAY, hour=10):
    """An event of an hour in Amara's Google calendar, made by a press.

    The dialog offers the calendar that was last used, which another walk may have changed.
    """
    page.mouse.click(*point(page, day, hour))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    dialog.get_by_label("Calendar", exact=True).select_option(label="Amara Okafor")
    save(page, title)


def toast(page, text):
    found = page.locator(".toast", has_text=text)
    found.first.wait_for()
    return found.first


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


# --- Creating ---


def test_drag_over_empty_time_makes_an_event_of_that_length(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 3)
    drag(page, point(page, SATURDAY, 10), point(page, SATURDAY, 11.25))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    assert dialog.get_by_label("Starts").input_value() == "10:00"
    assert dialog.get_by_label("Ends").input_value() == "11:30"
    save(page, "Drawn by hand")
    assert times(page, "Drawn by hand") == ["10:00", "11:30"]
    assert column_of(page, "Drawn by hand") == SATURDAY


def test_closing_the_dialog_leaves_nothing_behind(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 3)
    page.locator("#week").evaluate("grid => (grid.scrollTop = 300)")
    before, address = page.locator("#week").evaluate("grid => grid.scrollTop"), page.url
    start = point(page, SUNDAY, 9)
    drag(page, start, (start[0], start[1] + 60))
    page.locator("dialog[open]").get_by_label("Title").wait_for()
    assert page.locator("#week .is-draft").count() == 1
    assert "/calendar/events/new" in page.url
    press(page, "Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.wait_for_url(address)
    assert page.locator("#week .is-draft").count() == 0
    assert page.locator("#week").evaluate("grid => grid.scrollTop") == before


def test_keyboard_alone_makes_moves_stretches_and_opens(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 4)
    page.locator("#week").focus()
    press(
        page, "ArrowDown", *["ArrowRight"] * SATURDAY, *["ArrowDown"] * 4, *["Shift+ArrowDown"] * 2
    )
    said = page.locator("body > .sr-only[role=status]")
    assert re.fullmatch(r"Saturday \d+ \w+, 10:00\u201310:45", said.inner_text())
    press(page, "Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    assert dialog.get_by_label("Starts").input_value() == "10:00"
    assert dialog.get_by_label("Ends").input_value() == "10:45"
    save(page, "By keys")

    block(page, "By keys").locator("a").focus()
    press(page, "m", "ArrowDown", "ArrowDown", "ArrowRight", "Escape")
    assert (times(page, "By keys"), column_of(page, "By keys")) == (["10:00", "10:45"], SATURDAY)
    press(page, "m", "ArrowDown", "ArrowDown", "ArrowRight", "Enter")
    toast(page, "“By keys” moved to Sunday")
    page.wait_for_function("() => document.activeElement.textContent.includes('By keys')")
    assert (times(page, "By keys"), column_of(page, "By keys")) == (["10:30", "11:15"], SUNDAY)

    press(page, "m", "Shift+ArrowDown", "Shift+ArrowDown", "Enter")
    toast(page, "10:30\u201311:45")
    assert times(page, "By keys") == ["10:30", "11:45"]
    press(page, "e")
    assert dialog.get_by_label("Title").input_value() == "By keys"
    press(page, "Escape")
    dialog.wait_for(state="detached")
    block(page, "By keys").locator("a").focus()
    press(page, "Delete")
    dialog.get_by_text("Delete “By keys”?").wait_for()


def test_single_keys_change_the_view_and_find(demo, sign_in_page):
    page = sign_in_page()
    for key, element in (("1", ".week.one"), ("3", ".monthview"), ("4", ".agenda"), ("2", ".week")):
        press(page, key)
        page.locator(f"{element}#week").wait_for()
    press(page, "/")
    page.keyboard.type("stand-up")
    press(page, "Enter")
    page.wait_for_url("**/calendar/search?q=stand-up")
    assert page.locator(".ag b", has_text="Studio stand-up").count() > 0
    page.go_back()
    page.locator("#week").wait_for()
    press(page, "?")
    page.locator("dialog[open]").get_by_text("Carry the event with the arrows").wait_for()


# --- Moving ---


def test_drag_moves_an_event_and_undo_brings_it_back(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 5)
    make(page, "To be moved")
    drag(page, point(page, SATURDAY, 10.25), point(page, SUNDAY, 13.25))
    moved = toast(page, "“To be moved” moved to Sunday")
    assert (times(page, "To be moved"), column_of(page, "To be moved")) == (
        ["13:00", "14:00"],
        SUNDAY,
    )
    moved.get_by_role("button", name="Undo").click()
    toast(page, "“To be moved” is back at Saturday")
    assert (times(page, "To be moved"), column_of(page, "To be moved")) == (
        ["10:00", "11:00"],
        SATURDAY,
    )


def test_lower_edge_stretches_an_event_and_escape_puts_it_back(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 6)
    make(page, "To be longer")
    x, end = point(page, SATURDAY, 11)
    edge, target = (x, end - 7), (x, end + 66)
    page.mouse.move(*edge)
    page.mouse.down()
    page.mouse.move(*target, steps=6)
    assert page.locator("#week .is-moving").count() == 1
    press(page, "Escape")
    page.mouse.up()
    assert page.locator("#week .is-moving").count() == 0
    assert times(page, "To be longer") == ["10:00", "11:00"]
    drag(page, edge, target)
    toast(page, "10:00\u201312:15")
    assert times(page, "To be longer") == ["10:00", "12:15"]


def test_refused_move_goes_back_with_the_reason(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 7)
    make(page, "Stays here")
    control(demo, "POST", "faults", {"operation": "google.events.*", "status": 503, "count": None})
    try:
        drag(page, point(page, SATURDAY, 10.25), point(page, SATURDAY, 15.25))
        failed = page.locator(".toast[role=alert]")
        failed.wait_for(timeout=20_000)
    finally:
        control(demo, "DELETE", "faults")
    assert "did not answer" in failed.inner_text()
    assert page.locator("#week .is-moving, #week .is-lifted").count() == 0
    assert times(page, "Stays here") == ["10:00", "11:00"]


def test_finger_swipes_to_scroll_and_presses_long_to_drag(demo, sign_in_page):
    page = sign_in_page(phone=True)
    saturday = MONDAY + timedelta(weeks=8, days=SATURDAY)
    page.goto(f"{demo.url}/calendar?view=day&date={saturday}")
    page.locator("#week a.cell.s40").scroll_into_view_if_needed()
    x, y = point(page, 0, 10)
    page.touchscreen.tap(x, y)
    page.locator("dialog[open]").get_by_label("Title").wait_for()
    save(page, "With a finger")

    touch = page.context.new_cdp_session(page)

    def finger(kind, at=None):
        points = [{"x": at[0], "y": at[1]}] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = point(page, 0, 10.25)
    finger("touchStart", (x, y))
    for step in range(1, 7):
        finger("touchMove", (x, y - 12 * step))
    finger("touchEnd")
    page.wait_for_timeout(300)
    assert times(page, "With a finger") == ["10:00", "11:00"]

    x, y = point(page, 0, 10.25)
    finger("touchStart", (x, y))
    page.locator("#week .is-moving").wait_for()  # after a long press
    for step in range(1, 9):
        finger("touchMove", (x, y + 14 * step))
    finger("touchEnd")
    toast(page, "“With a finger” moved to Saturday")
    assert times(page, "With a finger") == ["12:00", "13:00"]


# --- Deleting ---


def delete(page, title):
    block(page, title).locator("a").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("link", name="Delete").click()
    dialog.get_by_role("button", name="Delete event").click()
    block(page, title).wait_for(state="hidden")


def holds(demo, title):
    """Whether the provider has the event, not cancelled."""
    with urllib.request.urlopen(f"{demo.sandbox_url}/control/state", timeout=10) as answer:
        events = json.load(answer)["events"]
    found = [event for event in events if event["body"].get("summary") == title]
    return any(event["body"].get("status") != "cancelled" for event in found)


def test_deleted_event_comes_back_by_undo_and_its_provider_never_knew(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 9)
    make(page, "Nearly lost")
    delete(page, "Nearly lost")
    assert holds(demo, "Nearly lost")
    toast(page, "“Nearly lost” deleted").get_by_role("button", name="Undo").click()
    block(page, "Nearly lost").wait_for(state="visible")
    page.reload()
    block(page, "Nearly lost").wait_for(state="visible")
    assert holds(demo, "Nearly lost")


def test_deletion_happens_when_the_toast_has_gone_or_the_page_is_left(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 10)
    for title, hour in (("Gone by waiting", 10), ("Gone by leaving", 13)):
        make(page, title, hour=hour)
    delete(page, "Gone by waiting")
    block(page, "Gone by waiting").wait_for(state="detached", timeout=15_000)
    assert not holds(demo, "Gone by waiting")
    delete(page, "Gone by leaving")
    page.goto(f"{demo.url}/meetings")
    page.wait_for_timeout(1500)
    week_of(demo, page, 10)
    assert block(page, "Gone by leaving").count() == 0
    assert not holds(demo, "Gone by leaving")


# --- Calendars, views, tasks ---


@pytest.mark.parametrize("view", ["week", "month", "agenda"])
def test_unticked_calendar_leaves_every_view_and_stays_out(demo, sign_in_page, view):
    page = sign_in_page()
    page.goto(f"{demo.url}/calendar?view={view}")
    box = page.locator(".cal-check", has_text="Studio").first.locator("input")
    shown = page.locator("#week", has_text="Studio stand-up")
    shown.wait_for()
    box.uncheck()
    shown.wait_for(state="detached")
    page.reload()
    page.locator("#week").wait_for()
    assert shown.count() == 0
    page.locator(".cal-check", has_text="Studio").first.locator("input").check()
    shown.wait_for()


def test_month_and_agenda_work_without_scripts(demo, sign_in_page):
    page = sign_in_page(scripts=False)
    views = page.get_by_role("navigation", name="View").first
    views.get_by_role("link", name="Month").click()
    assert page.locator("table.monthview td .num").count() >= 28
    page.locator(".monthview li a").first.click()
    page.locator("#dialog-h").wait_for()
    page.goto(f"{demo.url}/calendar")  # the view that was chosen
    assert page.locator("table.monthview").count() == 1
    page.get_by_role("navigation", name="View").first.get_by_role("link", name="Agenda").click()
    assert page.locator(".agenda > section").count() == 7
    page.locator(".agenda h2 a").first.click()
    assert page.locator(".week.one").count() == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_tasks_of_the_day_are_added_ticked_reordered_and_deleted(demo, sign_in_page, scripts):
    page = sign_in_page(scripts=scripts)
    friday = MONDAY + timedelta(weeks=11, days=4)
    page.goto(f"{demo.url}/calendar?view=day&date={friday}")
    page.get_by_text("Add a task to an event").click()
    names = [f"{name} {scripts}" for name in ("Print", "Send")]
    for name in names:
        form = page.locator(".add-task form")
        if not form.is_visible():
            page.get_by_text("Add a task to an event").click()
        form.get_by_label("Task").fill(name)
        form.get_by_role("button", name="Add task").click()
        page.locator(".tasks li", has_text=name).wait_for()
    rows = page.locator(".tasks li", has_text=str(scripts))
    assert [row.split("\n")[0].strip() for row in rows.all_inner_texts()] == names

    first = page.locator(".tasks li", has_text=names[0])
    first.get_by_role("checkbox").check()
    if not scripts:
        first.get_by_role("button", name="Save").click()
    page.locator(".tasks", has_text=re.compile(r"\d+ of \d+ done")).wait_for()
    page.locator(".tasks li:has(input:checked)", has_text=names[0]).wait_for()

    first.hover()
    first.get_by_role("button", name=f"Move “{names[0]}” down").click()
    page.locator(f".tasks li:has-text('{names[1]}') + li:has-text('{names[0]}')").wait_for()
    for name in names:
        row = page.locator(".tasks li", has_text=name)
        row.hover()
        row.get_by_role("button", name=f"Delete “{name}”").click()
        row.wait_for(state="detached")

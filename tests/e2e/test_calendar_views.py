"""The calendar as somebody works in it all day: by hand, by keyboard, with a finger."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.days import SATURDAY, SUNDAY, day_of
from tests.e2e.hands import (
    block,
    control,
    drag,
    eventually,
    expect_rest,
    expect_times,
    finger,
    point,
    press,
    toast,
    week_of,
)

# Weekends some weeks ahead: nobody else's events stand there but "Plan the week" on Sunday evening.


def column_of(page, title):
    return block(page, title).first.evaluate(
        "block => [...document.querySelectorAll('#week .day')].indexOf(block.closest('.day'))"
    )


def expect_place(page, title, day, start, end):
    """Wait until the block stands in that column, at these times."""
    expect_times(page, title, start, end)
    eventually(lambda: column_of(page, title), day)


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


# --- Creating ---


def test_drag_over_empty_time_makes_an_event_of_that_length(demo, page_of):
    page = page_of()
    week_of(demo, page, 3)
    drag(page, point(page, SATURDAY, 10), point(page, SATURDAY, 11.25))
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    assert dialog.get_by_label("Starts").input_value() == "10:00"
    assert dialog.get_by_label("Ends").input_value() == "11:30"
    save(page, "Drawn by hand")
    expect_place(page, "Drawn by hand", SATURDAY, "10:00", "11:30")


_DRAWN_ANEW = """() => new Promise((done) => {
    document.addEventListener("week:refreshed", () => done(), { once: true });
    document.dispatchEvent(new CustomEvent("events:changed"));
})"""


def test_closing_the_dialog_leaves_nothing_behind(demo, page_of):
    page = page_of()
    week_of(demo, page, 3)
    page.locator("#week").evaluate("grid => (grid.scrollTop = 300)")
    before, address = page.locator("#week").evaluate("grid => grid.scrollTop"), page.url
    start = point(page, SUNDAY, 9)
    drag(page, start, (start[0], start[1] + 60))
    page.locator("dialog[open]").get_by_label("Title").wait_for()
    expect(page.locator("#week .is-draft")).to_have_count(1)
    page.wait_for_url("**/calendar/events/new**")
    page.evaluate(_DRAWN_ANEW)
    expect(page.locator("#week .is-draft")).to_have_count(1)
    press(page, "Escape")
    page.locator("dialog[open]").wait_for(state="detached")
    page.wait_for_url(address)
    expect(page.locator("#week .is-draft")).to_have_count(0)
    assert page.locator("#week").evaluate("grid => grid.scrollTop") == before


def test_keyboard_alone_makes_moves_stretches_and_opens(demo, page_of):
    page = page_of()
    week_of(demo, page, 4)
    page.locator("#week").focus()
    press(
        page, "ArrowDown", *["ArrowRight"] * SATURDAY, *["ArrowDown"] * 4, *["Shift+ArrowDown"] * 2
    )
    said = page.locator("body > .sr-only[role=status]")
    expect(said).to_have_text(re.compile(r"^Saturday \d+ \w+, 10:00\u201310:45$"))
    press(page, "Enter")
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Title").wait_for()
    assert dialog.get_by_label("Starts").input_value() == "10:00"
    assert dialog.get_by_label("Ends").input_value() == "10:45"
    save(page, "By keys")

    block(page, "By keys").locator("a").focus()
    press(page, "m", "ArrowDown", "ArrowDown", "ArrowRight", "Escape")
    expect_place(page, "By keys", SATURDAY, "10:00", "10:45")
    press(page, "m", "ArrowDown", "ArrowDown", "ArrowRight", "Enter")
    toast(page, "“By keys” moved to Sunday")
    page.wait_for_function("() => document.activeElement.textContent.includes('By keys')")
    expect_place(page, "By keys", SUNDAY, "10:30", "11:15")

    press(page, "m", "Shift+ArrowDown", "Shift+ArrowDown", "Enter")
    toast(page, "10:30\u201311:45")
    expect_times(page, "By keys", "10:30", "11:45")
    block(page, "By keys").locator("a").focus()
    press(page, "e")
    expect(dialog.get_by_label("Title")).to_have_value("By keys")
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
        page.wait_for_load_state()  # the next page has its keys
    press(page, "/")
    page.keyboard.type("stand-up")
    press(page, "Enter")
    page.wait_for_url("**/calendar/search?q=stand-up")
    expect(page.locator(".ag b", has_text="Studio stand-up").first).to_be_visible()
    page.go_back()
    page.locator("#week").wait_for()
    page.wait_for_load_state()
    press(page, "?")
    page.locator("dialog[open]").get_by_text("Carry the event with the arrows").wait_for()


# --- Moving ---


def test_drag_moves_an_event_and_undo_brings_it_back(demo, page_of):
    page = page_of()
    week_of(demo, page, 5)
    make(page, "To be moved")
    drag(page, point(page, SATURDAY, 10.25), point(page, SUNDAY, 13.25))
    moved = toast(page, "“To be moved” moved to Sunday")
    expect_place(page, "To be moved", SUNDAY, "13:00", "14:00")
    moved.get_by_role("button", name="Undo").click()
    toast(page, "“To be moved” is back at Saturday")
    expect_place(page, "To be moved", SATURDAY, "10:00", "11:00")


def test_lower_edge_stretches_an_event_and_escape_puts_it_back(demo, page_of):
    page = page_of()
    week_of(demo, page, 6)
    make(page, "To be longer")
    x, end = point(page, SATURDAY, 11)
    edge, target = (x, end - 7), (x, end + 66)
    page.mouse.move(*edge)
    page.mouse.down()
    page.mouse.move(*target, steps=6)
    expect(page.locator("#week .is-moving")).to_have_count(1)
    press(page, "Escape")
    page.mouse.up()
    expect(page.locator("#week .is-moving")).to_have_count(0)
    expect_times(page, "To be longer", "10:00", "11:00")
    drag(page, edge, target)
    toast(page, "10:00\u201312:15")
    expect_times(page, "To be longer", "10:00", "12:15")


def test_refused_move_goes_back_with_the_reason(demo, page_of):
    page = page_of()
    week_of(demo, page, 7)
    make(page, "Stays here")
    control(demo, "POST", "faults", {"operation": "google.events.*", "status": 503, "count": None})
    try:
        drag(page, point(page, SATURDAY, 10.25), point(page, SATURDAY, 15.25))
        failed = page.locator(".toast[role=alert]")
        expect(failed).to_contain_text("did not answer")
    finally:
        control(demo, "DELETE", "faults")
    expect(page.locator("#week .is-moving, #week .is-lifted")).to_have_count(0)
    expect_times(page, "Stays here", "10:00", "11:00")


def test_finger_swipes_to_scroll_and_presses_long_to_drag(demo, page_of):
    page = page_of(phone=True)
    page.goto(f"{demo.url}/calendar?view=day&date={day_of(8, SATURDAY)}")
    page.locator("#week a.cell.s40").scroll_into_view_if_needed()
    x, y = point(page, 0, 10)
    page.touchscreen.tap(x, y)
    page.locator("dialog[open]").get_by_label("Title").wait_for()
    save(page, "With a finger")

    touch = finger(page)
    x, y = point(page, 0, 10.25)
    before = page.locator("#week").evaluate("grid => grid.scrollTop")
    touch("touchStart", (x, y))
    for step in range(1, 7):
        touch("touchMove", (x, y - 12 * step))
    touch("touchEnd")
    page.wait_for_function("was => document.getElementById('week').scrollTop > was", arg=before)
    expect_rest(page)
    expect_times(page, "With a finger", "10:00", "11:00")

    x, y = point(page, 0, 10.25)
    touch("touchStart", (x, y))
    page.locator("#week .is-moving").wait_for()  # after a long press
    for step in range(1, 9):
        touch("touchMove", (x, y + 14 * step))
    touch("touchEnd")
    toast(page, "“With a finger” moved to Saturday")
    expect_times(page, "With a finger", "12:00", "13:00")


# --- Deleting ---


def delete(page, title):
    block(page, title).locator("a").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("link", name="Delete").click()
    dialog.get_by_role("button", name="Delete event").click()
    block(page, title).wait_for(state="hidden")


def holds(demo, title):
    """Whether the provider has the event, not cancelled."""
    events = control(demo, "GET", "state")["events"]
    found = [event for event in events if event["body"].get("summary") == title]
    return any(event["body"].get("status") != "cancelled" for event in found)


def test_deleted_event_comes_back_by_undo_and_its_provider_never_knew(demo, page_of):
    page = page_of()
    week_of(demo, page, 9)
    make(page, "Nearly lost")
    delete(page, "Nearly lost")
    assert holds(demo, "Nearly lost")
    toast(page, "“Nearly lost” deleted").get_by_role("button", name="Undo").click()
    block(page, "Nearly lost").wait_for(state="visible")
    page.reload()
    block(page, "Nearly lost").wait_for(state="visible")
    assert holds(demo, "Nearly lost")


def test_deletion_happens_when_the_toast_has_gone_or_the_page_is_left(demo, page_of):
    page = page_of()
    week_of(demo, page, 10)
    for title, hour in (("Gone by waiting", 10), ("Gone by leaving", 13)):
        make(page, title, hour=hour)
    delete(page, "Gone by waiting")
    block(page, "Gone by waiting").wait_for(state="detached")
    assert not holds(demo, "Gone by waiting")
    delete(page, "Gone by leaving")
    page.goto(f"{demo.url}/meetings")
    eventually(lambda: holds(demo, "Gone by leaving"), wanted=False)
    week_of(demo, page, 10)
    expect(block(page, "Gone by leaving")).to_have_count(0)


# --- Calendars, views, tasks ---


@pytest.mark.parametrize("view", ["week", "month", "agenda"])
def test_unticked_calendar_leaves_every_view_and_stays_out(demo, page_of, view):
    page = page_of()
    page.goto(f"{demo.url}/calendar?view={view}&date={day_of(0)}")
    box = page.locator(".cal-check", has_text="Studio").first.locator("input")
    shown = page.locator("#week", has_text="Studio stand-up")
    shown.wait_for()
    box.uncheck()
    shown.wait_for(state="detached")
    page.reload()
    page.locator("#week").wait_for()
    expect(shown).to_have_count(0)
    page.locator(".cal-check", has_text="Studio").first.locator("input").check()
    shown.wait_for()


def test_month_and_agenda_work_without_scripts(demo, sign_in_page):
    page = sign_in_page(scripts=False)
    views = page.get_by_role("navigation", name="View").first
    views.get_by_role("link", name="Month").click()
    expect(page.locator("table.monthview td .num").nth(27)).to_be_visible()
    page.locator(".monthview li a").first.click()
    page.locator("#dialog-h").wait_for()
    page.goto(f"{demo.url}/calendar")  # the view that was chosen
    expect(page.locator("table.monthview")).to_have_count(1)
    page.get_by_role("navigation", name="View").first.get_by_role("link", name="Agenda").click()
    expect(page.locator(".agenda > section")).to_have_count(7)
    page.locator(".agenda h2 a").first.click()
    expect(page.locator(".week.one")).to_have_count(1)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_tasks_of_the_day_are_added_ticked_reordered_and_deleted(demo, page_of, scripts):
    page = page_of(scripts=scripts)
    page.goto(f"{demo.url}/calendar?view=day&date={day_of(11, 4)}")
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
    expect(rows).to_contain_text(names)

    first = page.locator(".tasks li", has_text=names[0])
    with page.expect_response("**/tick"):  # a box is ticked in sight before anybody knows of it
        first.get_by_role("checkbox").check()
        if not scripts:
            first.get_by_role("button", name="Save").click()
    page.locator(".tasks", has_text=re.compile(r"[1-9]\d* of \d+ done")).wait_for()
    page.locator(".tasks li:has(input:checked)", has_text=names[0]).wait_for()

    first.hover()
    first.get_by_role("button", name=f"Move “{names[0]}” down").click()
    page.locator(f".tasks li:has-text('{names[1]}') + li:has-text('{names[0]}')").wait_for()
    for name in names:
        row = page.locator(".tasks li", has_text=name)
        row.hover()
        row.get_by_role("button", name=f"Delete “{name}”").click()
        row.wait_for(state="detached")

"""What stands beside the grid: which calendars are shown, and the tasks of the day."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.days import SUNDAY, day_of
from tests.e2e.hands import (
    GOOGLE,
    block,
    control,
    make,
    occurrences,
    place,
    press,
    put,
    toast,
    week_of,
)


def test_calendar_is_unticked_by_keyboard_without_moving_anything(demo, page_of):
    page = page_of()
    page.set_viewport_size({"width": 1440, "height": 560})  # the sidebar scrolls
    week_of(demo, page, 2)
    page.locator("#week").evaluate("week => (week.scrollTop = 333)")
    box = page.get_by_role("checkbox", name="Larkfield", exact=True)
    put(
        demo,
        "Only in Outlook",
        day_of(2, SUNDAY),
        9,
        account="microsoft:a.okafor@larkfieldgroup.example",
    )
    block(page, "Only in Outlook").wait_for(state="attached")
    box.focus()
    box.scroll_into_view_if_needed()
    before = place(page)
    press(page, "Space")
    expect(block(page, "Only in Outlook")).to_have_count(0)
    expect(box).not_to_be_checked()
    expect(box).to_be_focused()
    after = place(page)
    assert [after[name] for name in ("grid", "side")] == [before[name] for name in ("grid", "side")]
    page.reload()
    page.locator("#week .wk-body").wait_for()
    expect(box).not_to_be_checked()
    expect(block(page, "Only in Outlook")).to_have_count(0)
    box.check()
    block(page, "Only in Outlook").wait_for()


def test_tasks_move_with_their_event_and_outlive_a_reading_anew(demo, page_of):
    page = page_of()
    week_of(demo, page, 23)
    make(page, "Regatta", day=SUNDAY, hour=11)
    sunday, saturday = day_of(23, SUNDAY), day_of(23, SUNDAY - 1)
    page.goto(f"{demo.url}/calendar?view=day&date={sunday}")
    page.get_by_text("Add a task to an event").click()
    form = page.locator(".add-task form")
    form.get_by_label("Task").fill("Charge the radio")
    form.get_by_label("Event").select_option(label=_label(form, "Regatta"))
    form.get_by_role("button", name="Add task").click()
    task = page.locator(".tasks li", has_text="Charge the radio")
    with page.expect_response("**/tick"):  # a box is ticked in sight before anybody knows of it
        task.get_by_role("checkbox").check()
    page.locator(".tasks", has_text=re.compile(r"[1-9]\d* of \d+ done")).wait_for()

    week_of(demo, page, 23)
    block(page, "Regatta").locator("a").focus()
    press(page, "m", "ArrowLeft", "Enter")
    toast(page, "“Regatta” moved to Saturday")
    control(demo, "POST", "forget-sync", {"account": GOOGLE})
    put(demo, "After the reading anew", saturday, 15)
    block(page, "After the reading anew").wait_for()
    page.goto(f"{demo.url}/calendar?view=day&date={saturday}")
    expect(task.get_by_role("checkbox")).to_be_checked()
    page.goto(f"{demo.url}/calendar?view=day&date={sunday}")
    page.locator("#tasks").wait_for()
    expect(task).to_have_count(0)
    assert len(occurrences(demo, GOOGLE, "Regatta")) == 1


def _label(form, title):
    options = form.get_by_label("Event").locator("option").all_inner_texts()
    return next(text for text in options if title in text)


def test_news_do_not_sweep_away_a_task_that_is_typed(demo, page_of):
    page = page_of()
    monday = day_of(24, 0)
    page.goto(f"{demo.url}/calendar?view=day&date={monday}")
    page.get_by_text("Add a task to an event").click()
    field = page.locator("#task-title")
    field.fill("Half a ta")
    put(demo, "Elsewhere meanwhile", monday, 19)
    block(page, "Elsewhere meanwhile").wait_for(state="attached")
    expect(field).to_be_focused()
    expect(field).to_have_value("Half a ta")

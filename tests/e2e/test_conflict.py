"""Somebody else changes an event while its form, or a drag, is under way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.calendar_hands import (
    ahead,
    change_there,
    create,
    delete_there,
    expect_shown,
    go,
    middle,
    shown,
)
from tests.e2e.days import SATURDAY
from tests.e2e.hands import drag, toast


def open_form(page, title):
    page.locator("#week [data-s]", has_text=title).locator("a").first.click()
    page.get_by_role("link", name="Edit").click()
    form = page.locator("form", has=page.get_by_label("Title"))
    form.get_by_label("Title").wait_for()
    return form


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_theirs_and_mine_stand_side_by_side(demo, page_of, scripts):
    page = page_of(scripts=scripts)
    title = f"Both changed {scripts}"
    day = ahead(14, SATURDAY)
    create(demo, page, title, day)
    go(demo, page, "week", day)
    form = open_form(page, title)
    change_there(demo, title, {"summary": f"{title} by them", "location": "Their room"})
    form.get_by_label("Title").fill(f"{title} by me")
    form.get_by_role("button", name="Save changes").click()
    page.get_by_text("Changed meanwhile").first.wait_for()
    asked = page.locator("fieldset.clash")
    expect(asked).to_have_count(1)
    expect(asked).to_contain_text(f"{title} by me")
    expect(asked).to_contain_text(f"{title} by them")
    expect(page.get_by_text("Their change of the place stays")).to_have_count(1)
    expect(asked.get_by_label("Keep mine")).to_be_checked()
    asked.get_by_label("Take theirs").check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("#week [data-s]", has_text=f"{title} by them").wait_for()
    delete_there(demo, f"{title} by them")


def test_back_to_the_form_loses_nothing(demo, page_of):
    page = page_of()
    day = ahead(15, SATURDAY)
    create(demo, page, "Back again", day)
    go(demo, page, "week", day)
    form = open_form(page, "Back again")
    change_there(demo, "Back again", {"location": "Their room"})
    form.get_by_text("Place, notes").click()
    form.get_by_label("Place").fill("My room")
    form.get_by_label("Guests").fill("kim@osprey.example")
    form.get_by_label("Guests").press("Enter")
    form.get_by_role("button", name="Save changes").click()
    page.get_by_role("button", name="Back to the form").click()
    form.get_by_label("Title").wait_for()
    expect(form.locator("[name=guests]")).to_have_value(re.compile("kim@osprey.example"))
    expect(form.get_by_label("Place")).to_have_value("My room")
    form.get_by_role("button", name="Save changes").click()
    toast(page, "“Back again” was changed")
    delete_there(demo, "Back again")


def test_deleted_meanwhile_becomes_a_new_event(demo, page_of):
    page = page_of()
    day = ahead(16, SATURDAY)
    create(demo, page, "Not gone", day)
    go(demo, page, "week", day)
    form = open_form(page, "Not gone")
    delete_there(demo, "Not gone")
    form.get_by_label("Starts").fill("12:00")
    form.get_by_label("Ends").fill("13:00")
    form.get_by_role("button", name="Save changes").click()
    page.get_by_text("This event was deleted meanwhile").first.wait_for()
    page.get_by_role("button", name="Create it again").click()
    toast(page, "“Not gone” was created")
    page.locator(f"#week [data-s='{day}T12:00']", has_text="Not gone").wait_for()
    expect_shown(page, "Not gone", f"{day}T12:00")
    delete_there(demo, "Not gone")


def test_dragged_block_goes_where_it_really_is_and_can_be_moved_anyway(demo, page_of):
    page = page_of()
    day = ahead(17, SATURDAY)
    create(demo, page, "Moved by both", day)
    go(demo, page, "week", day)
    block = page.locator("#week .ev", has_text="Moved by both")
    x, y = middle(block)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 30, steps=3)  # while it is held, no refresh tells of the change
    change_there(
        demo,
        "Moved by both",
        {
            "start": {"dateTime": f"{day}T15:00:00", "timeZone": "Europe/Dublin"},
            "end": {"dateTime": f"{day}T16:00:00", "timeZone": "Europe/Dublin"},
        },
    )
    page.mouse.move(x, y + 110, steps=4)
    page.mouse.up()
    said = toast(page, "was moved meanwhile")
    expect(said).to_contain_text("15:00\u201316:00")
    expect_shown(page, "Moved by both", f"{day}T15:00")
    expect(said.get_by_role("link", name="Open")).to_have_count(1)
    said.get_by_role("button", name="Move anyway").click()
    toast(page, "“Moved by both” moved to")
    held = page.locator(f"#week [data-s='{day}T15:00']", has_text="Moved by both")
    expect(held).to_have_count(0)
    (moved,) = shown(page, "Moved by both")
    assert moved.startswith(f"{day}T1")
    assert moved != f"{day}T10:00"
    delete_there(demo, "Moved by both")


def test_toast_of_a_conflict_opens_the_event(demo, page_of):
    page = page_of()
    day = ahead(18, SATURDAY)
    create(demo, page, "Look at it", day)
    page.route("**/calendar/changes**", lambda route: route.abort())  # it learns of nothing
    go(demo, page, "week", day)
    x, y = middle(page.locator("#week .ev", has_text="Look at it"))
    change_there(
        demo,
        "Look at it",
        {
            "start": {"dateTime": f"{day}T17:00:00", "timeZone": "Europe/Dublin"},
            "end": {"dateTime": f"{day}T18:00:00", "timeZone": "Europe/Dublin"},
        },
    )
    drag(page, (x, y), (x, y + 80))
    toast(page, "was moved meanwhile").get_by_role("link", name="Open").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_text("17:00\u201318:00").wait_for()
    delete_there(demo, "Look at it")

"""A series as somebody changes it: one event, it and the following, all; at both providers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.days import SATURDAY
from tests.e2e.days import day_of as day
from tests.e2e.hands import (
    CALENDAR_OF,
    GOOGLE,
    OUTLOOK,
    at,
    await_block,
    block,
    dialog,
    expect_days,
    expect_times,
    occurrences,
    open_form,
    place,
    put,
    send,
    toast,
    week_of,
)

ACCOUNTS = pytest.mark.parametrize("account", [GOOGLE, OUTLOOK], ids=["Google", "Outlook"])
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def series(demo, page, title, *, week, account, hour=10):
    """Four Saturdays, made by the provider; the page stands at the second."""
    put(
        demo,
        title,
        day(week, SATURDAY),
        hour,
        account=account,
        recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"],
    )
    await_block(demo, page, title, week + 1)


def open_edit(page, title):
    block(page, title).first.locator("a").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Title").wait_for()


def change(page, title, new, how, *, start="", end=""):
    """In the form: another title (and times), for as much of the series as is said."""
    open_edit(page, title)
    page.get_by_role("radio", name=how).check()
    page.get_by_label("Title").fill(new)
    if start:
        page.get_by_label("Starts").fill(start)
        page.get_by_label("Ends").fill(end)
    page.get_by_role("button", name="Save changes").click()
    block(page, new).first.wait_for()


@SCRIPTS
@ACCOUNTS
def test_one_event_of_a_series_is_changed_and_the_others_stay(demo, page_of, account, scripts):
    page = page_of(scripts=scripts)
    old, new = f"Rota {account[:3]} {scripts}", f"Rota moved {account[:3]} {scripts}"
    week = 12 if scripts else 16
    series(demo, page, old, week=week, account=account)
    change(page, old, new, "This event", start="12:00", end="12:45")
    expect_times(page, new, "12:00", "12:45")
    expect(block(page, old)).to_have_count(0)
    assert occurrences(demo, account, old, new) == [
        (at(week, SATURDAY, "10:00"), old),
        (at(week + 1, SATURDAY, "12:00"), new),
        (at(week + 2, SATURDAY, "10:00"), old),
        (at(week + 3, SATURDAY, "10:00"), old),
    ]
    block(page, new).locator("a").click()
    page.get_by_text("Changed occurrence").wait_for()
    await_block(demo, page, old, week + 2)
    expect_times(page, old, "10:00", "11:00")


@ACCOUNTS
def test_this_and_the_following_and_then_all_are_changed(demo, page_of, account):
    page = page_of()
    old, new, last = (f"{word} {account[:3]}" for word in ("Clinic", "Surgery", "Round"))
    series(demo, page, old, week=20, account=account)
    change(page, old, new, "This and the following", start="14:00", end="15:00")
    toast(page, "and the following were changed")
    assert occurrences(demo, account, old, new) == [
        (at(20, SATURDAY, "10:00"), old),
        (at(21, SATURDAY, "14:00"), new),
        (at(22, SATURDAY, "14:00"), new),
        (at(23, SATURDAY, "14:00"), new),
    ]
    await_block(demo, page, old, 20)
    expect(block(page, old)).to_have_count(1)
    expect(block(page, new)).to_have_count(0)
    await_block(demo, page, new, 22)
    expect_times(page, new, "14:00", "15:00")
    change(page, new, last, "All events")
    toast(page, "all of them")
    assert occurrences(demo, account, old, new, last) == [
        (at(20, SATURDAY, "10:00"), old),
        (at(21, SATURDAY, "14:00"), last),
        (at(22, SATURDAY, "14:00"), last),
        (at(23, SATURDAY, "14:00"), last),
    ]
    for week in (21, 23):
        await_block(demo, page, last, week)
        expect_times(page, last, "14:00", "15:00")
        expect(block(page, new)).to_have_count(0)


@ACCOUNTS
def test_one_event_of_a_series_is_deleted_with_undo(demo, page_of, account):
    page = page_of()
    title = f"Choir {account[:3]}"
    series(demo, page, title, week=12, account=account, hour=15)
    whole = [(at(week, SATURDAY, "15:00"), title) for week in (12, 13, 14, 15)]

    def delete():
        block(page, title).locator("a").click()
        dialog(page).get_by_role("link", name="Delete").click()
        expect(dialog(page).get_by_role("radio", name="This event")).to_be_checked()
        send(page, "Delete")
        expect_days(page, title, [])

    delete()
    assert occurrences(demo, account, title) == whole
    toast(page, f"“{title}” deleted").get_by_role("button", name="Undo").click()
    expect_days(page, title, [SATURDAY])
    delete()
    toast(page, f"“{title}” deleted").get_by_role("button", name="Dismiss").click()
    block(page, title).wait_for(state="detached")
    assert occurrences(demo, account, title) == [whole[0], *whole[2:]]
    await_block(demo, page, title, 14)


def test_following_events_are_deleted_without_scripts(demo, page_of):
    page = page_of(scripts=False)
    series(demo, page, "Market", week=12, account=GOOGLE, hour=18)
    block(page, "Market").locator("a").click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("radio", name="This and the following").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.locator("#week").wait_for()
    expect(block(page, "Market")).to_have_count(0)
    assert occurrences(demo, GOOGLE, "Market") == [(at(12, SATURDAY, "18:00"), "Market")]


def test_a_series_is_made_in_the_dialog_and_said_in_words(demo, page_of):
    page = page_of()
    week_of(demo, page, 13)
    form = open_form(page, day=SATURDAY, hour=8)
    form.get_by_label("Title").fill("Boat check")
    form.get_by_label("Calendar", exact=True).select_option(label=CALENDAR_OF[GOOGLE])
    form.get_by_role("combobox", name="Repeats").select_option(label="Weekly on Saturday")
    form.get_by_role("radio", name="After").check()
    form.get_by_label("Number of times").fill("3")
    form.get_by_label("Number of times").press("Tab")
    form.get_by_text("3 times").first.wait_for()
    before = place(page)
    send(page, "Create event")
    block(page, "Boat check").wait_for()
    assert place(page)["grid"] == before["grid"]
    assert occurrences(demo, GOOGLE, "Boat check") == [
        (at(week, SATURDAY, "08:00"), "Boat check") for week in (13, 14, 15)
    ]
    block(page, "Boat check").locator("a").click()
    dialog(page).get_by_text("Weekly on Saturday, 3 times").wait_for()

"""What walks through the calendar share: making events, dragging, somebody at the provider."""

from __future__ import annotations

from tests.e2e.days import day_of
from tests.e2e.hands import control, eventually

MINE = "Amara Okafor"


def record_of(demo, title):
    """The event as Google holds it; of a series its rule."""
    found = [
        one
        for one in control(demo, "GET", "state")["events"]
        if one["body"].get("summary") == title and one["body"].get("status") != "cancelled"
    ]
    return next((one for one in found if one["body"].get("recurrence")), found[0])


def change_there(demo, title, patch):
    """Somebody changes it at the provider."""
    record = record_of(demo, title)
    asked = {"calendar": record["calendar"], "patch": patch}
    control(demo, "PATCH", f"events/{record['body']['id']}", asked)


def delete_there(demo, title):
    """Somebody deletes it at the provider."""
    record = record_of(demo, title)
    control(demo, "DELETE", f"events/{record['body']['id']}", {"calendar": record["calendar"]})


def clear_there(demo, title):
    """Everything of that title is deleted at the provider: a series, its parts, what was parted."""
    for _ in range(10):
        try:
            delete_there(demo, title)
        except IndexError:
            return
    raise AssertionError(f"{title} does not go away")


def go(demo, page, view, day):
    page.goto(f"{demo.url}/calendar?view={view}&date={day}")
    page.locator("#week").wait_for()


def create(demo, page, title, day, **fields):
    """An event in Amara's Google calendar, by its form. `fields` by their names."""
    query = f"start={day}" if fields.pop("all_day", False) else f"start={day}T10:00"
    page.goto(f"{demo.url}/calendar/events/new?{query}")
    form = page.locator("form", has=page.get_by_label("Title"))
    form.get_by_label("Title").fill(title)
    form.get_by_label("Calendar", exact=True).select_option(label=MINE)
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.first.evaluate("field => field.type") == "radio":
            form.locator(f"[name={name}][value={value}]").check()
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.get_by_role("button", name="Create event").click()
    page.locator("#week").wait_for()


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def shown(page, title):
    """Start of every block with that title, in order, as scripts read it."""
    blocks = page.locator("#week [data-s]:not(.is-moving)", has_text=title)
    return sorted(set(blocks.evaluate_all("all => all.map((one) => one.dataset.s)")))


def hour(day, clock):
    return f"{day}T{clock}"


def expect_shown(page, title, *starts):
    """Wait until the blocks of that title begin then."""
    eventually(lambda: shown(page, title), list(starts))


def ahead(weeks, days=0):
    """A day of a week to come."""
    return day_of(weeks, days)

"""What walks through the calendar share: making events, dragging, somebody at the provider."""

from __future__ import annotations

import json
import urllib.request
from datetime import date, timedelta

MONDAY = date.today() - timedelta(days=date.today().weekday())
SATURDAY, SUNDAY = 5, 6
MINE = "Amara Okafor"


def control(demo, method, path, body=None):
    """Ask the stand-ins' own address; what it answered."""
    request = urllib.request.Request(
        f"{demo.sandbox_url}/control/{path}",
        data=None if method == "GET" else json.dumps(body or {}).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


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


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 3, start[1] + 8, steps=2)
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def middle(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def toast(page, text):
    found = page.locator(".toast", has_text=text)
    found.first.wait_for()
    return found.first


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def shown(page, title):
    """Start of every block with that title, in order, as scripts read it."""
    blocks = page.locator("#week [data-s]:not(.is-moving)", has_text=title)
    return sorted(set(blocks.evaluate_all("all => all.map((one) => one.dataset.s)")))


def hour(day, clock):
    return f"{day}T{clock}"


def ahead(weeks, days=0):
    """A day of a week to come."""
    return MONDAY + timedelta(weeks=weeks, days=days)

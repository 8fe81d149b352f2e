"""What the browser tests do with their hands: go to a week, press, drag, look at either side."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from datetime import datetime
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.e2e.conftest import PATIENCE
from tests.e2e.days import DUBLIN, SATURDAY, day_of

AMARA = "amara@finchharbour.example"
GOOGLE = "google:amara@finchharbour.example"
OUTLOOK = "microsoft:a.okafor@larkfieldgroup.example"
# What these accounts' calendars are called on our side.
CALENDAR_OF = {GOOGLE: "Amara Okafor", OUTLOOK: "Larkfield"}


def week_of(demo, page, weeks):
    page.goto(f"{demo.url}/calendar?view=week&date={day_of(weeks)}")
    page.locator("#week .wk-body").wait_for()


def eventually(read, wanted):
    """Wait until that reads so; what it read last is told."""
    end = time.monotonic() + PATIENCE / 1000
    while (found := read()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    assert found == wanted


def text_mailed_to(page, demo, address):
    """The plain text of the newest mail to somebody, once the worker has sent one."""
    mail = page.locator("li", has_text=f"to {address}").locator("a")

    def has_come():
        page.goto(f"{demo.url}/demo/mail")
        return mail.count() > 0

    eventually(has_come, wanted=True)
    mail.first.click()
    return page.locator("pre.mail-text").inner_text()


def await_block(demo, page, title, week):
    """The week, once the event that its provider made is in it: asked for again and again."""

    def is_there():
        week_of(demo, page, week)
        return block(page, title).count() > 0

    eventually(is_there, wanted=True)


def control(demo, method, path, body=None):
    """Something done on the providers' side, behind our back."""
    data = None if method == "GET" else json.dumps(body or {}).encode()
    request = urllib.request.Request(
        f"{demo.sandbox_url}/control/{path}",
        data=data,
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def put(demo, title, on, hour, *, account=GOOGLE, hours=1, **more):
    """An event of the provider's own making, in Dublin's wall time."""
    minutes = round(hour * 60)
    return control(
        demo,
        "POST",
        "events",
        {
            "account": account,
            "title": title,
            "start": _instant(on, minutes),
            "end": _instant(on, minutes + round(hours * 60)),
            "timezone": "Europe/Dublin",
            **more,
        },
    )


def _instant(on, minutes):
    moment = datetime(on.year, on.month, on.day, tzinfo=DUBLIN)
    return moment.replace(hour=minutes // 60, minute=minutes % 60).isoformat()


def remote_id(event):
    """The provider's id of what `put` made."""
    return event.get("id") or event["body"]["id"]


def occurrences(demo, account, *titles):
    """What the provider's own API lists by these titles in half a year: title and wall time."""
    token = control(demo, "POST", "token", {"account": account})["access_token"]
    begins, ends = f"{day_of(-1)}T00:00:00Z", f"{day_of(26)}T00:00:00Z"
    if account.startswith("google"):
        asked = {"singleEvents": "true", "timeMin": begins, "timeMax": ends, "maxResults": 2500}
        path = "google/calendar/v3/calendars/primary/events"
    else:
        asked = {"startDateTime": begins, "endDateTime": ends, "$top": 1000}
        path = "microsoft/graph/v1.0/me/calendarView"
    request = urllib.request.Request(
        f"{demo.sandbox_url}/{path}?{urlencode(asked)}",
        headers={
            "Authorization": f"Bearer {token}",
            "Prefer": 'outlook.timezone="Europe/Dublin"',
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = json.load(answer)
    pairs = [
        (one.get("summary", one.get("subject")), one["start"].get("dateTime", "")[:16])
        for one in found.get("items", found.get("value"))
    ]
    return sorted((start, title) for title, start in pairs if title in titles)


def at(weeks, day, clock):
    """That hour as `occurrences` tells it."""
    return f"{day_of(weeks, day)}T{clock}"


def block(page, title):
    return page.locator("#week .ev:not(.is-moving)", has_text=title)


def expect_times(page, title, start, end):
    """Wait until the block stands for these times, wall time of the week shown."""
    found = block(page, title).first
    expect(found).to_have_attribute("data-s", re.compile(f"T{start}$"))
    expect(found).to_have_attribute("data-e", re.compile(f"T{end}$"))


_DAYS_WITH = """title => [...document.querySelectorAll("#week .day")].flatMap((day, at) =>
    [...day.querySelectorAll(".ev:not(.is-moving)")].some((block) =>
        block.checkVisibility() && block.querySelector(".t")?.textContent === title
    ) ? [at] : [])"""


def days_with(page, title):
    """The days of the week shown (0 is Monday) that have the event in sight."""
    return page.evaluate(_DAYS_WITH, title)


def expect_days(page, title, days, timeout=PATIENCE):
    """Wait until the event stands on exactly these days."""
    page.wait_for_function(
        f"([title, wanted]) => JSON.stringify(({_DAYS_WITH})(title)) === JSON.stringify(wanted)",
        arg=[title, list(days)],
        timeout=timeout,
    )


def point(page, day, hour):
    """Where that hour of that column is on the screen."""
    column = page.locator(f"#week .day.c{day}")
    column.locator(f"a.cell.s{int(hour) * 4}").scroll_into_view_if_needed()
    box = column.bounding_box()
    return box["x"] + box["width"] / 3, box["y"] + box["height"] * hour / 24 + 3


def dialog(page):
    return page.locator("dialog[open]")


def open_form(page, *, day=SATURDAY, hour=10):
    """The dialog for a new event, by a press on that quarter."""
    page.mouse.click(*point(page, day, hour))
    dialog(page).get_by_label("Title").wait_for()
    return dialog(page)


def send(page, button):
    """Press it and wait until the dialog has gone."""
    dialog(page).get_by_role("button", name=button, exact=True).click()
    dialog(page).wait_for(state="detached")


def make(page, title, *, day=SATURDAY, hour=10, account=GOOGLE):
    """An event of an hour in that account's calendar, made by a press."""
    form = open_form(page, day=day, hour=hour)
    form.get_by_label("Title").fill(title)
    form.get_by_label("Calendar", exact=True).select_option(label=CALENDAR_OF[account])
    send(page, "Create event")
    block(page, title).first.wait_for()


def toast(page, text):
    found = page.locator(".toast", has_text=text)
    found.first.wait_for()
    return found.first


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def place(page):
    """Where the page is: its address, how far it is scrolled, what has the focus."""
    return page.evaluate(
        """() => ({
            address: location.href,
            grid: [week.scrollTop, week.scrollLeft],
            page: [scrollX, scrollY],
            side: document.querySelector(".side").scrollTop,
            focus: document.activeElement.id || document.activeElement.className,
            title: document.title,
        })"""
    )


def expect_place(page, wanted):
    """Wait until it is there again; a difference is told by name."""
    page.wait_for_url(wanted["address"])
    expect(page.locator("dialog[open]")).to_have_count(0)
    eventually(lambda: place(page), wanted)


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 3, start[1] + 8, steps=2)
    page.mouse.move(*end, steps=8)
    page.mouse.up()


def finger(page):
    """Call it with `touchStart`, `touchMove` and a place, or with `touchEnd`."""
    glass = page.context.new_cdp_session(page)

    def touch(kind, at=None):
        points = [{"x": at[0], "y": at[1]}] if at else []
        glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch


_AT_REST = """() => new Promise((done) => {
    let [was, same] = [-1, 0];
    const look = () => {
        const top = document.getElementById("week").scrollTop;
        same = top === was ? same + 1 : 0;
        was = top;
        if (same > 5) done(); else requestAnimationFrame(look);
    };
    look();
})"""


def expect_rest(page):
    """Wait until the grid scrolls no more."""
    page.evaluate(_AT_REST)

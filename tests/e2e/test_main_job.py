"""The main job as a new person does it, in the demo: connect, create, edit, delete, book."""

from __future__ import annotations

import re
import time
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.days import DUBLIN
from tests.e2e.hands import AMARA, control, eventually, week_of


def held_by_providers(demo):
    """The titles of the events that the stand-ins hold and that are not deleted."""
    events = control(demo, "GET", "state")["events"]
    alive = [one["body"] for one in events if not one.get("deleted")]
    alive = [body for body in alive if body.get("status") != "cancelled"]
    return {body.get("summary", body.get("subject")) for body in alive}


def mails_to(page, demo, address):
    """The subjects of the kept mails to somebody, newest first."""
    page.goto(f"{demo.url}/demo/mail")
    return page.locator("li", has_text=f"to {address}").locator("a").all_inner_texts()


def await_mail(page, demo, address, words=""):
    """Wait until the mailbox holds a mail to somebody with these words in its subject."""
    eventually(lambda: any(words in one for one in mails_to(page, demo, address)), wanted=True)


def test_both_providers_stand_in_one_week(sign_in_page):
    page = sign_in_page()
    shown = page.locator("#week .ev .t")
    for title in ("Kick-off: Osprey Rail", "Audit walkthrough"):  # Google, Outlook
        expect(shown.filter(has_text=title).first).to_be_visible()
    expect(shown.filter(has_text="Site visit").first).to_be_visible()  # a client's


@pytest.mark.parametrize(
    ("button", "email", "title"),
    [
        ("Connect Google", "amara.studio@gmail.example", "Dentist"),
        ("Connect Microsoft", "amara.okafor@outlook.example", "Book club"),
    ],
)
def test_a_new_account_appears_within_ten_seconds_without_a_reload(
    demo, sign_in_page, button, email, title
):
    page = sign_in_page()
    page.get_by_role("link", name=button).first.click()
    page.get_by_text("This is not").first.wait_for()
    page.get_by_label(re.compile(re.escape(email))).check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{demo.url}/calendar**")
    began = time.monotonic()
    page.locator("#week .ev", has_text=title).first.wait_for(timeout=10_000)
    assert time.monotonic() - began < 10


def open_new(page, *, day, hour):
    """Press the empty quarter at that hour of the day's column."""
    cell = page.locator(f"#week .day.c{day} a.cell.s{hour * 4}")
    cell.scroll_into_view_if_needed()
    cell.click(position={"x": 60, "y": 4})
    page.locator("dialog[open]").wait_for()


@pytest.mark.parametrize(
    ("calendar", "choice", "link"),
    [("Amara Okafor", "Meet", "/meet/"), ("Larkfield", "Teams", "/teams/")],
)
def test_an_event_is_made_found_changed_and_deleted_in_place(demo, page_of, calendar, choice, link):
    page = page_of()
    week_of(demo, page, 1)  # nobody joins what is over, and today may be Sunday
    title = f"Fitting with {choice}"
    open_new(page, day=5, hour=16)
    dialog = page.locator("dialog[open]")
    page.wait_for_url(f"{demo.url}/calendar**")
    dialog.get_by_label("Title").fill(title)
    dialog.get_by_label("Calendar", exact=True).select_option(label=calendar)
    dialog.locator("label", has=page.get_by_text(choice, exact=True)).click()
    dialog.get_by_role("button", name="Create event").click()
    page.locator("dialog[open]").wait_for(state="hidden")
    block = page.locator("#week .day.c5 .ev", has_text=title)
    block.wait_for()
    assert title in held_by_providers(demo)

    block.locator("a").click()
    join = page.locator("dialog[open]").get_by_role("link", name="Join")
    join.wait_for()
    expect(join).to_have_attribute("href", re.compile(re.escape(link)))
    page.locator("dialog[open]").get_by_role("link", name="Edit").click()
    page.locator("dialog[open]").get_by_label("Title").fill(f"{title}, moved")
    page.locator("dialog[open]").get_by_role("button", name="Save").click()
    page.locator("dialog[open]").wait_for(state="hidden")
    moved = page.locator("#week .day.c5 .ev", has_text=f"{title}, moved")
    moved.wait_for()
    assert f"{title}, moved" in held_by_providers(demo)

    moved.locator("a").click()
    page.locator("dialog[open]").get_by_role("link", name="Delete").click()
    page.locator("dialog[open]").get_by_role("button", name=re.compile("Delete")).click()
    moved.wait_for(state="hidden")
    page.get_by_role("button", name="Dismiss").last.click()  # until then it can be undone
    moved.wait_for(state="detached")
    assert f"{title}, moved" not in held_by_providers(demo)


@pytest.mark.parametrize(
    ("slug", "owner", "name", "scripts"),
    [
        ("amara-intro", AMARA, "Bea Lindqvist", True),
        ("osprey-review", "kim@ospreyrail.example", "Bo Lindqvist", False),
    ],
    ids=["internal, scripts", "client, no scripts"],
)
def test_a_visitor_books_and_everybody_is_told(
    demo, open_page, page_of, slug, owner, name, scripts
):
    visitor = f"{slug}@visitor.example"
    page = open_page(scripts=scripts, phone=not scripts, timezone="America/New_York")
    page.goto(f"{demo.url}/book/{slug}")
    assert page.context.cookies() == []
    slot = page.locator("a.slot").last
    (start,) = parse_qs(urlsplit(slot.get_attribute("href")).query)["start"]
    slot.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(visitor)
    time.sleep(2.5)  # nobody types that fast
    page.get_by_role("button", name=re.compile("^Book")).click()
    page.wait_for_url("**/done/**")
    assert visitor in page.content()
    assert page.context.cookies() == []

    await_mail(page, demo, visitor)
    (subject,) = mails_to(page, demo, visitor)
    page.get_by_role("link", name=subject, exact=True).click()
    text = page.locator("pre").inner_text()
    assert f"{demo.sandbox_url}/" in text  # the join link
    files = page.locator("code", has_text="text/calendar")
    assert 'method="REQUEST"' in files.inner_text().replace("method=REQUEST", 'method="REQUEST"')
    page.get_by_role("link", name="read it").click()
    ics = page.locator("body").inner_text()
    assert "METHOD:REQUEST" in ics
    assert "SEQUENCE:0" in ics
    page.go_back()
    await_mail(page, demo, owner, name)

    staff = page_of()
    on = datetime.fromisoformat(start).astimezone(DUBLIN).date()
    staff.goto(f"{demo.url}/calendar?view=week&date={on}")
    staff.locator("#week .ev", has_text=name).first.locator("a").click()
    staff.locator("dialog[open]").get_by_role("link", name="Join").wait_for()


def test_the_log_is_whole_and_nothing_secret_was_written(demo, page_of):
    page = page_of()
    page.goto(f"{demo.url}/audit")
    said = demo.manage("verify_audit_chain")
    assert "chains are whole" in said
    logs = demo.logs()
    assert "calendar" in logs
    for sign in ("ya29.", "Bearer ", "refresh_token", "code="):
        assert sign not in logs
    assert not re.search(r"/(done|m)/[\w-]{16,}", logs)  # the keys to people's meetings


def test_the_mailbox_shows_a_mail_as_html(demo, page_of):
    page = page_of()
    page.goto(f"{demo.url}/members/invite")
    page.get_by_label("E-mail").fill("yuki@visitor.example")
    page.get_by_role("button", name="Send invitation").click()
    page.wait_for_url("**/members")
    await_mail(page, demo, "yuki@visitor.example")
    (subject,) = mails_to(page, demo, "yuki@visitor.example")
    page.get_by_role("link", name=subject, exact=True).first.click()
    assert "Finch & Harbour" in page.frame_locator("iframe").locator("body").inner_text()


def test_a_disconnected_account_leaves_the_page_at_once(demo, sign_in_page):
    """The dialog stepped back in the history and so stopped the way to the fresh page."""
    page = sign_in_page()
    page.get_by_role("link", name="Connect Google").first.click()
    page.get_by_label(re.compile("studio@ospreyrail")).check()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{demo.url}/calendar**")
    page.goto(f"{demo.url}/calendar/connections")
    row = page.locator("tr", has_text="studio@ospreyrail.example").filter(has_not_text="client")
    row.get_by_role("link", name="Disconnect").click()
    page.locator("dialog[open]").get_by_role("button", name="Disconnect account").click()
    row.wait_for(state="detached")
    expect(page.get_by_role("status").get_by_text("studio@ospreyrail.example")).to_be_visible()


def test_the_honeypot_is_out_of_sight_at_every_width(demo, open_page):
    page = open_page()
    page.goto(f"{demo.url}/book/amara-intro")
    page.locator("a.slot").last.click()
    for width in (320, 390, 1440):
        page.set_viewport_size({"width": width, "height": 700})
        box = page.locator("#id_website").bounding_box()
        assert box["x"] + box["width"] < 0


def test_a_whole_day_asks_for_no_hours_and_overlaps_nothing(sign_in_page):
    page = sign_in_page()
    open_new(page, day=5, hour=8)  # before the open day, and before the market of another account
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Ends").fill("10:30")
    dialog.get_by_text("Overlaps").wait_for()
    dialog.get_by_label("All day").check()
    dialog.get_by_text("Overlaps").wait_for(state="detached")
    for label in ("Starts", "Ends", "Time zone"):
        expect(dialog.get_by_label(label, exact=True)).to_be_hidden()

"""A visitor's whole way: book, move, cancel; on a phone, with and without scripts, in a frame."""

from __future__ import annotations

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.e2e.days import day_of

# Whose links no other walk books, client mode and internal mode.
LINKS = ["larkfield-dental", "ines-consultation"]
HASTE = 2.5  # seconds; nobody types faster


def fits(page):
    """Nothing sticks out sideways."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]


def book_in(page, email):
    """Fill in the form that a time led to, guests too, and book."""
    page.get_by_label("Your name").fill("Lena Vogt")
    page.get_by_label("E-mail", exact=True).fill(email)
    page.get_by_text("Add guests").click()
    page.get_by_label("Guests").fill(f"Dana Lark <dana.{email}>")
    time.sleep(HASTE)
    page.get_by_role("button", name=re.compile("^Book ")).click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("slug", LINKS, ids=["client", "internal"])
def test_a_visitor_books_moves_and_cancels_on_a_phone(demo, open_page, slug, scripts):
    week = 4 if scripts else 5
    email = f"{slug}.{week}@visitor.example"
    page = open_page(phone=True, scripts=scripts)
    page.goto(f"{demo.url}/book/{slug}?from={day_of(week)}&date={day_of(week, 1)}&tz=Europe/Dublin")
    fits(page)
    page.locator("#slots a.slot").first.click()
    fits(page)
    book_in(page, email)
    page.wait_for_url("**/done/**")
    expect(page.get_by_text(f"dana.{email}")).to_be_visible()
    fits(page)

    page.get_by_role("link", name="Move it").click()
    page.wait_for_url("**/m/**")
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    fits(page)
    page.get_by_role("link", name="All times").click()
    expect(page.get_by_text(re.compile("^You keep "))).to_be_visible()
    page.locator(f'.month a[href*="date={day_of(week, 2)}"]').click()
    page.wait_for_url(f"**date={day_of(week, 2)}**")
    page.locator("#slots a.slot").nth(2).click()
    page.get_by_label(re.compile("^A word to ")).fill("The train is late.")
    fits(page)
    page.get_by_role("button", name=re.compile("^Move to Wednesday")).click()
    expect(page.get_by_text(re.compile("^Moved to Wednesday"))).to_be_visible()
    page.reload()
    expect(page.locator("h1")).to_contain_text("Wednesday")

    page.get_by_label(re.compile("^A word to ")).fill("It is settled.")
    page.get_by_role("button", name="Cancel the meeting").click()
    expect(page.get_by_text("Cancelled. Nothing else is to be done.")).to_be_visible()
    fits(page)
    page.go_back()
    page.goto(page.url.split("?")[0])
    expect(page.get_by_text("This meeting was cancelled.")).to_be_visible()
    assert page.context.cookies() == []


@pytest.fixture(scope="module")
def foreign_site():
    """A page of somebody else, under another name than the demo's, that frames what it is asked."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            framed = self.path.removeprefix("/?src=")
            frame = f'<iframe src="{framed}" width="700" height="900"></iframe>'
            body = f"<!doctype html><title>Elsewhere</title>{frame}"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/?src="
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_another_site_frames_the_page_and_a_visitor_books_there(
    demo, open_page, chromium, foreign_site, scripts
):
    week = 6
    email = f"framed.{scripts}@visitor.example".lower()
    page = open_page(scripts=scripts)
    day = day_of(week, 1 if scripts else 2)
    page.goto(
        f"{foreign_site}{demo.url}/book/ines-consultation?embed=1&from={day_of(week)}&date={day}"
        "&tz=Europe/Dublin&name=Lena%20Vogt"
    )
    frame = page.frame_locator("iframe")
    frame.locator("#slots a.slot").first.click()
    expect(frame.get_by_label("Your name")).to_have_value("Lena Vogt")
    frame.get_by_label("E-mail", exact=True).fill("lena")
    frame.get_by_role("button", name=re.compile("^Book ")).click()
    expect(frame.get_by_text("One thing to put right")).to_be_visible()
    frame.get_by_label("E-mail", exact=True).fill(email)
    time.sleep(HASTE)
    frame.get_by_role("button", name=re.compile("^Book ")).click()
    expect(frame.get_by_text(re.compile("^Booked. See you"))).to_be_visible()
    expect(frame.get_by_role("link", name="Google")).to_have_attribute("target", "_blank")
    assert page.context.cookies() == []

    manage = frame.get_by_role("link", name="Move it")
    url = manage.get_attribute("href")
    with page.context.expect_page() as opened:
        manage.click()
    expect(opened.value.get_by_text("Confirmed", exact=True)).to_be_visible()
    # Refused by the browser, which says so on a console that walks are not to write to.
    context = chromium.new_context()
    elsewhere = context.new_page()
    elsewhere.goto(f"{foreign_site}{demo.url}{url}")
    expect(elsewhere.locator("iframe")).to_be_visible()
    assert elsewhere.frames[1].url.startswith("chrome-error:")
    context.close()


def test_a_visitor_finds_the_zone_and_the_day_by_keyboard(demo, open_page):
    page = open_page(timezone="America/New_York")
    page.goto(f"{demo.url}/book/larkfield-dental?lang=de&from={day_of(5)}&date={day_of(5)}")
    page.wait_for_url(re.compile(r"tz=America(/|%2F)New_York"))
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_label("Ort suchen").fill("sao paulo")
    expect(page.locator("#tz option")).to_have_count(1)
    page.get_by_label("Ort suchen").press("Enter")
    page.wait_for_url(re.compile(r"tz=America(/|%2F)Sao_Paulo"))
    expect(page.locator("#days .hint")).to_contain_text("Zeiten in Sao Paulo.")
    page.locator('.month a[aria-current="date"]').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**date={day_of(6)}**")
    expect(page.locator("#slots-h")).to_be_focused()
    page.go_back()
    expect(page.locator('.month a[aria-current="date"]')).to_have_attribute(
        "href", re.compile(f"date={day_of(5)}")
    )
    page.get_by_role("link", name="Français").click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    assert page.context.cookies() == []

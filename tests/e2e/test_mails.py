"""Mails that go out and come back: own words, what did not arrive, answers, invitations, feeds."""

from __future__ import annotations

import base64
import email
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email import policy

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Demo
from tests.e2e.days import SATURDAY, day_of
from tests.e2e.hands import (
    AMARA,
    await_block,
    block,
    control,
    dialog,
    eventually,
    text_mailed_to,
    toast,
    week_of,
)

INES, TOMAS = "ines@larkfield.example", "tomas@finchharbour.example"
HASTE = 2.5  # seconds; nobody types faster


def book(demo, page, slug, name, address, *, day):
    """As a visitor, the first time of that day."""
    page.goto(f"{demo.url}/book/{slug}?date={day}&tz=Europe/Dublin")
    page.locator("#slots a.slot").first.click()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail", exact=True).fill(address)
    time.sleep(HASTE)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.wait_for_url("**/done/**")


def needing(demo, page, name):
    """The line of somebody under "Needs you", once it is there."""
    line = page.locator("#meetings tbody tr:not(.day-row)", has_text=name)

    def is_there():
        page.goto(f"{demo.url}/meetings?period=needs")
        return line.count() > 0

    eventually(is_there, wanted=True)
    return line


def open_line(line):
    line.locator("a.plain").click()
    found = dialog(line.page)
    found.wait_for()
    return found


def count_of_needs(page):
    return page.locator("#meeting-tabs a", has_text="Needs you").inner_text()


@dataclass
class Mailed:
    """A mail that the stand-in of Resend took."""

    demo: Demo
    key: str
    text: str

    def bounce(self):
        asked = {"type": "email.bounced"}
        control(self.demo, "POST", f"resend/mails/{self.key}/events", asked)


def mailed(demo, address, words=""):
    """What was mailed to somebody with these words in its subject, newest first."""
    found = []
    for line in control(demo, "GET", "resend/mails")["mails"]:
        mail = email.message_from_bytes(base64.b64decode(line["raw"]), policy=policy.default)
        if mail["To"] == address and words in mail["Subject"]:
            found.append(Mailed(demo, line["id"], mail.get_body(("plain",)).get_content()))
    return found


def test_own_words_are_tried_kept_and_given_up(demo, page_of):
    page = page_of(INES)
    page.goto(f"{demo.url}/workspace/messages")
    page.get_by_role("link", name=re.compile("^Français.*Declined")).click()
    subject, opening = page.get_by_label("Subject"), page.get_by_label("First words")
    subject.fill("{{ titel }}")
    opening.fill("<b>Non</b>")
    subject.press("Enter")  # saves, and does not preview
    expect(page.get_by_text("2 things to put right")).to_be_visible()
    expect(page.locator(".error-summary")).to_be_focused()
    subject.fill("Non : {{ title }}")
    opening.fill("Désolée, {{ name }}.")
    shown = page.frame_locator("[name=preview]")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(shown.get_by_text("Désolée, Ada Brandt.").last).to_be_visible()
    expect(shown.get_by_text("Non : Intro call")).to_be_visible()
    page.get_by_role("button", name="Send me a test").click()
    toast(page, "Nothing is saved.")
    page.get_by_role("button", name="Save words").last.click()
    toast(page, "Declined, Français: saved.")
    page.get_by_role("link", name="Messages", exact=True).first.click()
    expect(page.get_by_text("Own words")).to_have_count(1)
    (tried,) = mailed(demo, INES, "Test: Non : Intro call")
    assert "Désolée, Ada Brandt." in tried.text

    page.get_by_role("link", name=re.compile("^Français.*Declined")).click()
    page.locator("summary", has_text="Reset words").click()
    page.get_by_role("button", name="Say Meridian's words").click()
    toast(page, "Meridian's words again.")
    expect(page.get_by_label("Subject")).to_have_value("")
    page.get_by_role("button", name="Put them back").click()
    toast(page, "Declined, Français: saved.")
    expect(page.get_by_label("Subject")).to_have_value("Non : {{ title }}")


def test_mail_that_came_back_is_sent_again_and_put_away(demo, open_page, page_of):
    name, address = "Bea Bounce", "bea@visitor.example"
    book(demo, open_page(), "amara-session", name, address, day=day_of(7, 1))
    eventually(lambda: len(mailed(demo, address)), 1)
    mailed(demo, address)[0].bounce()
    page = page_of(AMARA, phone=True)
    line = needing(demo, page, name)
    expect(line).to_contain_text("Not delivered")
    counted = count_of_needs(page)
    found = open_line(line)
    expect(found).to_contain_text(f"The confirmation to {address} came back.")
    found.get_by_role("button", name="Send again").click()
    toast(page, "It is sent again.")
    expect(line).to_have_count(0)
    eventually(lambda: count_of_needs(page) != counted, wanted=True)

    eventually(lambda: len(mailed(demo, address)), 2)
    mailed(demo, address)[0].bounce()
    found = open_line(needing(demo, page, name))
    found.get_by_role("button", name="Show no more").click()
    toast(page, "It is shown no more.")
    expect(line).to_have_count(0)


def test_booker_declines_by_mail_and_the_owner_keeps_the_meeting(demo, open_page, page_of):
    name, address, visitor = "Dora Decline", "dora@visitor.example", open_page()
    book(demo, visitor, "amara-session", name, address, day=day_of(7, 2))
    text_mailed_to(visitor, demo, address)  # leads to the mail
    visitor.get_by_label("Comment").fill("I am ill.")
    visitor.get_by_role("button", name="Decline", exact=True).click()
    expect(visitor.get_by_text("The answer is on its way.")).to_be_visible()

    page = page_of(AMARA)
    line = needing(demo, page, name)
    expect(line).to_contain_text("Declined in their calendar")
    found = open_line(line)
    expect(found).to_contain_text("I am ill.")
    expect(found.get_by_role("link", name="Cancel the meeting").first).to_be_visible()
    found.get_by_role("button", name="Keep it").click()
    toast(page, f"{name} is told nothing.")
    expect(line).to_have_count(0)
    page.goto(f"{demo.url}/meetings?q=dora")
    expect(page.locator("#meetings")).to_contain_text("Declined in their calendar")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_invitation_from_outside_is_accepted_and_called_off(demo, open_page, page_of, scripts):
    title, week = f"Outside {scripts}", 7
    outside, page = open_page(scripts=scripts), page_of(AMARA, scripts=scripts)
    outside.goto(f"{demo.url}/demo/invite")
    outside.get_by_label("Title").fill(title)
    outside.get_by_label("Day").fill(str(day_of(week, SATURDAY)))
    outside.get_by_label("Time").fill("15:00" if scripts else "18:00")
    outside.get_by_role("button", name="Send the invitation").click()
    expect(outside.get_by_text("The mail is on its way.")).to_be_visible()

    asked = page.locator("#invitations li", has_text=title)

    def has_come():
        page.goto(f"{demo.url}/meetings/invitations")
        return asked.count() > 0

    eventually(has_come, wanted=True)
    expect(asked).to_contain_text("by Priya Nair, priya@ledger.example")
    asked.get_by_role("button", name="Accept").click()
    toast(page, "Priya Nair is told")
    if scripts:
        accept = asked.get_by_role("button", name="Accept")
        expect(accept).to_have_attribute("aria-pressed", "true")
        expect(accept).to_be_focused()
    await_block(demo, page, title, week)

    sent = outside.locator("li", has_text=title)
    sent.get_by_role("button", name="Call off").click()
    expect(sent).to_contain_text("called off")

    def is_gone():
        week_of(demo, page, week)
        return block(page, title).count() == 0

    eventually(is_gone, wanted=True)


def test_booking_becomes_a_lead_once_a_key_is_entered(demo, open_page, page_of):
    page, name = page_of(INES), "Cleo Lead"
    page.goto(f"{demo.url}/crm")
    page.get_by_role("link", name="Enter a key").click()
    page.get_by_label("API key").fill("api_wrong")
    page.get_by_role("button", name="Save the key").click()
    expect(dialog(page).locator(".field .error")).to_contain_text("Close does not know this key.")
    page.get_by_label("API key").fill("api_demo_finch.9xQ4")
    page.get_by_role("button", name="Save the key").click()
    toast(page, "Bookings now become leads in Finch & Harbour.")

    visitor, address = open_page(), "cleo@clinicworks.example"
    book(demo, visitor, "ines-consultation", name, address, day=day_of(7, 3))

    def says():
        page.goto(f"{demo.url}/meetings?q=cleo")
        open_line(page.locator("#meetings tbody tr:not(.day-row)", has_text=name))
        # The lead is there before the note on the meeting is.
        is_noted = "In Close" in dialog(page).inner_text()
        return is_noted and dialog(page).get_by_role("link", name="The lead in Close").count()

    eventually(says, wanted=1)
    visitor.goto(f"{demo.sandbox_url}/close/leads")
    expect(visitor.locator(".calendar", has_text=name)).to_contain_text("Consultation: Confirmed")

    page.goto(f"{demo.url}/crm")
    page.get_by_role("link", name="Forget the key").click()
    dialog(page).get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("link", name="Enter a key")).to_be_visible()


def test_link_says_when_it_reminds_and_follows_up(demo, page_of):
    page = page_of(TOMAS)

    def opened():
        page.goto(f"{demo.url}/admin/sales/scheduling")
        link = page.locator("li", has_text="tomas-first-call")
        link.get_by_role("link", name=re.compile("^Edit")).click()
        dialog(page).locator("#mails > summary").click()
        return dialog(page)

    form = opened()
    form.get_by_label("Another time before").fill("3")
    form.get_by_label("Counted in").first.select_option("minutes")
    form.get_by_label("Follow-up to the booker").fill("Thank you, {{ name }}.")
    form.get_by_role("button", name="Save link").last.click()
    expect(form.get_by_text("Give a time from 5 minutes to 30 days.").last).to_be_visible()
    expect(form.get_by_label("Follow-up to the booker")).to_have_value("Thank you, {{ name }}.")
    form.get_by_label("Another time before").fill("90")
    form.get_by_role("button", name="Save link").last.click()
    toast(page, "is saved")
    form = opened()
    expect(form.get_by_label("90 minutes")).to_be_checked()
    expect(form.get_by_label("Follow-up to the booker")).to_have_value("Thank you, {{ name }}.")


def read(url):
    """The status of what a calendar program is answered, and the text."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, ""


def test_feed_is_made_renewed_and_closed(demo, page_of):
    page = page_of(TOMAS)

    def made(press):
        page.goto(f"{demo.url}/admin/sales/scheduling")
        page.locator("#feed").get_by_role("link", name=press).click()
        dialog(page).get_by_role("button", name=re.compile("^Make a")).click()
        return dialog(page).get_by_label("Address", exact=True).input_value()

    first = made("Make an address")
    status, text = read(first)
    assert status == 200
    assert "SUMMARY:First call: Maeve Lynch" in text
    second = made("New address")
    assert (read(first)[0], read(second)[0]) == (404, 200)
    page.goto(f"{demo.url}/admin/sales/scheduling")
    feed = page.locator("#feed")
    feed.get_by_text("Close the address").click()
    feed.get_by_role("button", name="Close it").click()
    expect(feed.get_by_text("No calendar reads along")).to_be_visible()
    assert read(second)[0] == 404

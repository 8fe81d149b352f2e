"""An invitation answered, and a description written with its formatting, as somebody does it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hands import (
    GOOGLE,
    OUTLOOK,
    SATURDAY,
    block,
    control,
    day_of,
    dialog,
    open_form,
    put,
    remote_id,
    toast,
    week_of,
)

ACCOUNTS = pytest.mark.parametrize("account", [GOOGLE, OUTLOOK], ids=["Google", "Outlook"])
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def invite(demo, page, title, *, week, account):
    """Somebody invites; the page stands at that week once the block is there."""
    made = put(
        demo, title, day_of(week, SATURDAY), 10, account=account, organizer="boss@elsewhere.example"
    )
    for _ in range(40):
        week_of(demo, page, week)
        if block(page, title).count():
            return made
        page.wait_for_timeout(500)
    pytest.fail(f"{title} did not come")


def said_at_provider(demo, account, event):
    """The guest's own answer on the provider's side, in the provider's word."""
    name, email = remote_id(event), account.partition(":")[2]
    held = control(demo, "GET", "state")["events"]
    body = next(one["body"] for one in held if one["key"].endswith(name))
    if account == OUTLOOK:
        return body["responseStatus"]["response"]
    return next(g["responseStatus"] for g in body["attendees"] if g["email"] == email)


@SCRIPTS
@ACCOUNTS
def test_invitation_is_answered_where_it_stands(demo, sign_in_page, account, scripts):
    page = sign_in_page(scripts=scripts)
    title, week = f"Panel {account[:3]} {scripts}", 30 if scripts else 32
    made = invite(demo, page, title, week=week, account=account)
    expect(block(page, title).first).to_have_class(re.compile("is-asked"))

    block(page, title).first.locator("a").click()
    page.get_by_text("boss@elsewhere.example invites you. Will you come?").wait_for()
    page.get_by_role("button", name="Maybe").click()

    expect(block(page, title).first).to_have_class(re.compile("is-maybe"))
    words = {GOOGLE: "tentative", OUTLOOK: "tentativelyAccepted"}
    assert said_at_provider(demo, account, made) == words[account]
    block(page, title).first.locator("a").click()
    pressed = page.get_by_role("button", name="Maybe")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Yes").focus()
    page.keyboard.press("Enter")
    expect(block(page, title).first).not_to_have_class(re.compile("is-maybe"))
    assert said_at_provider(demo, account, made) == "accepted"


def test_description_is_written_with_keys_and_shown_as_it_was_written(demo, sign_in_page):
    page = sign_in_page()
    week_of(demo, page, 34)
    form = open_form(page)
    form.get_by_label("Title").fill("Formatted")
    form.locator("details.more > summary").click()
    editor = form.get_by_role("textbox", name="Notes")
    editor.click()
    page.keyboard.type("Bring ")
    page.keyboard.press("Control+b")
    page.keyboard.type("both")
    page.keyboard.press("Control+b")
    page.keyboard.type(" lists")
    page.keyboard.press("Enter")
    form.get_by_role("button", name="List").click()
    page.keyboard.type("autumn")
    page.keyboard.press("Enter")
    form.get_by_role("button", name="Link").click()
    page.keyboard.type("plans.example/winter")
    page.keyboard.press("Enter")
    page.evaluate(
        """() => { const data = new DataTransfer();
        data.setData("text/html", "<img src=x onerror=alert(1)>pasted");
        data.setData("text/plain", " pasted");
        document.activeElement.dispatchEvent(new ClipboardEvent("paste",
            { clipboardData: data, bubbles: true, cancelable: true })); }"""
    )
    form.get_by_role("button", name="Create event").click()
    toast(page, "was created")

    block(page, "Formatted").first.locator("a").click()
    prose = dialog(page).locator(".prose")
    prose.wait_for()
    assert prose.locator("b").all_inner_texts() == ["both"]
    assert prose.locator("li").all_inner_texts() == ["autumn", "plans.example/winter pasted"]
    link = prose.get_by_role("link", name="plans.example/winter")
    assert link.get_attribute("href") == "https://plans.example/winter"
    assert prose.locator("img").count() == 0

"""An invitation answered where it stands, at both providers, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.hands import (
    GOOGLE,
    OUTLOOK,
    SUNDAY,
    block,
    control,
    day_of,
    dialog,
    place,
    put,
    remote_id,
    toast,
    week_of,
)

ACCOUNTS = pytest.mark.parametrize("account", [GOOGLE, OUTLOOK], ids=["Google", "Outlook"])
_WITH_ASKED = re.compile(r"\bis-asked\b")
_WITH_DECLINED = re.compile(r"\bis-declined\b")
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def invite(demo, page, title, *, account, hour):
    """Somebody else invites Amara; the page stands at the week once it is there."""
    made = put(
        demo,
        title,
        day_of(19, SUNDAY),
        hour,
        account=account,
        organizer="kim@ospreyrail.example",
        response="needsAction",
    )
    week_of(demo, page, 19)
    for _ in range(40):
        if block(page, title).count():
            return made
        page.wait_for_timeout(500)
        week_of(demo, page, 19)
    pytest.fail(f"{title} did not come")


def answer_at(demo, account, made):
    """What the provider holds as Amara's answer; nothing when it holds the event no more."""
    for event in control(demo, "GET", "state")["events"]:
        if remote_id(event) != remote_id(made):
            continue
        body = event["body"]
        if account == GOOGLE:
            me = account.partition(":")[2]
            return next(one["responseStatus"] for one in body["attendees"] if one["email"] == me)
        return None if event["deleted"] else body["responseStatus"]["response"]
    return None


@SCRIPTS
@ACCOUNTS
def test_an_invitation_is_accepted_in_place(demo, sign_in_page, account, scripts):
    page = sign_in_page(scripts=scripts)
    title = f"Asked {account[:3]} {scripts}"
    made = invite(demo, page, title, account=account, hour=8 if scripts else 10)
    expect(block(page, title)).to_have_class(_WITH_ASKED)
    before = place(page) if scripts else None
    block(page, title).locator("a").click()
    page.get_by_role("button", name="Yes", exact=True).click()
    if scripts:
        expect(dialog(page)).to_have_count(0)
        toast(page, title)
        page.wait_for_function(
            "title => [...document.querySelectorAll('#week .ev')].some(one =>"
            " one.textContent.includes(title) && !one.classList.contains('is-asked'))",
            arg=title,
        )
        assert place(page)["grid"] == before["grid"]
    page.locator("#week").wait_for()
    expect(block(page, title)).not_to_have_class(_WITH_ASKED)
    assert answer_at(demo, account, made) == "accepted"


@ACCOUNTS
def test_a_maybe_with_a_word_and_then_a_no(demo, sign_in_page, account):
    page = sign_in_page()
    title = f"Unsure {account[:3]}"
    made = invite(demo, page, title, account=account, hour=12)
    block(page, title).locator("a").click()
    dialog(page).get_by_text("Add a word to the organiser").click()
    dialog(page).get_by_label("Comment").fill("I may be late")
    dialog(page).get_by_role("button", name="Maybe", exact=True).click()
    toast(page, title)
    assert answer_at(demo, account, made) in {"tentative", "tentativelyAccepted"}
    block(page, title).locator("a").click()
    expect(dialog(page).get_by_role("button", name="Maybe")).to_have_attribute(
        "aria-pressed", "true"
    )
    dialog(page).get_by_role("button", name="No", exact=True).click()
    expect(dialog(page)).to_have_count(0)
    if account == GOOGLE:
        expect(block(page, title)).to_have_class(_WITH_DECLINED)
        assert answer_at(demo, account, made) == "declined"
    else:  # Outlook takes what is declined off the calendar
        expect(block(page, title)).to_have_count(0)
        assert answer_at(demo, account, made) in {None, "declined"}

"""A booked telehealth session from the mail to the room, on a guest's phone and the host's desk."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.e2e.hands import block, control, dialog
from tests.e2e.test_main_job import await_mail, mails_to

INES = "ines@larkfield.example"
GUEST = "Bo Lind"
VISITOR = "bo.lind@visitor.example"


def move_to_now(demo):
    """At the provider, behind our back: the session begins now."""
    events = control(demo, "GET", "state")["events"]
    (found,) = [one for one in events if VISITOR in str(one)]
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    start, end = (
        {"dateTime": f"{at:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
        for at in (now, now + timedelta(minutes=45))
    )
    body = {"calendar": found["calendar"], "patch": {"start": start, "end": end}}
    control(demo, "PATCH", f"events/{found['id']}", body)


def test_guest_and_host_meet_in_the_room_that_was_booked(demo, open_page, sign_in_page):
    phone = open_page(phone=True)
    phone.goto(f"{demo.url}/book/ines-consultation")
    phone.locator("a.slot").last.click()
    phone.get_by_label("Name").fill(GUEST)
    phone.get_by_label("E-mail").fill(VISITOR)
    time.sleep(2.5)  # nobody types that fast
    phone.get_by_role("button", name=re.compile("^Book")).click()
    phone.wait_for_url("**/done/**")
    await_mail(phone, demo, VISITOR)
    (subject,) = mails_to(phone, demo, VISITOR)
    phone.get_by_role("link", name=subject, exact=True).click()
    mail = phone.locator("pre").inner_text()
    found = re.search(r"^Join the meeting: (\S+/join/\S+)$", mail, re.MULTILINE)
    assert found is not None, mail
    assert f"If that does not open: {demo.sandbox_url}/" in mail

    phone.goto(found.group(1))
    expect(phone.get_by_role("heading", name="The room opens at")).to_be_visible()
    move_to_now(demo)
    host = sign_in_page(INES)
    expect(block(host, GUEST).first).to_be_visible()
    phone.reload()
    expect(phone.get_by_role("heading", name="Your meeting is ready.")).to_be_visible()
    expect(phone.get_by_label("Your name")).to_have_value(GUEST)
    phone.get_by_role("button", name="Join").click()
    expect(phone.get_by_role("heading", name=f"You are in the room as {GUEST}")).to_be_visible()
    assert "token" not in phone.url

    block(host, GUEST).first.click()
    with host.context.expect_page() as opened:
        dialog(host).get_by_role("button", name="Join telehealth room").click()
    room = opened.value
    expect(room.get_by_role("heading", name="You are in the room as Ines Duarte")).to_be_visible()
    expect(room.get_by_text("You are the host.")).to_be_visible()
    expect(room.get_by_text("With you here: 1.")).to_be_visible()
    logs = demo.logs()
    assert "token=" not in logs
    assert found.group(1).rpartition("/")[2] not in logs

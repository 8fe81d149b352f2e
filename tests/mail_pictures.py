"""Pictures of our mails as their readers see them: `python -m tests.mail_pictures <folder>`.

Needs Chromium and Playwright (requirements-browser.lock). Each mail is made by what makes it for
its reader, about a meeting that nobody booked, and pictured at 360 and 600 px, light and dark. No
part of the suite: somebody has to look at them.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ.pop("DATABASE_URL", None)

import django

django.setup()

from django.conf import settings
from django.template.loader import render_to_string
from django.test.utils import get_runner
from playwright.sync_api import sync_playwright

from booking.enums import Clash, EventPresence, MeetingState, TextKind
from booking.models import EmailCheck
from booking.services import ahead_mail, clash_mail, code_mail, mail, mail_examples
from booking.services.change_mail import behind_mail, change_mail
from booking.services.mail_texts import Words
from booking.services.readers import Known, Reader
from booking.services.readers import Role as Part
from booking.services.statements import FileKind, Said, Statement
from booking.services.undelivered_mail import undelivered_mail
from common.enums import MailState
from common.models import SentMail
from tests.factories import make_client, make_user, make_workspace
from workspaces.enums import Role
from workspaces.models import ClientInvitation, Invitation
from workspaces.owners import owner_of_user

WIDTHS, SCHEMES = (360, 600), ("light", "dark")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
LONG = Words(
    "",
    "Dear {{ name }},\n\nwe look forward to it. Bring the plans, and read "
    "https://finch.example/how-to-find-us-on-the-first-floor-behind-the-old-harbour before.",
)


@contextmanager
def database():
    """An empty database that is gone afterwards."""
    runner = get_runner(settings)(verbosity=0, interactive=False)
    kept = runner.setup_databases()
    try:
        yield
    finally:
        runner.teardown_databases(kept)


def letters():
    """Each mail with its name."""
    user = make_user("Amara Okafor", email="amara@finch.example")
    owner = owner_of_user(user, make_workspace("Finch Harbour", owner=user))
    for kind, code in product(TextKind, ("en", "de")):
        found = mail_examples.example(kind, owner, Words(), language=code, now=NOW)
        yield f"{kind.value}-{code}", found
    yield (
        "own-words",
        mail_examples.example(TextKind.CONFIRMATION, owner, LONG, language="fr", now=NOW),
    )
    yield from to_owner(owner)
    context = {
        "subject": "Google needs you",
        "sender_name": "Meridian",
        "provider": "Google",
        "email": "amara.okafor@finch-harbour.example",
        "workspace": "Finch Harbour",
        "branch": "Finch Harbour North",
        "action_label": "Open connections",
        "action_url": "https://meridian.example/calendar/connections",
    }
    for name in ("reconnect", "branch"):
        yield f"owner-{name}", render_to_string(f"calendars/mail/{name}.html", context)
    yield "owner-crm-key", render_to_string("booking/mail/crm_key.html", context)
    client = make_client(owner.workspace)
    doors = {
        "invitation": Invitation(role=Role.MEMBER),
        "client_invitation": ClientInvitation(client=client),
    }
    for name, door in doors.items():
        door.workspace, door.email, door.invited_by = owner.workspace, "bob@finch.example", user
        door.expires_at = NOW + timedelta(days=7)
        url = "https://meridian.example/invitations/x"
        given = {"invitation": door, "url": url, "action_url": url, "subject": "An invitation"}
        yield name.replace("_", "-"), render_to_string(f"workspaces/mail/{name}.html", given)


def to_owner(owner):
    """What the other side reads."""
    meeting = mail_examples._meeting(TextKind.CONFIRMATION, owner, "en", NOW)
    meeting.conference, meeting.message = "meet", "Can we talk about the plans?\nAnd the budget."
    meeting.conference_url = "https://meet.google.com/abc-defg-hij"
    meeting.booker_timezone = "America/New_York"
    yield "join", mail.confirmation(meeting, owner, now=NOW)
    yield "owner-notice", mail.notice(meeting, owner, event=EventPresence.THERE, now=NOW)
    zone, email = owner.zone, owner.notice_email
    was = meeting.start_at - timedelta(days=1)
    known = Known(0, MeetingState.CONFIRMED, was, was + timedelta(minutes=30))
    host = Reader("owner:1", Part.OWNER, email, owner.name, zone, owner, known)
    moved = Statement(Said.MOVED, FileKind.NONE, ())
    yield "owner-moved", change_mail(meeting, host, moved, now=NOW)
    yield "owner-reminder", ahead_mail.reminder(meeting, host)
    yield "owner-behind", behind_mail(meeting, owner, "Google refused the change.")
    meeting.clash = Clash.ALL_DAY
    yield "owner-clash", clash_mail.clash_mail(meeting, owner)
    sent = SentMail(
        kind="booking.confirmation", recipient=meeting.booker_email, state=MailState.BOUNCED
    )
    yield "owner-undelivered", undelivered_mail(meeting, owner, sent)
    meeting.state = MeetingState.REQUESTED
    yield "owner-request", mail.notice(meeting, owner, event=EventPresence.NO_CALENDAR, now=NOW)
    check = EmailCheck(workspace=owner.workspace, link=meeting.link, email="ada@example.com")
    yield "code", code_mail.code_mail(check, owner, code="123456")


def main(folder):
    with database():
        pages = [(name, html_of(letter)) for name, letter in letters()]
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, scheme in product(WIDTHS, SCHEMES):
            page = browser.new_page(viewport={"width": width, "height": 400}, color_scheme=scheme)
            for name, html in pages:
                page.set_content(html)
                path = folder / f"{name}-{width}-{scheme}.png"
                page.screenshot(path=str(path), full_page=True)
                wide = page.evaluate("document.documentElement.scrollWidth")
                print(path.name, f"wider than the window: {wide}" if wide > width else "")
        browser.close()


def html_of(letter):
    if isinstance(letter, str):
        return letter
    ((html, _kind),) = letter.alternatives
    return html


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the folder for the pictures: python -m tests.mail_pictures <folder>")
    main(Path(sys.argv[1]))

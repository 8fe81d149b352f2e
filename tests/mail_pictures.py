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

from booking.enums import (
    Answer,
    ChangeKind,
    Clash,
    EventPresence,
    InvitationState,
    MeetingState,
    Party,
    TextKind,
)
from booking.models import EmailCheck, MeetingAnswer, MeetingChange, OutsideInvitation
from booking.services import (
    ahead_mail,
    answer_mail,
    clash_mail,
    code_mail,
    invited_steps,
    mail,
    mail_examples,
)
from booking.services.change_mail import behind_mail, change_mail
from booking.services.mail_texts import Words
from booking.services.readers import Known, Reader
from booking.services.readers import Role as Part
from booking.services.statements import FileKind, Said, Statement
from booking.services.undelivered_mail import undelivered_mail
from common.enums import MailState
from common.languages import speaking
from common.models import SentMail
from tests.factories import make_client, make_user, make_workspace
from workspaces.adapter import AccountAdapter
from workspaces.enums import Role
from workspaces.models import ClientInvitation, Invitation
from workspaces.owners import ClientOwner, owner_of_user
from workspaces.services.client_access import invitation_letter

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
    yield from to_owner(owner, owner)
    yield from to_clients(owner.workspace)
    yield from long_names()
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
    yield from doors(owner, user)
    yield from of_accounts(user)
    yield from from_outside(owner)


def long_names():
    """Names as long as they can be, without a blank to break them at."""
    user = make_user("W" * 120, email=f"{'w' * 60}@finch.example")
    owner = owner_of_user(user, make_workspace("Q" * 120, owner=user))
    for kind in (TextKind.CONFIRMATION, TextKind.REMINDER, TextKind.CANCELLED):
        found = mail_examples.example(kind, owner, Words(), language="en", now=NOW)
        yield f"long-names-{kind.value}", found
    meeting = mail_examples._meeting(TextKind.CONFIRMATION, owner, "en", NOW)
    meeting.booker_name = meeting.title = meeting.message = "Ñ" * 120
    yield "long-names-notice", mail.notice(meeting, owner, event=EventPresence.THERE, now=NOW)
    client = make_client(owner.workspace, "Z" * 120)
    door = ClientInvitation(
        workspace=owner.workspace,
        client=client,
        email=user.email,
        invited_by=user,
        expires_at=NOW,
    )
    yield "long-names-client-invitation", invitation_letter(door, "x" * 43)


def doors(owner, user):
    """What asks people in: a member, and a client's person in each language."""
    given = {
        "workspace": owner.workspace,
        "email": "bob@finch.example",
        "invited_by": user,
        "expires_at": NOW + timedelta(days=7),
    }
    url = "https://meridian.example/invitations/x"
    context = {"invitation": Invitation(role=Role.MEMBER, **given), "url": url}
    yield "invitation", render_to_string("workspaces/mail/invitation.html", context)
    client = make_client(owner.workspace)
    for code in ("en", "de", "fr", "es"):
        client.language = code
        with speaking(code):
            door = ClientInvitation(client=client, **given)
            yield f"client-invitation-{code}", invitation_letter(door, "x" * 43)


def of_accounts(user):
    """What allauth mails about accounts."""
    url = f"https://meridian.example/accounts/{'k' * 60}/"
    context = {
        "user": user,
        "email": user.email,
        "activate_url": url,
        "password_reset_url": url,
        "signup_url": url,
    }
    for kind in (
        "email_confirmation_signup",
        "password_reset_key",
        "unknown_account",
        "account_already_exists",
    ):
        found = AccountAdapter().render_mail(f"account/email/{kind}", user.email, context)
        yield f"account-{kind}", found


def from_outside(owner):
    """What is mailed about invitations of others: to their organiser, and to whom they invite."""
    start = NOW + timedelta(days=2)
    invitation = OutsideInvitation(
        workspace=owner.workspace,
        user_id=owner.id,
        uid="x@harbour.example",
        organizer="olga.lindqvist-hansen@harbour-authority.example",
        organizer_name="Olga Lindqvist-Hansen",
        guest="amara@finch.example",
        sequence=0,
        title="Quarterly review of the north quay, with the harbour authority",
        location="Room 4, 12 Mill Lane",
        start_at=start,
        end_at=start + timedelta(hours=1),
        timezone="Europe/Berlin",
    )
    for state in (
        InvitationState.ACCEPTED,
        InvitationState.TENTATIVE,
        InvitationState.DECLINED,
    ):
        invitation.state = state
        yield f"organiser-{state.value}", invited_steps._answer_letter(invitation, owner, NOW)
    for what in ("new", "changed", "off"):
        yield f"owner-invited-{what}", answer_mail.invitation_mail(invitation, owner, what)


def to_clients(workspace):
    """What the other side reads of a client, in each language but English."""
    for code in ("de", "fr", "es"):
        client = make_client(workspace, f"Larkfield Dental {code}", language=code)
        owner = ClientOwner(workspace=workspace, client=client)
        member = owner_of_user(make_user(f"Member {code}"), workspace)
        for name, letter in (*to_owner(owner, member), *from_outside(owner)):
            if name.startswith(("owner-", "organiser-")):
                yield f"client-{code}-{name.removeprefix('owner-')}", letter


def to_owner(owner, member):
    """What the other side reads, of a meeting that stands with a member."""
    meeting = mail_examples._meeting(TextKind.CONFIRMATION, member, "en", NOW)
    meeting.conference, meeting.message = "meet", "Can we talk about the plans?\nAnd the budget."
    meeting.conference_url = "https://meet.google.com/abc-defg-hij"
    meeting.booker_timezone = "America/New_York"
    meeting.guests = [
        {"name": "Cy Guest", "email": "cy@tallship.example"},
        {"name": "", "email": "dora.lindqvist-hansen@harbour-authority.example"},
    ]
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
    said_no = MeetingAnswer(answer=Answer.DECLINED, comment="The train is late.")
    yield "owner-declined", answer_mail.declined_mail(meeting, owner, said_no)
    yield from to_guests(meeting, owner)
    meeting.state = MeetingState.REQUESTED
    yield "owner-request", mail.notice(meeting, owner, event=EventPresence.NO_CALENDAR, now=NOW)
    check = EmailCheck(workspace=owner.workspace, link=meeting.link, email="ada@example.com")
    yield "code", code_mail.code_mail(check, owner, code="123456")


def to_guests(meeting, owner):
    """What those read whom the booker named."""
    doer = MeetingChange(kind=ChangeKind.GUESTS, by=Party.BOOKER, name=meeting.booker_name)
    for part, said in ((Part.GUEST, Said.INVITED), (Part.FORMER_GUEST, Said.REMOVED)):
        guest = Reader("guest:1", part, "cy@tallship.example", "Cy Guest", owner.zone, owner, None)
        told = Statement(said, FileKind.NONE, (doer,))
        yield f"guest-{said.name.lower()}", change_mail(meeting, guest, told, now=NOW)


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

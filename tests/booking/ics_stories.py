"""Stories of meetings, told by the real services, and the calendar files that left for them.

The clock and the ids stand still, so that the same story yields the same bytes.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from uuid import UUID

from django.core import mail
from django.utils import timezone

from booking.booker import Booker
from booking.services import changes
from booking.services import meetings as booking_services
from booking.services.inviting import change_guests
from conferencing.models import TelehealthRoom
from sandbox.server.google import meet
from tests.booking.conftest import NINE, book, deliver_all, make_link
from tests.booking.ics_reading import file_in
from tests.booking.test_changes import GUEST, STAFF, TEN
from tests.factories import make_client
from workspaces.owners import ClientOwner

CY = {"name": "Cy Guest", "email": "cy@tallship.example"}
ELEVEN = TEN + timedelta(hours=1)
BOOKED_IDS = [UUID(f"00000000-0000-4000-8000-{number:012d}") for number in range(1, 10)]
ROOM_ID = UUID("00000000-0000-4000-8000-00000000beef")


def freeze_ids(monkeypatch, settings):
    """Meetings and Google's links get known ids, the installation the names of the files."""
    settings.ICS_DOMAIN = "meridian.example"
    settings.MAIL_FROM = "Meridian <bookings@meridian.example>"
    settings.PUBLIC_URL = "https://meridian.example"
    monkeypatch.setattr(meet, "meeting_code", lambda _seed: "abc-defg-hij")
    numbers = count()
    monkeypatch.setattr(booking_services, "uuid4", lambda: BOOKED_IDS[next(numbers)])


class Story:
    """One meeting's, or one group's, life. `files` are what was sent, by step and reader."""

    def __init__(self, owner, clock, **tools):
        self.owner, self.clock, self.tools = owner, clock, tools
        self.files = {}
        self.readers = {owner.notice_email: "owner", CY["email"]: "guest"}
        mail.outbox.clear()

    def book(self, *, name="Ann Other", email="ann@tallship.example", link=None, **more):
        language = more.pop("language", "en")
        booker = Booker(name=name, email=email, timezone="America/New_York", language=language)
        self.readers.setdefault(email, "booker")
        self.meeting = book(link or self.link(), booker=booker, **more)
        return self.meeting

    def link(self, **fields):
        return make_link(self.owner, **fields)

    def change(self, what, **more):
        more = {"doer": STAFF, **more}
        self.meeting = what(meeting=self.meeting, now=timezone.now(), **more)

    def send(self, step):
        """The worker's turn; then it is ten minutes later."""
        deliver_all()
        for message in mail.outbox:
            content = file_in(message)
            if content is not None:
                name = f"{step}-{self.readers[message.to[0]]}"
                assert name not in self.files, f"{name} was sent twice"
                self.files[name] = content
        mail.outbox.clear()
        self.clock.shift(timedelta(minutes=10))


def life(story):
    """Booked with a guest, moved twice, cancelled; the owner has no calendar."""
    story.book(guests=[CY], message="The plans; and a pen, \\n a second one.\nAnn")
    story.send("booked")
    story.change(changes.move_meeting, start=TEN, doer=GUEST)
    story.send("moved")
    story.change(changes.move_meeting, start=ELEVEN)
    story.send("moved-again")
    story.change(changes.cancel_meeting, doer=GUEST, message="The train is late")
    story.send("cancelled")


def member(story):
    """The same with one of the workspace's own users, who takes it back."""
    story.book()
    story.send("booked")
    story.change(changes.cancel_meeting)
    story.send("cancelled")


def approval(story):
    """Asked for, granted, asked for at another time, declined."""
    story.book(link=story.link(requires_approval=True), guests=[CY])
    story.send("requested")
    story.change(changes.approve_meeting)
    story.send("approved")
    story.change(changes.move_meeting, start=TEN, doer=GUEST)
    story.send("asked-again")
    story.change(changes.decline_meeting, message="Not this week")
    story.send("declined")


def expiry(story):
    """Granted, asked for at another time, and never answered."""
    story.book(link=story.link(requires_approval=True))
    story.send("requested")
    story.change(changes.approve_meeting)
    story.send("approved")
    story.change(changes.move_meeting, start=TEN, doer=GUEST)
    story.send("asked-again")
    changes.expire_requests(now=TEN)
    story.send("expired")


def late_link(story):
    """Google says later how to join; the owner has the event and needs no file."""
    store = story.tools["sandbox"].store
    story.tools["connect"](story.owner, "google")
    store.set_setting("meet", {"mode": "pending", "reads": 10_000})
    story.book(link=story.link(conference="meet"))
    for _turn in range(7):
        deliver_all()
        story.clock.shift(timedelta(seconds=10))
    story.send("booked")
    for record in store.all("event"):
        record["meet"]["reads"] = 0
        store.put("event", record["key"], record)
    for _turn in range(6):
        story.clock.shift(timedelta(seconds=20))
        deliver_all()
    story.send("link")


def hand_over(story):
    """Given to another client: its organiser stays, the former owner's copy goes."""
    southgate = make_client(
        story.owner.workspace, "Southgate", primary_contact_email="desk@southgate.example"
    )
    story.readers["desk@southgate.example"] = "new-owner"
    story.book()
    story.send("booked")
    new_owner = ClientOwner(workspace=story.owner.workspace, client=southgate)
    story.change(changes.reassign_meeting, to=new_owner)
    story.send("given")


def seats(story):
    """Two bookers in one slot: neither file names the other."""
    story.readers |= {"bea@lindqvist.example": "second"}
    link = story.link(seats=3)
    story.book(link=link)
    story.book(link=link, name="Bea Lindqvist", email="bea@lindqvist.example")
    deliver_all()
    # The owner hears of both: one mail for each, and a file for each.
    for message in list(mail.outbox):
        if message.to[0] == story.owner.notice_email:
            story.files[f"booked-owner-of-{len(story.files) + 1}"] = file_in(message)
            mail.outbox.remove(message)
    story.send("booked")


def telehealth(story):
    """Our room comes first, the provider's link is the way out."""
    workspace = story.owner.workspace
    workspace.telehealth_enabled = True
    workspace.save()
    story.tools["sandbox"].store.set_setting("meet", {"mode": "immediate"})
    story.tools["connect"](story.owner, "google")
    TelehealthRoom.objects.create(
        id=ROOM_ID, workspace=workspace, key=f"meeting:{BOOKED_IDS[0]}", name="th-corpus"
    )
    story.book(link=story.link(conference="auto"), guests=[CY])
    story.send("booked")


def place(story):
    """At a place, which has commas."""
    story.book(link=story.link(location="Quay 3; back door, first floor"))
    story.send("booked")


def odd(story):
    """Texts of every kind, longer than a line has octets."""
    title = "Größe, Maß; «Überprüfung» 漢字の確認 🗓️ " + "ê" * 60
    story.book(
        link=story.link(title=title, location="Ålesund " + "漢" * 40),
        name='Zoë "Ace" O\'Neill: ﷺ 👩\u200d🚀',
        email="zoe+50%@lindqvist.example",
        guests=[{"name": "עמרי; מיכל", "email": "omri@tallship.example"}],
        message="BEGIN:VEVENT\r\nATTENDEE:mailto:m@evil.example\r\n" + "é" * 200 + "\tEND",
    )
    story.readers["omri@tallship.example"] = "guest"
    story.send("booked")


def languages(story):
    """In the booker's language; the owner's in English."""
    link = story.link()
    for number, language in enumerate(("de", "fr", "es")):
        address = f"{language}@tallship.example"
        story.readers[address] = f"booker-{language}"
        story.readers[story.owner.notice_email] = f"owner-{language}"
        story.book(
            link=link,
            email=address,
            start=NINE + number * timedelta(hours=1),
            language=language,
            message="Hi",
        )
        story.send("booked")


def guests(story):
    """One guest is taken off, another invited; the booker's file says who comes."""
    story.readers["omri@tallship.example"] = "new-guest"
    story.book(guests=[CY])
    story.send("booked")
    omri = {"name": "Omri Guest", "email": "omri@tallship.example"}
    story.change(change_guests, add=[omri], remove=[CY["email"]], doer=GUEST)
    story.send("others")


# Which story is told by which owner, the client's unless said otherwise.
STORIES = {
    "life": life,
    "member": member,
    "approval": approval,
    "expiry": expiry,
    "late-link": late_link,
    "hand-over": hand_over,
    "seats": seats,
    "guests": guests,
    "telehealth": telehealth,
    "place": place,
    "odd": odd,
    "languages": languages,
}

"""What each example of the booking API tells of, made real: a scenario for each answer."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from django.core import mail
from django.test import Client as Browser

from booking.api import examples
from booking.booker import Booker
from booking.models import Meeting
from booking.tokens import manage_token
from common.leases import take_lease
from tests.booking.conftest import NOW, book, deliver_all, make_link, messages
from tests.factories import make_client
from workspaces.authentication import issue_service_token
from workspaces.owners import ClientOwner

API = "/api/v1/booking"
THURSDAYS = {
    day: {"enabled": day == "thursday", "start": "09:00", "end": "10:30"}
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
QUESTIONS = [{"key": "topic", "label": "What is it about?", "kind": "text", "required": False}]
NINE = NOW + timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
BEN = Booker(name="Ben Other", email="ben@tallship.example", timezone="UTC")
DRAWN_FROM = {
    "booking_availability": examples.AVAILABILITY,
    "booking_book": examples.BOOK,
    "booking_meetings": examples.LIST,
    "booking_meeting": examples.ONE,
    "booking_cancel": examples.CANCEL,
    "booking_move": examples.MOVE,
    "booking_guests": examples.GUESTS,
    "booking_approve": examples.APPROVE,
    "booking_decline": examples.DECLINE,
    "booking_no_show": examples.NO_SHOW,
    "booking_reassign": examples.REASSIGN,
    "booking_links": examples.LINKS,
    "booking_link": examples.LINK_ONE,
    "booking_calendar_event": examples.CALENDAR_EVENTS,
    "booking_notification": examples.NOTIFICATIONS,
}


class World:
    """What the examples speak of, made real; `send` posts an example with its ids made real."""

    def __init__(self, workspace, user, clock):
        self.workspace, self.user, self.clock = workspace, user, clock
        self.client = self._client("Osprey Rail")
        self.other = self._client("Larkfield Dental")
        self.owner = ClientOwner(workspace=workspace, client=self.client)
        self.link = self._link("osprey-intro")
        self.meeting = None
        self.staff = self.caller("booking:read", "booking:write")

    def _client(self, name):
        return make_client(
            self.workspace, name, timezone="Europe/Dublin", availability_settings=THURSDAYS
        )

    def _link(self, slug, **fields):
        return make_link(
            self.owner,
            slug,
            description="Half an hour to get to know each other.",
            questions=QUESTIONS,
            location="Platform 3",
            reminders=[1440, 60],
            follow_up_text="Thank you, {{ name }}.",
            **fields,
        )

    def caller(self, *scopes):
        _row, token = issue_service_token(
            workspace=self.workspace, acts_as=self.user, name="test", scopes=scopes
        )
        return Browser(headers={"Authorization": f"Bearer {token}"})

    def booked(self, **said):
        """The meeting of the examples, booked as their request says."""
        body = {**value(examples.BOOK, "Half an hour with a guest"), **said}
        answer = Browser().post(f"{API}/meetings", body, content_type="application/json")
        assert answer.status_code == 201, answer.json()
        self.meeting = Meeting.objects.get(pk=answer.json()["meeting_id"])
        return self.meeting

    def requested(self):
        self.link.requires_approval = True
        self.link.save()
        return self.booked()

    def as_booker(self):
        token = manage_token(self.meeting.pk, self.meeting.manage_token_hash)
        return Browser(headers={"X-Manage-Token": token})

    def change(self, what, drawn, name, caller=None):
        body = value(drawn, name)
        real = json.loads(
            json.dumps(body)
            .replace(examples.OTHER_CLIENT, str(self.other.pk))
            .replace(examples.MEETING, str(self.meeting.pk))
        )
        address = f"{API}/meetings/{self.meeting.pk}/{what}" if what[0] != "/" else f"{API}{what}"
        return (caller or self.staff).post(address, real, content_type="application/json")


def value(drawn, name):
    """A request's example, to be changed at will."""
    return dict(next(one.value for one in drawn if one.name == name and one.request_only))


def _availability(query):
    return lambda world: Browser().get(f"{API}/availability?{query}")


def _seats_left(world):
    world.link.seats = 3
    world.link.save()
    book(world.link, start=NINE, booker=BEN)
    return _availability("link=osprey-intro&from=2026-11-19&to=2026-11-19")(world)


def _book(world):
    return Browser().post(
        f"{API}/meetings",
        value(examples.BOOK, "Half an hour with a guest"),
        content_type="application/json",
    )


def _book_too_long(world):
    body = {**value(examples.BOOK, "Half an hour with a guest"), "duration": 60}
    return Browser().post(f"{API}/meetings", body, content_type="application/json")


def _book_taken(world):
    book(world.link, start=NINE, booker=BEN)
    return _book(world)


def _book_unproven(world):
    world._link("osprey-proved", verifies_email=True)
    body = value(examples.BOOK, "With the code that was mailed")
    del body["code"]
    return Browser().post(f"{API}/meetings", body, content_type="application/json")


def _book_proven(world):
    assert _book_unproven(world).status_code == 428
    deliver_all()
    code = re.search(r"(\d{3}) (\d{3})", mail.outbox[-1].body).expand(r"\1\2")
    body = {**value(examples.BOOK, "With the code that was mailed"), "code": code}
    return Browser().post(f"{API}/meetings", body, content_type="application/json")


def _page(world):
    world.booked()
    book(world.link, start=NINE + HALF_HOUR, booker=BEN)
    return world.staff.get(f"{API}/meetings?limit=1")


def _last_page(world):
    return world.staff.get(f"{API}/meetings?state=no_show")


def _bad_cursor(world):
    return world.staff.get(f"{API}/meetings?cursor=mine")


def _one(world):
    return world.staff.get(f"{API}/meetings/{world.booked().pk}")


def _none(world):
    return world.staff.get(f"{API}/meetings/{examples.MEETING}")


def _no_link(world):
    return world.staff.get(f"{API}/links/{examples.LINK}")


def _invited_nobody(world):
    world.booked()
    address = f"{API}/meetings/{world.meeting.pk}/guests"
    return world.staff.post(address, {"add": [{"email": "dana"}]}, content_type="application/json")


def _done(prepare, what, drawn, name, **options):
    def scenario(world):
        getattr(world, prepare)()
        if options.get("later"):
            world.clock.shift(options["later"])
        caller = None
        if options.get("scopes"):
            caller = world.caller(*options["scopes"])
        if options.get("by_booker"):
            caller = world.as_booker()
        for step in options.get("after", ()):
            step(world)
        return world.change(what, drawn, name, caller)

    return scenario


def _take_ten(world):
    book(world.link, start=NINE + 2 * HALF_HOUR, booker=BEN)


def _move_to_half_past(world):
    address = f"{API}/meetings/{world.meeting.pk}/move"
    body = {"start": (NINE + HALF_HOUR).isoformat()}
    assert world.staff.post(address, body, content_type="application/json").status_code == 200


def _take_leases(world):
    for message in messages():
        take_lease(message, now=NOW, lasts=timedelta(minutes=2))


def _mark(world):
    address = f"{API}/meetings/{world.meeting.pk}/no-show"
    assert world.staff.post(address, {}, content_type="application/json").status_code == 200


def _run_event(world):
    assert (
        world.change("/calendar-events", examples.CALENDAR_EVENTS, "Of a client's meeting")
    ).status_code == 200


_LATER = timedelta(days=2)
OF_A_CLIENT = "Of a client's meeting"
TOLD = {
    ("booking_availability", "Thursday morning in Dublin"): _availability(
        "link=osprey-intro&from=2026-11-19&to=2026-11-19&tz=Europe/Dublin"
    ),
    (
        "booking_availability",
        "Of a link with three seats in a slot, one of them taken at nine",
    ): _seats_left,
    ("booking_availability", "Nothing open on these days"): _availability(
        "link=osprey-intro&from=2026-11-20&to=2026-11-21&tz=Europe/Dublin"
    ),
    ("booking_availability", "A zone there is not"): _availability(
        "link=osprey-intro&tz=Europe/Dublon"
    ),
    ("booking_availability", "No such link"): _availability("link=osprey-outro"),
    ("booking_book", "Booked"): _book,
    ("booking_book", "A length the link does not offer"): _book_too_long,
    ("booking_book", "Somebody was faster"): _book_taken,
    ("booking_book", "The address has to be proved"): _book_unproven,
    ("booking_meetings", "A page"): _page,
    ("booking_meetings", "The last page"): _last_page,
    ("booking_meetings", "A cursor of one's own"): _bad_cursor,
    ("booking_meeting", "To staff"): _one,
    ("booking_meeting", "Not there, or not for you"): _none,
    ("booking_cancel", "Cancelled"): _done("booked", "cancel", examples.CANCEL, "With words"),
    ("booking_cancel", "A token without the scope"): _done(
        "booked", "cancel", examples.CANCEL, "With words", scopes=["booking:read"]
    ),
    ("booking_cancel", "Too late"): _done(
        "booked", "cancel", examples.CANCEL, "With words", later=_LATER
    ),
    ("booking_move", "Moved"): _done("booked", "move", examples.MOVE, "An hour later"),
    ("booking_move", "Somebody is there"): _done(
        "booked", "move", examples.MOVE, "An hour later", after=[_take_ten]
    ),
    ("booking_move", "Somebody changed it since"): _done(
        "booked", "move", examples.MOVE, "As it was seen, or not at all", after=[_move_to_half_past]
    ),
    ("booking_guests", "Changed"): _done("booked", "guests", examples.GUESTS, "Dana for Kim"),
    ("booking_guests", "No address"): _invited_nobody,
    ("booking_guests", "Too late"): _done(
        "booked", "guests", examples.GUESTS, "Dana for Kim", later=_LATER
    ),
    ("booking_approve", "Confirmed"): _done("requested", "approve", examples.APPROVE, "Yes"),
    ("booking_approve", "The booker asks"): _done(
        "requested", "approve", examples.APPROVE, "Yes", by_booker=True
    ),
    ("booking_decline", "Declined"): _done("requested", "decline", examples.DECLINE, "No"),
    ("booking_decline", "The booker asks"): _done(
        "requested", "decline", examples.DECLINE, "No", by_booker=True
    ),
    ("booking_no_show", "Marked"): _done(
        "booked", "no-show", examples.NO_SHOW, "They stayed away", later=_LATER
    ),
    ("booking_no_show", "The booker asks"): _done(
        "booked", "no-show", examples.NO_SHOW, "They stayed away", later=_LATER, by_booker=True
    ),
    ("booking_reassign", "Handed over"): _done(
        "booked", "reassign", examples.REASSIGN, "To another client"
    ),
    ("booking_reassign", "The booker asks"): _done(
        "booked", "reassign", examples.REASSIGN, "To another client", by_booker=True
    ),
    ("booking_links", "A client's link"): lambda world: world.staff.get(f"{API}/links"),
    ("booking_link", "A client's link"): lambda world: world.staff.get(
        f"{API}/links/{world.link.pk}"
    ),
    ("booking_link", "Not there, or not for you"): _no_link,
    ("booking_calendar_event", "No calendar to write to"): _done(
        "booked", "/calendar-events", examples.CALENDAR_EVENTS, OF_A_CLIENT
    ),
    ("booking_calendar_event", "Another worker has it"): _done(
        "booked", "/calendar-events", examples.CALENDAR_EVENTS, OF_A_CLIENT, after=[_take_leases]
    ),
    ("booking_calendar_event", "It waits for approval"): _done(
        "requested", "/calendar-events", examples.CALENDAR_EVENTS, OF_A_CLIENT
    ),
    ("booking_notification", "Sent"): _done(
        "booked", "/notifications", examples.NOTIFICATIONS, OF_A_CLIENT, after=[_run_event]
    ),
    ("booking_notification", "Waiting for the event"): _done(
        "booked", "/notifications", examples.NOTIFICATIONS, OF_A_CLIENT
    ),
}
WITH_CALENDAR = ("booking_calendar_event", "It stands in the calendar")
ANSWERS = [
    (operation, one)
    for operation, drawn in DRAWN_FROM.items()
    for one in drawn
    if one.response_only and (operation, one.name) != WITH_CALENDAR
]
# Requests that no scenario above sends: how they are sent, and what has to come back.
SENT = {
    ("booking_book", "With the code that was mailed"): (_book_proven, 201),
    ("booking_no_show", "They came after all"): (
        _done(
            "booked", "no-show", examples.NO_SHOW, "They came after all", later=_LATER,
            after=[_mark],
        ),
        200,
    ),
}  # fmt: skip

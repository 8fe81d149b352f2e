"""Somebody who left traces everywhere, and a way to look for them in every table."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection as database

from booking.booker import Booker
from booking.enums import Party
from booking.models import EmailCheck, Erasure
from booking.services import erasing
from booking.services.changes import Doer, cancel_meeting
from booking.services.people import add_note
from tests.booking.conftest import HALF_HOUR, NINE, book, deliver_all

ZOE = Booker(
    name="Zoë Quixotte",
    email="zoe@quixotte.example",
    timezone="America/New_York",
    phone="+353 1 777 0177",
)
BEN = Booker(name="Ben Other", email="ben@tallship.example", timezone="UTC")
# Each of them would betray her.
TRACES = ("quixotte", "zoë", "zo\\u00eb", "7770177", "777 0177", "xylophone", "zanzibar")


def dump():
    """Every value of every table, in small letters."""
    said = []
    with database.cursor() as cursor:
        for table in database.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            said += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(said).lower()


def found_in(text):
    return [trace for trace in TRACES if trace in text.lower()]


def person_of(meeting):
    return getattr(meeting, "contact", None) or meeting.prospect


def erase(person, by, *, tells=False):
    return erasing.erase_person(person=person, by=by, tells_booker=tells)


@pytest.fixture
def zoe(link, clock, alice):
    """She was met, is to be met, asked by others, noted on, and changed her meetings herself."""
    past = book(link, booker=ZOE, message="Bring the xylophone", answers={})
    cancel_meeting(
        meeting=book(link, start=NINE + HALF_HOUR, booker=ZOE, message="xylophone"),
        doer=Doer(Party.BOOKER, erasing._doer(Erasure(by_name="Z")).actor, ZOE.name),
        now=NINE - timedelta(days=1),
        message="Gone to Zanzibar",
    )
    clock.shift(timedelta(days=2))
    person = person_of(book(link, start=NINE + timedelta(days=5), booker=ZOE))
    book(
        link,
        start=NINE + timedelta(days=6),
        booker=BEN,
        guests=[
            {"name": ZOE.name, "email": ZOE.email.upper()},
            {"name": "C", "email": "c@x.example"},
        ],
    )
    deliver_all()
    EmailCheck.objects.create(
        workspace=link.workspace, link=link, submit_key="k", email=ZOE.email, expires_at=NINE
    )
    add_note(person=person, text="Zoë likes the xylophone", author=alice)
    assert person_of(past) == person
    assert found_in(dump()) != []
    return person

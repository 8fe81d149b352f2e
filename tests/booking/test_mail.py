"""The two mails read in full, and what hostile names can do to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from icalendar import Calendar as ICalendar

from booking import wording
from booking.addresses import manage_url
from booking.enums import TextKind
from booking.models import Meeting
from booking.owners import owner_of_meeting
from booking.services import letters
from booking.services.calendar_files import calendar_file
from booking.services.mail import confirmation
from booking.services.mail_examples import example
from booking.services.mail_texts import Words
from conferencing.enums import LinkKind
from tests.booking.conftest import ANN, HALF_HOUR, NINE, NOW, book, deliver_all, make_link

pytestmark = pytest.mark.django_db

CONFIRMATION = """\
Hello Ann Other, you are booked.

Thursday 19 November 2026, 03:00 - 03:30
New York (EST, UTC-5). 09:00 for Northgate in Berlin.

What: Intro call with Northgate, 30 minutes
Where: 12 Mill Lane
Answer: Met before? "No"
You wrote: "The plans
and the budget"

The attached file adds it to your calendar. Something came up? Answer this mail.

Move or cancel: nothing happens until you confirm there.
{manage}

Sent for Northgate by Meridian to ann@tallship.example because this address booked on \
Wednesday 18 November at 04:00, New York.
"""
NOTICE = """\
Ann Other booked Intro call.

Thursday 19 November 2026, 09:00 - 09:30
Berlin (CET, UTC+1). 03:00 for Ann Other in New York.

Who: Ann Other, ann@tallship.example
What: Intro call, 30 minutes
Where: 12 Mill Lane
Answer: Met before? "No"
They wrote: "The plans
and the budget"

No calendar is connected, so the attached file adds it to yours. Answer this mail to write to \
Ann Other.

Sent by Meridian to desk@northgate.example, the address that hears of bookings with Northgate.
"""


def plain(text):
    for fancy, simple in (("\N{EN DASH}", "-"), ("\N{MINUS SIGN}", "-"), ("“", '"'), ("”", '"')):
        text = text.replace(fancy, simple)
    return text


def parsed(message):
    return message_from_bytes(message.message().as_bytes(), policy=policy.default)


class Text(HTMLParser):
    """The words of a page."""

    def __init__(self, html):
        super().__init__()
        self.words, self.tags = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words += data.split()


@pytest.fixture
def sent(client_owner, clock):
    questions = [{"key": "before", "label": "Met before?", "kind": "text"}]
    link = make_link(client_owner, location="12 Mill Lane", questions=questions)
    book(link, message="The plans\nand the budget", answers={"before": "No"})
    deliver_all()
    return mail.outbox


def test_both_mails_read_complete_in_plain_text(sent):
    confirmation = CONFIRMATION.format(manage=manage_url(Meeting.objects.get()))
    assert [plain(message.body) for message in sent] == [confirmation, NOTICE]


def test_html_says_the_same(sent):
    for message in sent:
        ((html, kind),) = message.alternatives
        assert kind == "text/html"
        page = Text(html)
        page.words += [has["href"] for tag, has in page.tags if tag == "a"]
        for word in message.body.replace(":", "").split():
            if word not in {"Who", "What", "Where", "wrote", "Answer"}:
                assert word.strip(",") in " ".join(page.words).replace(":", "")
        for tag, has in page.tags:
            assert tag not in {"script", "img", "link", "iframe"}
            assert not has.get("href", "").startswith("javascript:")


def test_headers_name_who_writes_and_who_reads(sent):
    to_booker, to_owner = (parsed(message) for message in sent)
    assert to_booker["Subject"] == "Thu 19 Nov, 03:00 New York: Intro call with Northgate"
    assert to_booker["From"] == "Northgate via Meridian <bookings@meridian.example>"
    assert (to_booker["To"], to_booker["Reply-To"]) == (
        "ann@tallship.example",
        "desk@northgate.example",
    )
    assert to_owner["Subject"] == "Ann Other booked Intro call: Thu 19 Nov, 09:00 Berlin"
    assert (to_owner["To"], to_owner["Reply-To"]) == (
        "desk@northgate.example",
        "ann@tallship.example",
    )
    assert to_booker["Message-ID"] != to_owner["Message-ID"]
    assert to_booker["Auto-Submitted"] == "auto-generated"


def test_an_encoded_word_in_a_name_is_read_as_it_was_typed(client_owner, clock):
    """RFC 2047: it could stand for signs that are refused in names, such as a turned direction."""
    client_owner.client.name = "=?utf-8?q?=E2=80=AE?="
    client_owner.client.save()
    book(make_link(client_owner), booker=replace(ANN, name="=?utf-8?q?Evil_=E2=80=AE?="))
    deliver_all()
    for message in mail.outbox:
        read = parsed(message)
        said = f"{read['Subject']} {read['From']}"
        assert "= ?utf-8?q?" in said
        assert "\u202e" not in said


def test_the_calendar_files_are_each_readers_own(sent):
    files = []
    for message in sent:
        parts = parsed(message).walk()
        (part,) = [one for one in parts if one.get_content_type() == "text/calendar"]
        assert (part.get_content_type(), part.get_param("method")) == ("text/calendar", "REQUEST")
        calendar = ICalendar.from_ical(part.get_payload(decode=True))
        assert str(calendar["METHOD"]) == part.get_param("method")
        files += calendar.walk("VEVENT")
    booker, owner = files
    assert (booker["DTSTART"].dt, booker["DTEND"].dt) == (NINE, NINE + timedelta(minutes=30))
    assert str(booker["ORGANIZER"]) == "mailto:desk@northgate.example"
    assert str(booker["ATTENDEE"]) == "mailto:ann@tallship.example"
    assert str(booker["SUMMARY"]) == "Intro call with Northgate"
    assert str(owner["UID"]) == str(booker["UID"])
    assert str(owner["ATTENDEE"]) == "mailto:desk@northgate.example"
    assert str(owner["SUMMARY"]) == "Intro call: Ann Other"
    assert "Ann Other, ann@tallship.example" in str(owner["DESCRIPTION"])


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        'Ann" <evil@example.com>, "x',
        "Ann, Bob; Carl: \\n DTSTART:19990101",
        "عائشة",
        "\N{PILE OF POO} Ann",
        "O'Neil & Søn",
        "{{ settings.SECRET_KEY }}",
    ],
)
def test_hostile_names_stay_names(owner, clock, name):
    if owner.kind == "user":
        owner.user.name = name
        owner.user.save()
    else:
        owner.client.name = name
        owner.client.save()
    link = make_link(owner, title=name[:60])
    book(link, booker=replace(ANN, name=name), message=name)
    deliver_all()
    assert [message.to for message in mail.outbox] == [
        ["ann@tallship.example"],
        [owner.notice_email],
    ]
    for message in mail.outbox:
        read = parsed(message)
        assert read["Subject"].count("\n") == 0
        assert len(read["From"].addresses) == 1
        assert read["From"].addresses[0].addr_spec == "bookings@meridian.example"
        assert [address.addr_spec for address in read["To"].addresses] == message.to
        assert "<script" not in message.alternatives[0][0]
        assert name in message.body
        for part in read.walk():
            if part.get_content_type() == "text/calendar":
                (event,) = ICalendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
                assert event["DTSTART"].dt == NINE


def test_the_same_mail_made_anew_is_the_same(link, owner, clock):
    meeting, now = book(link), datetime.now(UTC)
    first, again, later = (
        confirmation(meeting, owner, now=now + timedelta(seconds=late)).digest()
        for late in (0, 0, 1)
    )
    assert first == again != later


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("Europe/Dublin", datetime(2026, 11, 26, tzinfo=UTC), "Dublin (GMT)"),
        ("Europe/Dublin", datetime(2026, 7, 26, tzinfo=UTC), "Dublin (IST, UTC+1)"),
        ("America/New_York", datetime(2026, 11, 1, 5, 59, tzinfo=UTC), "New York (EDT, UTC-4)"),
        ("America/New_York", datetime(2026, 11, 1, 6, 0, tzinfo=UTC), "New York (EST, UTC-5)"),
        ("Asia/Kathmandu", datetime(2026, 11, 1, tzinfo=UTC), "Kathmandu (UTC+5:45)"),
        ("UTC", datetime(2026, 11, 1, tzinfo=UTC), "UTC"),
        ("America/St_Johns", datetime(2026, 12, 1, tzinfo=UTC), "St Johns (NST, UTC-3:30)"),
    ],
)
def test_a_zone_is_named_as_its_clock_reads_then(zone, at, words):
    assert plain(wording.zone_words(ZoneInfo(zone), at)) == words


@pytest.mark.parametrize(
    ("zone", "start", "words"),
    [
        # A half hour that would read 01:45 to 01:15.
        ("America/New_York", datetime(2026, 11, 1, 5, 45, tzinfo=UTC), "01:45 EDT - 01:15 EST"),
        ("Europe/London", datetime(2027, 3, 28, 0, 45, tzinfo=UTC), "00:45 GMT - 02:15 BST"),
        ("America/Asuncion", datetime(2024, 3, 24, 2, 45, tzinfo=UTC), "23:45 UTC-3 - 23:15 UTC-4"),
        ("America/New_York", datetime(2026, 11, 1, 6, 0, tzinfo=UTC), "01:00 - 01:30"),
        ("Europe/London", datetime(2026, 7, 1, 8, 0, tzinfo=UTC), "09:00 - 09:30"),
    ],
)
def test_a_time_over_a_change_of_the_clock_names_the_clock_at_both_ends(zone, start, words):
    told = wording.clock_range(start, start + HALF_HOUR, ZoneInfo(zone))
    assert plain(told) == words


def test_a_meeting_on_another_day_elsewhere_says_so():
    start = datetime(2026, 11, 26, 22, tzinfo=UTC)
    told = wording.elsewhere(start, ZoneInfo("UTC"), "Amara", ZoneInfo("Asia/Tokyo"))
    assert told == "07:00 on Friday 27 November for Amara in Tokyo."


def test_what_is_no_web_address_is_no_link_in_mails_and_files(link, clock):
    meeting = book(link)
    meeting.conference_url = "javascript:alert(1)"
    assert letters.where_facts(meeting, LinkKind.BOOKER) == [("Where", "javascript:alert(1)", "")]
    assert letters.way_in(meeting, LinkKind.BOOKER)["action_url"] == ""
    file = calendar_file(meeting, owner_of_meeting(meeting), now=NOW).decode()
    assert "URL" not in file
    assert "CONFERENCE" not in file


@pytest.mark.parametrize(
    ("language", "day", "words"),
    [
        ("de", "Do, 19. Nov, 03:00", "Sie schrieben: „Bis bald“"),
        ("fr", "jeu 19 nov, 03:00", "Vous avez écrit\u00a0: «\u00a0Bis bald\u00a0»"),
        ("es", "jue 19 nov, 03:00", "Usted escribió: «Bis bald»"),
    ],
)
def test_signs_and_short_days_are_those_of_the_language(client_owner, clock, language, day, words):
    """French sets a blank before a colon; French and Spanish write months small."""
    book(make_link(client_owner), booker=replace(ANN, language=language), message="Bis bald")
    deliver_all()
    confirmation = next(one for one in mail.outbox if one.to == [ANN.email])
    assert day in confirmation.subject
    assert words in confirmation.body


def test_french_subjects_have_the_blank_before_a_colon_that_their_texts_have(client_link):
    book(client_link, booker=replace(ANN, language="fr"))
    deliver_all()
    confirmation = next(one for one in mail.outbox if one.to == [ANN.email])
    assert confirmation.subject == "jeu 19 nov, 03:00 New York\u00a0: Intro call avec Northgate"
    assert parsed(confirmation)["Subject"].strip() == confirmation.subject


@pytest.mark.parametrize("kind", TextKind)
def test_no_french_subject_parts_a_colon_from_its_word(user_owner, clock, kind):
    letter = example(kind, user_owner, Words(), language="fr", now=NOW)
    assert "\u00a0: " in letter.subject
    assert " :" not in letter.subject


def test_a_header_is_one_line_without_doubled_blanks():
    typed = " Plan\u00a0: a \t b\r\nBcc: x\u2003y "
    assert letters.header(typed) == "Plan\u00a0: a b Bcc: x y"

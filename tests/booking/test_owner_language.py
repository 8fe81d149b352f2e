"""What is mailed to a client's contact is in the client's language; members read English."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import product
from smtplib import SMTPRecipientsRefused

import pytest
from django.core import mail
from django.db import transaction
from icalendar import Calendar as ICalendar

from booking.enums import (
    Answer,
    ChangeKind,
    Clash,
    EventPresence,
    MeetingState,
    Party,
)
from booking.models import MeetingAnswer, MeetingChange, OutsideInvitation
from booking.services import ahead_mail, answer_mail, invited_steps
from booking.services.change_mail import behind_mail, change_mail
from booking.services.clash_mail import clash_mail
from booking.services.mail import notice
from booking.services.readers import Known, Reader, Role
from booking.services.statements import FileKind, Said, Statement
from booking.services.undelivered_mail import undelivered_mail
from calendars.services.notices import tell_reconnect_needed
from common import outbox
from common.enums import MAIL_TROUBLE
from common.mail_trouble import of_smtp
from common.models import OutboxMessage, SentMail
from tests.booking.conftest import ANN, BERLIN, NINE, NOW, book, deliver_all, make_link
from tests.factories import make_connection

pytestmark = pytest.mark.django_db
CODES = ("de", "fr", "es")
# Words of ours that are English and nothing else; none of them stands in what people typed here.
ENGLISH = re.compile(
    r"\b(the|The|you|You|your|Your|was|were|will|booked|Sent|Who|What|Where|Before|Phone|Guests|"
    r"wrote|asks|declined|moved|with|Answer|meeting|mail to|Reminder|day|about|because|in "
    r"time)\b"
)
FRENCH_NOTICE = """\
Ann Other a réservé Intro call.

jeudi 19 novembre 2026, 09:00 \N{EN DASH} 09:30
Berlin (CET, UTC+1). 03:00 pour Ann Other à New York.

Qui : Ann Other, ann@tallship.example
Quoi : Intro call, 30 minutes
Où : 12 Mill Lane
Son message : « Bonjour »

Aucun agenda n'est connecté : le fichier joint l'ajoute au vôtre. Répondez à cet e-mail pour \
écrire à Ann Other.

Envoyé par Meridian à desk@northgate.example, l'adresse informée des réservations auprès de \
Northgate.
"""


def speak(owner, code):
    owner.client.language = code
    owner.client.save()


def to_desk(owner):
    return [one for one in mail.outbox if one.to == [owner.notice_email]]


def plain(text):
    return text.replace("\u00a0", " ").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def words_of(letter):
    html, _kind = letter.alternatives[0]
    return letter.subject, letter.body, html


def test_a_notice_is_whole_in_the_language_of_the_client(client_owner, clock):
    speak(client_owner, "fr")
    book(make_link(client_owner, location="12 Mill Lane"), message="Bonjour")
    deliver_all()
    (letter,) = to_desk(client_owner)
    assert plain(letter.subject) == "Ann Other a réservé Intro call : jeu 19 nov, 09:00 Berlin"
    assert plain(letter.body).strip() == FRENCH_NOTICE.strip()
    _subject, _body, html = words_of(letter)
    assert '<html lang="fr">' in html
    assert "jeudi 19 novembre 2026, 09:00" in html
    (file,) = [one for one in letter.attachments if "calendar" in one.get_content_type()]
    event = ICalendar.from_ical(file.get_payload(decode=True)).walk("VEVENT")[0]
    assert "Qui\u00a0: Ann Other" in event["DESCRIPTION"]
    (booker,) = [one for one in mail.outbox if one.to == [ANN.email]]
    assert "you are booked" in booker.body


def test_a_members_notice_is_english_whatever_the_booker_speaks(user_owner, clock):
    book(make_link(user_owner), booker=type(ANN)(ANN.name, ANN.email, ANN.timezone, language="de"))
    deliver_all()
    (letter,) = to_desk(user_owner)
    assert "Ann Other booked Intro call." in letter.body
    assert '<html lang="en-gb">' in words_of(letter)[2]


@pytest.fixture(params=CODES)
def speaking_owner(request, client_owner, clock):
    speak(client_owner, request.param)
    return client_owner


@pytest.fixture
def meeting(speaking_owner):
    with transaction.atomic():
        found = book(make_link(speaking_owner), message="Bonjour")
    found.booker_phone = "+353 1 555 0100"
    found.guests = [{"name": "Cy Tall", "email": "cy@tallship.example"}]
    found.answers = [{"label": "Plan?", "answer": "Non"}]
    return found


def host(meeting, owner, role=Role.OWNER):
    was = NINE - timedelta(days=1)
    known = Known(0, MeetingState.CONFIRMED, was, was + timedelta(minutes=30))
    return Reader("owner:1", role, owner.notice_email, owner.name, owner.zone, owner, known)


def check(letter, owner):
    code = owner.client.language
    subject, body, html = words_of(letter)
    visible = re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)
    for text in (subject, re.sub(r"https?://\S+", " ", body), visible):
        assert ENGLISH.search(text) is None, text
    assert f'<html lang="{code}">' in html


TOLD = [one for one in Said if one not in {Said.OTHER_HOST, Said.REMOVED, Said.INVITED, Said.LINK}]
STATES = [MeetingState.CONFIRMED, MeetingState.REQUESTED, MeetingState.CANCELLED]


@pytest.mark.parametrize("by", [Party.OWNER, Party.BOOKER])
def test_changes_are_in_the_language_of_the_client(meeting, speaking_owner, by):
    changes = tuple(
        MeetingChange(kind=kind, by=by, name="Bea Tall", sequence=1, message="Salut")
        for kind in (ChangeKind.MOVED, ChangeKind.GUESTS)
    )
    for said, meeting.state in product(TOLD, STATES):
        told = Statement(said, FileKind.NONE, changes)
        reader = host(meeting, speaking_owner, Role.FORMER if said is Said.TAKEN else Role.OWNER)
        check(change_mail(meeting, reader, told, now=NOW), speaking_owner)


def test_notices_are_in_the_language_of_the_client(meeting, speaking_owner):
    for meeting.state, event, is_lost in product(STATES[:2], EventPresence, (False, True)):
        found = notice(meeting, speaking_owner, event=event, now=NOW, lost_link=is_lost)
        check(found, speaking_owner)


def test_a_reason_that_was_noted_in_english_is_a_quotation(meeting, speaking_owner):
    meeting.conference_note = "Zoom did not answer."
    found = notice(meeting, speaking_owner, event=EventPresence.THERE, now=NOW)
    assert re.search("[„«]\u00a0?Zoom did not answer.\u00a0?[“»]", found.body)
    behind = behind_mail(meeting, speaking_owner, "Google refused.")
    assert re.search("[„«]\u00a0?Google refused.\u00a0?[“»]", behind.body)


def test_a_calendar_behind_is_told_in_the_language_of_the_client(meeting, speaking_owner):
    events = (None, meeting.pk)
    for meeting.state, meeting.calendar_event_id, is_late in product(STATES, events, (False, True)):
        check(behind_mail(meeting, speaking_owner, "", is_late=is_late), speaking_owner)


def test_a_clash_is_told_in_the_language_of_the_client(meeting, speaking_owner):
    for meeting.clash in (one for one in Clash if one):
        check(clash_mail(meeting, speaking_owner), speaking_owner)


def test_an_undelivered_mail_is_told_in_the_language_of_the_client(meeting, speaking_owner):
    why = of_smtp(SMTPRecipientsRefused({ANN.email: (550, b"5.1.1 gone")})).message
    assert why == "The mail server refused this address: there is no such mailbox (550 5.1.1)."
    for kind, state in product(("booking.confirmation", "booking.other"), MAIL_TROUBLE):
        sent = SentMail(kind=kind, recipient=ANN.email, state=state, detail=why)
        found = undelivered_mail(meeting, speaking_owner, sent)
        check(found, speaking_owner)
        assert "(550 5.1.1)." in found.body


def test_a_decline_and_a_reminder_are_in_the_language_of_the_client(meeting, speaking_owner):
    said_no = MeetingAnswer(answer=Answer.DECLINED, comment="Non")
    check(answer_mail.declined_mail(meeting, speaking_owner, said_no), speaking_owner)
    check(ahead_mail.reminder(meeting, host(meeting, speaking_owner)), speaking_owner)


@pytest.fixture
def invitation(speaking_owner):
    return OutsideInvitation(
        workspace=speaking_owner.workspace,
        client_id=speaking_owner.id,
        uid="x@harbour.example",
        organizer="olga@harbour.example",
        organizer_name="Olga",
        guest="desk@northgate.example",
        sequence=0,
        location="Mill Lane",
        start_at=NINE,
        end_at=NINE + timedelta(hours=1),
        timezone=BERLIN.key,
    )


def test_invitations_from_outside_are_told_in_the_language_of_the_client(
    invitation, speaking_owner
):
    for what, invitation.answer_count in product(("new", "changed", "off"), (0, 1)):
        check(answer_mail.invitation_mail(invitation, speaking_owner, what), speaking_owner)


def test_an_answer_to_an_organiser_is_in_the_language_of_the_client(invitation, speaking_owner):
    for invitation.state in ("accepted", "tentative", "declined"):
        check(invited_steps._answer_letter(invitation, speaking_owner, NOW), speaking_owner)


def test_an_account_to_connect_again_is_told_in_the_language_of_the_client(speaking_owner):
    connection = make_connection(speaking_owner, state="reconnect_needed", email="a@x.example")
    outbox.enqueue(
        kind="calendars.reconnect_needed",
        payload={"connection_id": str(connection.pk)},
        dedupe_key="again",
        workspace_id=speaking_owner.workspace.pk,
    )
    tell_reconnect_needed(OutboxMessage.objects.get())
    (letter,) = mail.outbox
    check(letter, speaking_owner)

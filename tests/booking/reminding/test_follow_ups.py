"""Follow-ups: after the end, to the booker, and to nobody who was not there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from booking.services import changes
from booking.services.links import save_link
from tests.booking.conftest import ANN, deliver_all, make_link
from tests.booking.reminding.conftest import CY, DAY, HOUR, booked, data_of, decline, now, to_whom
from tests.booking.test_changes import GUEST, STAFF

pytestmark = pytest.mark.django_db


def thanks(owner, **more):
    text = "Thank you, {{ name }}.\nNotes of {{ title }}: https://finch.example/notes."
    more = {"follow_up_text": text, "follow_up_minutes": 120, **more}
    return make_link(owner, reminders=[], **more)


def test_a_follow_up_is_sent_to_the_booker_after_the_end(owner, clock, post):
    meeting = booked(thanks(owner), guests=[CY])
    after = meeting.end_at + 2 * HOUR
    assert post(after - timedelta(seconds=1)) == []
    (letter,) = post(after)
    assert letter.to == [ANN.email]
    assert "Thank you, Ann Other.\nNotes of Intro call: https://finch.example/notes." in letter.body
    ((html, _kind),) = letter.alternatives
    assert '<a href="https://finch.example/notes" ' in html
    assert post(after + DAY) == []


def test_a_follow_up_escapes_what_a_booker_typed(client_owner, clock, post):
    meeting = booked(thanks(client_owner), booker=replace(ANN, name="Ann <b>Other</b>"))
    (letter,) = post(meeting.end_at + 2 * HOUR)
    ((html, _kind),) = letter.alternatives
    assert "Thank you, Ann &lt;b&gt;Other&lt;/b&gt;." in html
    assert "Thank you, Ann <b>Other</b>." in letter.body


def test_a_booker_who_declined_gets_no_follow_up(client_owner, clock, post):
    meeting = booked(thanks(client_owner))
    decline(meeting, ANN.email)
    assert post(meeting.end_at + 2 * HOUR) == []


def test_no_follow_up_after_a_no_show_until_that_is_taken_back(client_owner, clock, post):
    meeting = booked(thanks(client_owner))
    clock.move_to(meeting.end_at)
    changes.mark_no_show(meeting=meeting, doer=STAFF, now=now())
    assert post(meeting.end_at + 2 * HOUR) == []
    meeting.refresh_from_db()
    changes.mark_no_show(meeting=meeting, doer=STAFF, now=now(), is_no_show=False)
    assert to_whom(post(meeting.end_at + 3 * HOUR)) == [ANN.email]


def test_a_cancelled_meeting_has_no_follow_up(client_owner, clock, post):
    meeting = booked(thanks(client_owner))
    changes.cancel_meeting(meeting=meeting, doer=GUEST, now=now())
    deliver_all()
    assert post(meeting.end_at + 2 * HOUR) == []


def test_a_follow_up_switched_on_later_is_not_sent_to_everybody_before(client_owner, clock, post):
    link = make_link(client_owner, reminders=[])
    meeting = booked(link)
    clock.move_to(meeting.end_at + DAY)
    data = data_of(link, follow_up_text="Thank you.", follow_up_minutes=60)
    save_link(owner=client_owner, link=link, data=data)
    assert post(meeting.end_at + DAY + HOUR) == []


def test_a_follow_up_that_is_days_late_is_not_sent(client_owner, clock, post, mail_is_down):
    meeting = booked(thanks(client_owner))
    mail_is_down(ANN.email)
    assert post(meeting.end_at + 2 * HOUR) == []
    mail_is_down()
    assert post(meeting.end_at + 4 * DAY) == []

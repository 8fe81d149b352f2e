"""To which meeting a mail speaks: its address decides, and what the server was told of it."""

from __future__ import annotations

import pytest

from booking import inbound
from booking.enums import MailReason
from booking.models import IncomingMail, MeetingAnswer
from booking.services.incoming import take_in
from booking.services.mail_log import Fate
from common.errors import InvalidInput
from tests.booking.conftest import NOW, make_link
from tests.booking.mails import mail, part
from tests.booking.replies.conftest import HERE, answering, answers, booked, sent
from tests.booking.test_changes import TEN

pytestmark = pytest.mark.django_db


def test_another_meetings_uid_at_this_address_touches_neither(client_link):
    mine = booked(client_link)
    theirs = booked(client_link, start=TEN)
    assert sent(mine, answering(theirs)) is Fate.REVIEW
    assert MeetingAnswer.objects.count() == 0
    assert IncomingMail.objects.get().meeting_id == mine.pk


def test_this_meetings_uid_at_another_workspaces_address_stays_there(
    client_link, other_workspace, charlie
):
    from workspaces.owners import owner_of_user

    mine = booked(client_link)
    theirs = booked(make_link(owner_of_user(charlie, other_workspace), slug="theirs"))
    assert sent(theirs, answering(mine)) is Fate.REVIEW
    assert MeetingAnswer.objects.count() == 0
    assert IncomingMail.objects.get().workspace_id == other_workspace.pk


def test_an_address_that_was_never_given_out_is_for_the_operators(client_link):
    meeting = booked(client_link)
    forged = inbound.reply_address(meeting.pk).replace("reply+", "reply+a")[:-1]
    for number, to in enumerate(
        [f"reply+{'a' * 52}@{HERE}", f"hello@{HERE}", "x@else.example", forged]
    ):
        assert sent(meeting, answering(meeting), to=to, message_id=str(number)) is Fate.NOBODY
    assert set(IncomingMail.objects.values_list("workspace", "reason")) == {
        (None, MailReason.UNKNOWN_ADDRESS)
    }
    assert answers(meeting) == {}


def test_what_the_server_was_told_outranks_the_headers(client_link):
    mine, other = booked(client_link), booked(client_link, start=TEN)
    raw = mail(part(answering(mine)), to=inbound.reply_address(other.pk))
    assert take_in(raw=raw, recipients=[inbound.reply_address(mine.pk)], now=NOW) == [Fate.DONE]


def test_a_blind_copy_is_known_by_the_server_alone(client_link):
    meeting = booked(client_link)
    raw = mail(part(answering(meeting)), to="undisclosed-recipients:;")
    assert take_in(raw=raw, recipients=[inbound.reply_address(meeting.pk)], now=NOW) == [Fate.DONE]


def test_a_mail_to_two_of_our_addresses_is_judged_at_each(client_link):
    mine, other = booked(client_link), booked(client_link, start=TEN)
    to = ", ".join(inbound.reply_address(one.pk) for one in (mine, other))
    assert take_in(raw=mail(part(answering(mine)), to=to), now=NOW) == [Fate.DONE, Fate.REVIEW]


def test_an_erased_bookers_meeting_has_no_address(client_link):
    meeting = booked(client_link)
    meeting.erased_at = NOW
    meeting.save()
    assert sent(meeting, answering(meeting)) is Fate.NOBODY
    assert answers(meeting) == {}


def test_where_no_mail_comes_in_none_is_taken(client_link, settings):
    meeting = booked(client_link)
    raw = mail(part(answering(meeting)), to=inbound.reply_address(meeting.pk))
    settings.INBOUND_DOMAIN = ""
    with pytest.raises(InvalidInput, match="INBOUND_DOMAIN"):
        take_in(raw=raw, now=NOW)

"""A client's answer is about the meeting as the page showed it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking.services import changes
from tests.booking.conftest import NOW, book, make_link
from tests.booking.test_changes import GUEST, TEN
from tests.booking.test_manage import fresh

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verb", ["approve", "decline", "cancel"])
def test_client_answers_what_the_page_showed(visitor, client_owner, clock, verb):
    meeting = book(make_link(client_owner, requires_approval=verb != "cancel"))
    url = reverse(f"portal:meeting_{verb}", args=[meeting.pk])
    state = fresh(meeting).state
    sequence = visitor.get(url).context["sequence"]
    changes.move_meeting(meeting=meeting, start=TEN, doer=GUEST, now=NOW)
    answer = visitor.post(url, {"sequence": sequence, "message": "Kept words"})
    assert answer.status_code == 409
    assert "This changed meanwhile." in answer.text
    assert "Kept words" in answer.text
    assert fresh(meeting).state == state
    assert answer.context["sequence"] == 1
    assert f'name="sequence" value="{answer.context["sequence"]}"' in answer.text
    assert visitor.post(url, {"sequence": 1}).status_code == 302
    assert fresh(meeting).state != state or verb == "approve"

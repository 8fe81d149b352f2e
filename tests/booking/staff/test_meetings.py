"""The meetings page: whose are shown, in which order, and what was sent of each."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from booking.models import BookingLink, Contact, Meeting, SalesMeeting, SalesProspect
from calendars.models import Hold
from common import outbox
from common.enums import OutboxState
from common.models import OutboxMessage
from tests.factories import make_member, make_user
from workspaces.enums import OwnerKind, Role
from workspaces.owners import owner_of_user

pytestmark = pytest.mark.django_db
PAGE = "/meetings"
HOUR = timedelta(hours=1)


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def make_meeting(owner, name="Dev Patel", *, start=None, **fields):
    start = start or timezone.now() + timedelta(days=1)
    common = {"workspace": owner.workspace, "name": name, "email": f"{uuid.uuid4().hex}@x.example"}
    if owner.kind == OwnerKind.CLIENT:
        model, person = Meeting, {"contact": Contact.objects.create(client_id=owner.id, **common)}
    else:
        model, person = SalesMeeting, {"prospect": SalesProspect.objects.create(**common)}
    link, _ = BookingLink.objects.get_or_create(
        workspace=owner.workspace,
        slug=f"link-{owner.id}"[:60],
        defaults={"title": "Intro call", f"{owner.kind.value}_id": owner.id},
    )
    values = {
        "workspace": owner.workspace,
        "link": link,
        "title": "Intro call",
        "start_at": start,
        "end_at": start + HOUR,
        "booker_name": name,
        "booker_email": common["email"],
        "uid": uuid.uuid4().hex,
        "manage_token_hash": uuid.uuid4().hex,
        "submit_key": uuid.uuid4().hex,
        "hold": Hold.objects.create(
            owner_kind=owner.kind, owner_id=owner.id, workspace=owner.workspace,
            held_from=start, held_until=start + HOUR, source="meeting",
        ),
        f"{owner.kind.value}_id": owner.id,
        **person,
    }  # fmt: skip
    return model.objects.create(**{**values, **fields})


def make_message(meeting, kind="booking.notification", state=OutboxState.PENDING, **fields):
    message = outbox.enqueue(
        kind=kind,
        payload={"meeting_id": str(meeting.pk), "owner_kind": "client", "step": "booked"},
        about_id=meeting.pk,
        dedupe_key=uuid.uuid4().hex,
        workspace_id=meeting.workspace_id,
        due_at=timezone.now() + HOUR,
    )
    OutboxMessage.objects.filter(pk=message.pk).update(state=state, **fields)
    return message


def names(answer):
    return [row.meeting.booker_name for day in answer.context["days"] for row in day.rows]


# --- Whose ---


def test_clients_and_own_meetings_stand_in_one_order(browser, client_owner, user_owner):
    now = timezone.now()
    make_meeting(user_owner, "Second", start=now + timedelta(days=2))
    make_meeting(client_owner, "First", start=now + timedelta(days=1))
    make_meeting(client_owner, "Third", start=now + timedelta(days=3))
    assert names(browser.get(PAGE)) == ["First", "Second", "Third"]


def test_colleagues_own_meetings_are_theirs_alone(browser, sign_in, bob, bob_owner, client_owner):
    bobs = make_meeting(bob_owner, "Bob's guest")
    make_meeting(client_owner, "Client's guest")
    assert names(browser.get(PAGE)) == ["Client's guest"]
    assert names(sign_in(bob).get(PAGE)) == ["Bob's guest", "Client's guest"]
    for name in ("meeting_detail", "meeting_send"):
        method = browser.get if name == "meeting_detail" else browser.post
        assert method(reverse(f"booking:{name}", args=[bobs.pk])).status_code == 404
    assert "Bob's guest" not in browser.get(f"{PAGE}?owner={bob.pk}").text


def test_own_meetings_of_another_workspace_are_not_shown_here(
    browser, alice, other_workspace, user_owner
):
    make_member(other_workspace, alice, role=Role.MEMBER)
    make_meeting(owner_of_user(alice, other_workspace), "Elsewhere")
    assert names(browser.get(PAGE)) == []


def test_auditor_and_stranger_see_no_page(workspace, sign_in):
    auditor = make_user("Auditor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    assert sign_in(auditor).get(PAGE).status_code == 404
    assert sign_in(make_user("Nobody")).get(PAGE).status_code == 404


# --- Which ---


def test_past_ones_have_their_own_tab_latest_first(browser, owner):
    now = timezone.now()
    make_meeting(owner, "Old", start=now - timedelta(days=9))
    make_meeting(owner, "Recent", start=now - timedelta(days=2))
    make_meeting(owner, "Coming")
    assert names(browser.get(PAGE)) == ["Coming"]
    assert names(browser.get(f"{PAGE}?period=past")) == ["Recent", "Old"]


def test_what_needs_somebody_has_a_tab_with_a_count(browser, client_owner, user_owner):
    now = timezone.now()
    make_meeting(client_owner, "Fine", start=now + timedelta(days=1))
    make_meeting(client_owner, "Asked", start=now + timedelta(days=2), state="requested")
    stuck = make_meeting(user_owner, "Stuck", start=now + timedelta(days=3))
    make_message(stuck, state=OutboxState.FAILED, last_error="mailbox unknown")
    answer = browser.get(f"{PAGE}?period=needs")
    assert names(answer) == ["Asked", "Stuck"]
    assert answer.context["needing"] == 2


def test_filters_narrow(browser, client_owner, user_owner, northgate, alice):
    theirs = make_meeting(client_owner, "Dev Patel")
    make_meeting(user_owner, "Hanna Weiss")
    queries = {
        "q=hanna": ["Hanna Weiss"],
        f"owner={northgate.pk}": ["Dev Patel"],
        f"owner={alice.pk}": ["Hanna Weiss"],
        f"link={theirs.link_id}": ["Dev Patel"],
        f"q=hanna&owner={northgate.pk}": [],
    }
    assert {query: names(browser.get(f"{PAGE}?{query}")) for query in queries} == queries


@pytest.mark.parametrize("query", ["owner=x", "link=x", "page=0", "page=x", "page=99999", "page=²"])
def test_address_that_means_nothing_does_not_exist(browser, query):
    assert browser.get(f"{PAGE}?{query}").status_code == 404


def test_pages_follow_each_other_over_both_tables(browser, client_owner, user_owner):
    now = timezone.now()
    wanted = []
    for number in range(52):
        owner = (client_owner, user_owner)[number % 2]
        make_meeting(owner, f"Guest {number}", start=now + timedelta(days=1, hours=2 * number))
        wanted.append(f"Guest {number}")
    first, second = browser.get(PAGE), browser.get(f"{PAGE}?page=2")
    assert names(first) + names(second) == wanted
    assert (first.context["later"], second.context["later"]) == (2, 0)


def test_number_of_queries_does_not_grow_with_meetings(
    browser, client_owner, user_owner, django_assert_max_num_queries
):
    def add(day):
        for owner in (client_owner, user_owner):
            make_message(make_meeting(owner, start=timezone.now() + timedelta(days=day)))

    add(1)
    with django_assert_max_num_queries(30) as few:
        browser.get(PAGE)
    add(2), add(3)
    with django_assert_max_num_queries(len(few)):
        browser.get(PAGE)


# --- What was sent ---


@pytest.mark.parametrize(
    ("state", "sent", "words"),
    [
        (OutboxState.PENDING, None, "Waiting"),
        (OutboxState.FAILED, None, "Not sent"),
        (OutboxState.SENT, datetime(2026, 1, 5, 9, 41, tzinfo=UTC), "Mon 5 Jan, 10:41"),
    ],
)
def test_state_of_the_mail_is_said(browser, owner, state, sent, words):
    make_message(make_meeting(owner, confirmation_sent_at=sent), state=state)
    ((row,),) = [day.rows for day in browser.get(PAGE).context["days"]]
    assert row.mail.words == words


@pytest.mark.parametrize(
    ("event_id", "state", "words"),
    [
        (uuid.uuid4(), OutboxState.SENT, "In the calendar"),
        (None, OutboxState.PENDING, "On its way to the calendar"),
        (None, OutboxState.FAILED, "Not in the calendar"),
        (None, OutboxState.SENT, "No calendar to write to"),
    ],
)
def test_state_of_the_event_is_said(browser, owner, event_id, state, words):
    meeting = make_meeting(owner, calendar_event_id=event_id)
    make_message(meeting, "booking.calendar_event", state)
    page = browser.get(reverse("booking:meeting_detail", args=[meeting.pk]))
    assert page.context["row"].event.words == words


def test_failure_is_told_with_its_reason_and_tried_again(browser, owner):
    meeting = make_meeting(owner)
    failed = make_message(
        meeting, state=OutboxState.FAILED, last_error="mailbox unknown", attempts=6
    )
    waiting = make_message(meeting)
    detail = browser.get(reverse("booking:meeting_detail", args=[meeting.pk]))
    assert "mailbox unknown" in detail.text
    answer = browser.post(reverse("booking:meeting_send", args=[meeting.pk]))
    assert answer.url == PAGE
    failed.refresh_from_db(), waiting.refresh_from_db()
    assert (failed.state, failed.attempts, failed.last_error) == (OutboxState.PENDING, 0, "")
    assert waiting.due_at > timezone.now()


def test_details_show_what_the_guest_wrote_escaped(browser, owner):
    meeting = make_meeting(
        owner,
        message="<b>Hello</b>",
        answers=[{"key": "a", "label": "Topic", "answer": "Rails & tea"}],
        booker_timezone="America/New_York",
        conference="meet",
        conference_state="ready",
        conference_url="javascript:alert(1)",
        receipt={
            "calendars": [{"name": "Board", "as_of": "2026-11-18T14:02:11+00:00", "live": True}],
            "calendars_readable": True,
        },
    )
    page = browser.get(reverse("booking:meeting_detail", args=[meeting.pk])).text
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert "Rails &amp; tea" in page
    assert "javascript:" not in page
    assert "Board, read live at 15:02:11" in page
    assert "where the guest is" in page


def test_times_are_the_viewers_and_the_zone_is_named(browser, alice, owner):
    start = datetime(2031, 7, 1, 22, 30, tzinfo=UTC)
    make_meeting(owner, start=start)
    answer = browser.get(PAGE)
    (day,) = answer.context["days"]
    assert day.title == "Wednesday 2 July 2031"
    assert day.rows[0].when == "00:30 \u2013 01:30"
    assert "Berlin" in answer.text

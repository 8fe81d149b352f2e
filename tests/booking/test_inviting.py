"""Who comes along to a booked meeting: changed by booker, staff and programs, and told to each."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client as Browser
from django.urls import reverse

from audit.actors import task_actor
from booking.booker import Booker
from booking.enums import ChangeKind, MeetingState
from booking.errors import BookerRefused
from booking.guests import MAX_GUESTS
from booking.models import MeetingChange
from booking.services import limits
from booking.services.blocking import block, read_target
from booking.services.changes import change_guests
from booking.services.wiping import meetings_as_guest
from booking.tokens import manage_token
from calendars.models import Event
from calendars.providers.base import EventDraft
from calendars.services.events import update_event
from common.errors import Conflict, InvalidInput
from tests.booking.conftest import ANN, HALF_HOUR, NOW, book, deliver_all, make_link
from tests.booking.pages import read
from tests.booking.test_changes import GUEST, STAFF, TEN
from tests.booking.test_changes_told import approve, move
from tests.booking.test_delivery import parts_of, to
from tests.booking.test_manage import fresh, url_of, words

pytestmark = pytest.mark.django_db

CY = {"name": "Cy Guest", "email": "cy@tallship.example"}
DI = {"name": "Di Guest", "email": "di@tallship.example"}
ED = {"name": "", "email": "ed@tallship.example"}


@pytest.fixture
def browser():
    return Browser(enforce_csrf_checks=True)


@pytest.fixture
def meeting(link):
    """With Cy and Di, and everybody knows."""
    return told(book(link, guests=[CY, DI]))


def told(meeting):
    deliver_all()
    mail.outbox.clear()
    return fresh(meeting)


def change(meeting, doer=GUEST, **more):
    return change_guests(meeting=meeting, doer=doer, now=NOW, **more)


def emails(meeting):
    return [guest["email"] for guest in fresh(meeting).guests]


def recipients():
    return sorted(message.to[0] for message in mail.outbox)


# --- The service, and what everybody is told ---


@pytest.mark.parametrize("doer", [GUEST, STAFF], ids=["booker", "staff"])
def test_each_is_told_their_part(meeting, owner, doer):
    change(meeting, doer=doer, add=[ED], remove=["CY@tallship.example"])
    assert emails(meeting) == [DI["email"], ED["email"]]
    deliver_all()
    assert recipients() == sorted(
        [ANN.email, CY["email"], DI["email"], ED["email"], owner.notice_email]
    )
    new, gone = parts_of(to(ED["email"])[0]), parts_of(to(CY["email"])[0])
    assert (new["method"], gone["method"]) == ("REQUEST", "CANCEL")
    assert new["subject"].startswith("Invitation: ")
    assert "named you as a guest" in new["text/plain"]
    assert gone["subject"].startswith("Not invited any more: ")
    assert "took you off the guests of this meeting" in gone["text/plain"]
    assert "It takes place without you." in gone["text/plain"]
    assert str(gone["ics"]["UID"]) == meeting.uid
    attendee = gone["ics"]["ATTENDEE"]
    assert str(attendee).lower() == f"mailto:{CY['email']}"
    for address in (ANN.email, DI["email"]):
        update = parts_of(to(address)[0])
        assert (update["method"], int(update["ics"]["SEQUENCE"])) == ("REQUEST", 1)
        assert "Guests: Di Guest, ed@tallship.example" in update["text/plain"]
        named = {str(one).lower().removeprefix("mailto:") for one in update["ics"]["ATTENDEE"]}
        assert named == {ANN.email, DI["email"], ED["email"]}
    own = "you changed who comes along" if doer is GUEST else "Alice changed who comes along"
    assert own in parts_of(to(ANN.email)[0])["text/plain"]
    host = parts_of(to(owner.notice_email)[0])["text/plain"]
    assert "changed who comes along to Intro call" in host
    (row,) = MeetingChange.objects.filter(meeting_id=meeting.pk)
    assert (row.kind, row.by, row.sequence) == (ChangeKind.GUESTS, doer.by, 1)
    mail.outbox.clear()
    deliver_all()
    assert mail.outbox == []


def test_who_was_taken_off_learns_no_link_and_hears_no_more(meeting):
    type(meeting).objects.update(conference_url="https://meet.example/secret")
    change(fresh(meeting), remove=[CY["email"]])
    deliver_all()
    letter = parts_of(to(CY["email"])[0])
    assert "meet.example" not in str(to(CY["email"])[0].message())
    assert DI["email"] not in str(letter["ics"].to_ical())
    mail.outbox.clear()
    move(fresh(meeting))
    deliver_all()
    assert CY["email"] not in recipients()
    assert DI["email"] in recipients()


def test_who_is_invited_again_gets_the_invitation_again(meeting):
    change(meeting, remove=[CY["email"]])
    deliver_all()
    mail.outbox.clear()
    change(meeting, add=[CY])
    deliver_all()
    letter = parts_of(to(CY["email"])[0])
    assert (letter["method"], int(letter["ics"]["SEQUENCE"])) == ("REQUEST", 2)
    assert letter["subject"].startswith("Invitation: ")


def test_taken_off_before_the_invitation_went_out_hears_nothing(link):
    meeting = told(book(link))
    change(meeting, add=[CY])
    change(meeting, remove=[CY["email"]])
    deliver_all()
    assert CY["email"] not in recipients()
    assert emails(meeting) == []


def test_guests_of_a_request_wait_for_the_yes(owner, clock):
    meeting = told(book(make_link(owner, requires_approval=True)))
    change(meeting, add=[CY])
    deliver_all()
    assert CY["email"] not in recipients()
    approve(fresh(meeting))
    deliver_all()
    assert parts_of(to(CY["email"])[0])["method"] == "REQUEST"


def test_the_same_change_twice_is_one(meeting):
    for _time in range(2):
        change(meeting, add=[ED, CY], remove=[DI["email"], "nobody@tallship.example"])
    assert emails(meeting) == [CY["email"], ED["email"]]
    assert fresh(meeting).sequence == 1
    change(meeting, add=[{"name": "Ann", "email": ANN.email}])
    assert fresh(meeting).sequence == 1  # the booker is no guest


def test_ten_are_the_most_in_all(meeting):
    many = [{"name": "", "email": f"guest{number}@tallship.example"} for number in range(9)]
    with pytest.raises(InvalidInput) as refused:
        change(meeting, add=many)
    assert refused.value.field == "guests"
    assert len(emails(meeting)) == 2
    change(meeting, add=many, remove=[CY["email"]])
    assert len(emails(meeting)) == MAX_GUESTS


@pytest.mark.parametrize("doer", [GUEST, STAFF], ids=["booker", "staff"])
def test_nobody_joins_a_shared_slot_as_a_guest(owner, clock, doer):
    group = make_link(owner, seats=3)
    meeting = book(group)
    with pytest.raises(InvalidInput, match="a seat of their own"):
        change(meeting, doer=doer, add=[CY])
    assert emails(meeting) == []


def test_where_the_link_takes_no_guests_staff_may_and_the_booker_takes_off_only(owner, clock):
    link = make_link(owner)
    meeting = told(book(link, guests=[CY]))
    link.allows_guests = False
    link.save()
    with pytest.raises(InvalidInput, match="takes no guests"):
        change(fresh(meeting), add=[DI])
    change(fresh(meeting), doer=STAFF, add=[DI])
    change(fresh(meeting), remove=[CY["email"]])
    assert emails(meeting) == [DI["email"]]


@pytest.mark.parametrize("blocked", [ED["email"], "tallship.example", ANN.email])
def test_a_booker_invites_nobody_who_is_blocked(meeting, workspace, blocked):
    block(workspace=workspace, target=read_target(blocked), added_by="Alice", today=NOW.date())
    with pytest.raises(BookerRefused, match="cannot be invited online"):
        change(meeting, add=[ED])
    assert fresh(meeting).sequence == 0
    change(meeting, remove=[CY["email"]])  # taking off goes on
    change(meeting, doer=STAFF, add=[ED])  # whoever blocks may set it aside
    assert emails(meeting) == [DI["email"], ED["email"]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": MeetingState.CANCELLED, "hold": None}, "does not take place"),
        ({"state": MeetingState.DECLINED, "hold": None}, "does not take place"),
        ({"state": MeetingState.NO_SHOW}, "is over"),
        ({"start_at": NOW - 2 * HALF_HOUR, "end_at": NOW}, "is over"),
    ],
)
def test_what_is_over_or_off_keeps_its_guests(meeting, fields, said):
    type(meeting).objects.filter(pk=meeting.pk).update(**fields)
    with pytest.raises(Conflict, match=said):
        change(meeting, add=[ED])
    assert emails(meeting) == [CY["email"], DI["email"]]


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_the_calendar_event_names_the_guests_as_they_are(owner, clock, sandbox, connect, provider):
    connect(owner, provider)
    meeting = told(book(make_link(owner), guests=[CY], message="My <plans>\nand ask bob@x.example"))
    change(meeting, add=[DI], remove=[CY["email"]])
    deliver_all()
    text = Event.objects.get(deleted_at__isnull=True).description
    assert DI["email"] in text
    assert CY["email"] not in text
    assert "bob@x.example" in text


def test_an_event_text_that_its_owner_wrote_stays(owner, clock, sandbox, connect):
    connect(owner, "google")
    meeting = told(book(make_link(owner), guests=[CY]))
    own = "Bring the contract. Cy Guest cy@tallship.example"
    draft = EventDraft(description=own, notify=False)
    update_event(event=Event.objects.get(), draft=draft, actor=task_actor("tests"))
    change(meeting, remove=[CY["email"]])
    deliver_all()
    assert Event.objects.get(deleted_at__isnull=True).description == own


def test_a_guest_who_was_taken_off_can_still_be_erased(meeting, owner):
    change(meeting, remove=[CY["email"]])
    deliver_all()
    other = book(make_link(owner, slug="other"), start=TEN, booker=Booker("Cy", CY["email"], "UTC"))
    person = getattr(other, "contact", None) or other.prospect
    assert [one.pk for one in meetings_as_guest(person, [CY["email"]])] == [meeting.pk]


# --- The booker's page ---


def test_a_booker_invites_and_takes_off_without_scripts(meeting, browser):
    page = browser.get(url_of(meeting))
    assert "Change who comes along" in words(page)
    ask = browser.get(url_of(meeting, "manage_guests"))
    assert "Cy Guest, cy@tallship.example" in words(ask)
    form = read(ask)
    sent = {"remove": [CY["email"]], "guests": "Ed <ed@tallship.example>\ndana@tallship.example"}
    for _time in range(2):
        answer = browser.post(form.forms[-1]["action"], sent)
        assert answer.status_code == 303
    assert emails(meeting) == [DI["email"], "ed@tallship.example", "dana@tallship.example"]
    assert fresh(meeting).sequence == 1
    done = browser.get(answer.headers["Location"])
    assert "Saved. The invitations, and the cancellations, are on their way." in words(done)


def test_wrong_guests_come_back_as_typed_at_their_field(meeting, browser):
    sent = {"remove": [CY["email"]], "guests": "ed@tallship.example\nnobody at all"}
    answer = browser.post(url_of(meeting, "manage_guests"), sent)
    assert answer.status_code == 422
    assert "Guest 2: Give a whole address" in words(answer)
    text = answer.content.decode()
    assert "nobody at all</textarea>" in text
    assert re.search(rf'value="{CY["email"]}"[^>]* checked', text)
    assert fresh(meeting).sequence == 0


def test_refusals_of_the_page_keep_what_was_typed(meeting, browser, workspace):
    block(workspace=workspace, target=read_target(ED["email"]), added_by="Al", today=NOW.date())
    answer = browser.post(url_of(meeting, "manage_guests"), {"guests": ED["email"]})
    assert answer.status_code == 403
    assert "These guests cannot be invited online. Nothing was changed." in words(answer)
    assert f"{ED['email']}</textarea>" in answer.content.decode()


def test_nobodys_mailbox_is_filled_by_invitations(meeting, browser):
    for _number in range(limits.GUESTS_PER_EMAIL.most):
        limits.use(limits.GUESTS_PER_EMAIL, ED["email"], NOW)
    answer = browser.post(url_of(meeting, "manage_guests"), {"guests": ED["email"]})
    assert answer.status_code == 429
    assert emails(meeting) == [CY["email"], DI["email"]]
    # One who is a guest already counts for nothing.
    for _number in range(limits.GUESTS_PER_EMAIL.most):
        limits.use(limits.GUESTS_PER_EMAIL, CY["email"], NOW)
    again = browser.post(
        url_of(meeting, "manage_guests"), {"guests": f"{CY['email']}\nx@y.example"}
    )
    assert again.status_code == 303


def test_get_changes_nothing_and_a_group_has_no_such_page(owner, clock, browser):
    meeting = book(make_link(owner, seats=3))
    page = browser.get(url_of(meeting))
    assert "Invite somebody" not in words(page)
    ask = browser.get(url_of(meeting, "manage_guests", guests=ED["email"]))
    assert "Save guests" not in words(ask)
    assert emails(meeting) == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [("de", "Gäste speichern"), ("fr", "Enregistrer les invités"), ("es", "Guardar invitados")],
)
def test_the_page_speaks_the_visitors_language(meeting, browser, lang, said):
    assert said in words(browser.get(url_of(meeting, "manage_guests", lang=lang)))


# --- Staff ---


def test_staff_change_who_comes_along(meeting, sign_in, alice):
    browser = sign_in(alice)
    details = browser.get(reverse("booking:meeting_detail", args=[meeting.pk]))
    page = reverse("booking:meeting_guests", args=[meeting.pk])
    assert page in details.content.decode()
    assert "Di Guest, di@tallship.example" in words(browser.get(page))
    sent = {"sequence": 0, "remove": [DI["email"]], "guests": "Ed <ed@tallship.example>",
            "message": "Ed knows more."}  # fmt: skip
    assert browser.post(page, sent).status_code == 302
    assert emails(meeting) == [CY["email"], "ed@tallship.example"]
    assert browser.post(page, sent).status_code == 302  # sent twice
    assert fresh(meeting).sequence == 1
    deliver_all()
    assert "Ed knows more." in parts_of(to(ANN.email)[0])["text/plain"]
    history = words(browser.get(reverse("booking:meeting_detail", args=[meeting.pk])))
    assert "Guests changed" in history


def test_staff_form_drawn_before_another_change_is_refused(meeting, sign_in, alice):
    browser = sign_in(alice)
    change(meeting, remove=[CY["email"]])
    page = reverse("booking:meeting_guests", args=[meeting.pk])
    answer = browser.post(page, {"sequence": 0, "guests": ED["email"]})
    assert answer.status_code == 422
    assert "This meeting was changed meanwhile" in words(answer)
    assert emails(meeting) == [DI["email"]]
    wrong = browser.post(page, {"sequence": 1, "guests": "ed"})
    assert wrong.status_code == 422
    assert list(wrong.context["form"].errors) == ["guests"]


# --- The API ---


def test_a_booker_and_no_stranger_changes_guests_over_the_api(meeting):
    token = manage_token(meeting.pk, meeting.manage_token_hash)
    url = f"/api/v1/booking/meetings/{meeting.pk}/guests"
    body = {"add": [{"email": ED["email"]}], "remove": [CY["email"]]}
    booker = Browser(headers={"X-Manage-Token": token})
    answer = booker.post(url, body, content_type="application/json")
    assert (answer.status_code, [one["email"] for one in answer.json()["guests"]]) == (
        200, [DI["email"], ED["email"]],
    )  # fmt: skip
    assert Browser().post(url, body, content_type="application/json").status_code == 401
    stranger = Browser(headers={"X-Manage-Token": token[:-1] + "x"})
    assert stranger.post(url, body, content_type="application/json").status_code == 404
    empty = booker.post(url, {}, content_type="application/json").json()
    assert (empty["code"], empty["field"]) == ("invalid", "add")

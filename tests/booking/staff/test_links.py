"""Booking links from the staff's side: the same dialog for a client's and one's own."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking.models import BookingLink, Meeting, SalesMeeting
from tests.booking.staff.scheduling.conftest import address
from tests.factories import make_client
from tests.rows import make_rows
from workspaces.models import Workspace
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db
FIELDS = {
    "title": "Intro call",
    "slug": "amara-intro",
    "durations": "30, 45, 60",
    "conference": "meet",
    "location": "",
    "description": "",
    "notice_minutes": "720",
    "horizon_days": "60",
    "step_minutes": "15",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "15",
    "max_per_day": "",
    "max_per_week": "",
    "degraded_mode": "refuse",
    "on_decline": "flag",
    "seats": "1",
    "hours": "owner",
    "allows_guests": "on",
    "shows_seats_left": "on",
    "hue": "tide",
    "questions-TOTAL_FORMS": "1",
    "questions-INITIAL_FORMS": "0",
}


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def make_link(owner, slug="intro", **fields):
    whose = {f"{owner.kind.value}_id": owner.id}
    return BookingLink.objects.create(
        workspace=owner.workspace, slug=slug, **{"title": "Intro", **whose, **fields}
    )


def edit(link):
    return reverse("booking:link_edit", args=[link.pk])


def test_new_link_belongs_to_its_owner(browser, owner):
    assert browser.get(address(owner, "new")).status_code == 200
    answer = browser.post(address(owner, "new"), FIELDS)
    assert answer.url == address(owner)
    link = BookingLink.objects.get()
    assert (link.owner_kind, link.owner_id, link.workspace) == (
        owner.kind,
        owner.id,
        owner.workspace,
    )
    assert (link.slug, link.durations, link.max_per_day) == ("amara-intro", [30, 45, 60], None)
    page = browser.get(address(owner)).text
    for words in ("testserver/book/amara-intro", "30, 45 or 60 min", "12 h notice"):
        assert words in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"slug": "Ä"}, "slug"),
        ({"slug": "admin"}, "slug"),
        ({"slug": "taken"}, "slug"),
        ({"durations": "soon"}, "durations"),
        ({"durations": "2"}, "durations"),
        ({"durations": "30, 30"}, "durations"),
        ({"notice_minutes": "-1"}, "notice_minutes"),
        ({"horizon_days": "0"}, "horizon_days"),
        ({"step_minutes": "x"}, "step_minutes"),
        ({"max_per_day": "0"}, "max_per_day"),
        ({"conference": "carrier pigeon"}, "conference"),
        ({"degraded_mode": "guess"}, "degraded_mode"),
        ({"hue": "mud"}, "hue"),
        ({"reminders": ["1", "60"]}, "reminders"),
        ({"reminders": ["5", "6", "7", "8", "9", "10"]}, "reminders"),
        ({"reminder_number": "4", "reminder_unit": "1"}, "reminder_number"),
        ({"reminder_number": "31", "reminder_unit": "1440"}, "reminder_number"),
        ({"follow_up_text": "Thanks", "follow_up_number": ""}, "follow_up_number"),
        ({"follow_up_text": "{{ nmae }}", "follow_up_number": "5"}, "follow_up_text"),
        ({"follow_up_text": "{% now %}", "follow_up_number": "5"}, "follow_up_text"),
        ({"follow_up_text": "<b>Hi</b>", "follow_up_number": "5"}, "follow_up_text"),
        ({"follow_up_text": "ftp://x.example", "follow_up_number": "5"}, "follow_up_text"),
        ({"follow_up_text": "https://a:b@x.example", "follow_up_number": "5"}, "follow_up_text"),
        (
            {"follow_up_text": "https://x.example/{{ name }}", "follow_up_number": "5"},
            "follow_up_text",
        ),
    ],
)
def test_wrong_link_is_refused_at_its_field(browser, owner, changes, field):
    make_link(owner, "taken")
    answer = browser.post(address(owner, "new"), {**FIELDS, **changes})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert BookingLink.objects.count() == 1


def test_a_copy_is_made_and_switched_off(browser, owner):
    link = make_link(owner, durations=[45], seats=4, questions=[{"key": "a", "label": "A?",
                     "kind": "text", "required": False}])  # fmt: skip
    copy_it = reverse("booking:link_duplicate", args=[link.pk])
    assert browser.get(copy_it).status_code == 405
    for _ in range(2):
        assert browser.post(copy_it).url == address(owner)
    copies = BookingLink.objects.exclude(pk=link.pk).order_by("slug")
    assert [one.slug for one in copies] == ["intro-copy", "intro-copy-2"]
    for one in copies:
        assert (one.owner_id, one.durations, one.seats, one.questions, one.is_active) == (
            owner.id, [45], 4, link.questions, False,
        )  # fmt: skip


def test_share_shows_the_address_and_code_to_embed(browser, owner):
    link = make_link(owner, title='A "quoted" <b>call</b>')
    page = browser.get(reverse("booking:link_share", args=[link.pk]))
    assert "http://testserver/book/intro" in page.text
    code = page.context["embed"]
    assert 'src="http://testserver/book/intro?embed=1"' in code
    assert "<b>" not in code
    assert code not in page.text  # escaped


def test_link_is_switched_off_and_on(browser, owner):
    link = make_link(owner)
    switch = reverse("booking:link_switch", args=[link.pk])
    states = []
    for wanted in ("0", "1"):
        assert browser.post(switch, {"is_active": wanted}).url == address(owner)
        link.refresh_from_db()
        states.append(link.is_active)
    assert states == [False, True]


def test_delete_asks_first_and_leaves_meetings(browser, workspace, alice):
    rows = make_rows(workspace, alice)
    for meeting in (rows[Meeting], rows[SalesMeeting]):
        question = reverse("booking:link_delete", args=[meeting.link_id])
        assert browser.get(question).status_code == 200
        assert BookingLink.objects.filter(pk=meeting.link_id).exists()
        assert browser.post(question, {"really": "1"}).status_code == 302
        assert not BookingLink.objects.filter(pk=meeting.link_id).exists()
        meeting.refresh_from_db()
        assert meeting.link is None


def test_colleagues_and_foreign_links_do_not_exist(browser, bob_owner, other_workspace):
    foreign_client = make_client(other_workspace, "Foreign")
    foreign = make_link(ClientOwner(workspace=other_workspace, client=foreign_client), "foreign")
    for link in (make_link(bob_owner, "bobs"), foreign):
        for name in ("link_edit", "link_delete", "link_hours"):
            page = reverse(f"booking:{name}", args=[link.pk])
            assert browser.get(page).status_code == 404
            assert browser.post(page, FIELDS).status_code == 404
        assert browser.get(reverse("booking:link_share", args=[link.pk])).status_code == 404
        assert browser.post(reverse("booking:link_duplicate", args=[link.pk])).status_code == 404
        switch = reverse("booking:link_switch", args=[link.pk])
        assert browser.post(switch, {"is_active": "0"}).status_code == 404
        link.refresh_from_db()
        assert (link.title, link.is_active) == ("Intro", True)


def test_nothing_changes_on_get(browser, owner):
    link = make_link(owner)
    switch = reverse("booking:link_switch", args=[link.pk])
    assert browser.get(switch).status_code == 405
    assert Workspace.objects.filter(booking_links=link).exists()


def test_a_link_on_the_free_plan_starts_with_meet_and_names_what_it_cannot_make(
    browser, workspace, alice
):
    Workspace.objects.filter(pk=workspace.pk).update(tier="free")
    page = browser.get(reverse("booking:my_link_new"))
    text = page.content.decode()
    assert '<option value="meet" selected>Google Meet</option>' in text
    assert '<option value="auto" disabled>Auto: On Standard</option>' in text
    assert '<option value="zoom" disabled>Zoom: On Advanced</option>' in text
    refused = browser.post(reverse("booking:my_link_new"), {**FIELDS, "conference": "auto"})
    assert refused.status_code == 422
    assert refused.context["form"].errors["conference"] == ["Auto is on the Standard plan."]
    assert not BookingLink.objects.exists()


def test_a_link_keeps_a_meeting_link_that_the_plan_has_lost(browser, workspace, user_owner):
    link = make_link(user_owner, conference="zoom")
    Workspace.objects.filter(pk=workspace.pk).update(tier="free")
    answer = browser.post(edit(link), {**FIELDS, "slug": "intro", "conference": "zoom"})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("conference", "plan"), [("zoom", "Advanced"), ("teams", "Standard"), ("auto", "Standard")]
)
def test_a_link_that_the_plan_has_no_meeting_link_for_says_so(
    browser, workspace, user_owner, conference, plan
):
    make_link(user_owner, conference=conference)
    Workspace.objects.filter(pk=workspace.pk).update(tier="free")
    page = reverse("booking:my_scheduling")
    assert f"is on the {plan} plan." in browser.get(page).content.decode()
    Workspace.objects.filter(pk=workspace.pk).update(tier="advanced")
    assert "no meeting link" not in browser.get(page).content.decode()

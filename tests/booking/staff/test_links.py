"""Booking links from the staff's side: the same dialog for a client's and one's own."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking.models import BookingLink, Meeting, SalesMeeting
from booking.owners import owner_of_link
from booking.services.names import name_owner
from tests.booking.staff.test_scheduling import address
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


def test_reminders_and_follow_up_are_set_and_shown_again(browser, owner):
    link = make_link(owner)
    mails = {
        "reminders": ["1440", "60"],
        "reminder_number": "3",
        "reminder_unit": "1440",
        "reminders_to_owner": "on",
        "follow_up_text": "Thank you, {{ name }}.",
        "follow_up_number": "2",
        "follow_up_unit": "60",
    }
    assert browser.post(edit(link), {**FIELDS, **mails}).status_code == 302
    link.refresh_from_db()
    assert (link.reminders, link.reminders_to_owner) == ([4320, 1440, 60], True)
    assert (link.follow_up_text, link.follow_up_minutes) == ("Thank you, {{ name }}.", 120)
    page = browser.get(edit(link))
    form = page.context["form"]
    assert form["reminders"].value() == ["4320", "1440", "60"]
    assert ("4320", "3 days") in form.fields["reminders"].choices
    assert (form["follow_up_number"].value(), form["follow_up_unit"].value()) == (2, "60")


def test_a_press_that_adds_a_question_keeps_the_reminders_typed(browser, owner):
    link = make_link(owner)
    pressed = {**FIELDS, "reminders": ["90", "15"], "add_question": "1"}
    page = browser.post(edit(link), pressed)
    assert page.context["form"]["reminders"].value() == ["90", "15"]
    assert 'value="90"' in page.text


def test_own_hours_begin_as_a_copy_are_edited_apart_and_given_up_again(browser, owner):
    link = make_link(owner)
    page = reverse("booking:link_hours", args=[link.pk])
    answer = browser.post(edit(link), {**FIELDS, "title": "Renamed", "hours": "own"})
    assert answer.url == page
    link.refresh_from_db()
    assert (link.title, link.availability_settings) == ("Renamed", owner.availability.to_json())
    before = owner.availability.to_json()
    card = {"zone": "Europe/Berlin", "tuesday-enabled": "1", "tuesday-from": ["08:00", "13:00"],
            "tuesday-until": ["10:00", "15:00"], "special": ["2031-12-24/2031-12-24="]}  # fmt: skip
    assert browser.post(page, card).url == address(owner)
    link.refresh_from_db()
    hours = link.availability_settings
    assert hours["tuesday"]["intervals"] == [["08:00", "10:00"], ["13:00", "15:00"]]
    assert (hours["monday"]["enabled"], hours["overrides"]) == (False, {"2031-12-24": []})
    assert browser.post(edit(link), {**FIELDS, "slug": "intro", "hours": "own"}).url == address(
        owner
    )
    link.refresh_from_db()
    assert link.availability_settings == hours
    assert browser.post(page, {"use_owners": "1"}).url == address(owner)
    link.refresh_from_db()
    assert link.availability_settings is None
    assert owner_of_link(link).availability.to_json() == before


def test_wrong_own_hours_are_refused_and_small_buttons_save_nothing(browser, owner):
    link = make_link(owner, availability_settings=owner.availability.to_json())
    page = reverse("booking:link_hours", args=[link.pk])
    wrong = {"zone": "Europe/Berlin", "monday-enabled": "1", "monday-from": "10:00",
             "monday-until": "09:00"}  # fmt: skip
    assert browser.post(page, wrong).status_code == 422
    assert browser.post(page, {**wrong, "add_hours": "monday"}).status_code == 200
    link.refresh_from_db()
    assert link.availability_settings == owner.availability.to_json()


OFF = ("allows_guests", "shows_seats_left")


def test_every_option_is_kept_and_shown_again(browser, owner):
    sent = {
        "seats": "6", "requires_approval": "on", "is_private": "on", "ends_on": "2031-05-04",
        "verifies_email": "on", "redirect_url": "https://thanks.example/after?x=1",
        "description": "Bring shoes.", "location": "Room 4", "hue": "plum", "max_per_day": "3",
        "max_per_week": "9", "buffer_before_minutes": "10", "degraded_mode": "request",
    }  # fmt: skip
    fields = {name: value for name, value in FIELDS.items() if name not in OFF}
    assert browser.post(address(owner, "new"), {**fields, **sent}).status_code == 302
    link = BookingLink.objects.get()
    shown = browser.get(edit(link)).context["form"].initial
    for name, value in sent.items():
        stored = getattr(link, name)
        assert str(stored) == {"on": "True"}.get(value, value), name
        assert shown[name] == stored
    assert not link.allows_guests
    page = browser.get(address(owner)).text
    assert not link.shows_seats_left
    for words in ("6 seats", "Unlisted", "until 4 May 2031", "waits for your yes"):
        assert words in page


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seats": "0"}, "seats"),
        ({"seats": "101"}, "seats"),
        ({"seats": "2", "is_one_time": "on"}, "seats"),
        ({"ends_on": "soon"}, "ends_on"),
        ({"redirect_url": "http://thanks.example"}, "redirect_url"),
        ({"redirect_url": "https://user:secret@thanks.example"}, "redirect_url"),
        ({"redirect_url": "javascript:alert(1)"}, "redirect_url"),
        ({"redirect_url": "//thanks.example"}, "redirect_url"),
        ({"redirect_url": "https://thanks.example\\@evil.example"}, "redirect_url"),
        ({"redirect_url": "https://th\u0430nks.example"}, "redirect_url"),
        ({"hours": "hers"}, "hours"),
        ({"slug": "adm1n"}, "slug"),
        ({"slug": "log-in"}, "slug"),
        ({"slug": "intr\u043e"}, "slug"),
        ({"slug": "amara-1ntro-0"}, "slug"),
    ],
)
def test_wrong_option_is_refused_at_its_field(browser, owner, changes, field):
    name_owner(owner=owner, slug="amara-lntro-o")
    answer = browser.post(address(owner, "new"), {**FIELDS, **changes})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_questions_are_added_moved_and_removed_without_saving(browser, owner):
    def typed(*labels):
        parts = {f"questions-{n}-label": label for n, label in enumerate(labels)}
        parts |= {f"questions-{n}-kind": "phone" for n in range(len(labels))}
        return {**FIELDS, "title": "", **parts, "questions-TOTAL_FORMS": str(len(labels))}

    def shown(answer):
        assert answer.status_code == 200
        assert not answer.context["form"].errors
        assert answer.context["form"].initial["slug"] == FIELDS["slug"]
        return [one["label"].value() or "" for one in answer.context["questions"]]

    page = address(owner, "new")
    abc = typed("A?", "B?", "C?")
    assert shown(browser.post(page, {**abc, "add_question": "1"})) == ["A?", "B?", "C?", ""]
    assert shown(browser.post(page, {**abc, "remove_question": "1"})) == ["A?", "C?"]
    assert shown(browser.post(page, {**abc, "raise_question": "2"})) == ["A?", "C?", "B?"]
    assert shown(browser.post(page, {**abc, "lower_question": "0"})) == ["B?", "A?", "C?"]
    assert not BookingLink.objects.exists()
    assert browser.post(page, {**abc, "title": "Now"}).status_code == 302
    questions = BookingLink.objects.get().questions
    assert [(one["label"], one["kind"]) for one in questions] == [
        ("A?", "phone"), ("B?", "phone"), ("C?", "phone"),
    ]  # fmt: skip
    full = typed(*(f"{n}?" for n in range(10)))
    assert len(shown(browser.post(page, {**full, "add_question": "1"}))) == 10


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


def test_form_shows_the_link_as_it_is_and_saving_it_changes_nothing(browser, owner):
    question = {"key": "topic", "label": "Topic?", "kind": "choice", "required": True,
                "choices": ["A", "B"]}  # fmt: skip
    link = make_link(owner, questions=[question], durations=[45, 30], max_per_day=2)
    form = browser.get(edit(link)).context
    sent = {
        name: value
        for name, value in form["form"].initial.items()
        if value is not None and value is not False
    }
    for field in form["questions"]:
        sent |= {bound.html_name: bound.value() or "" for bound in field}
    sent |= {"questions-TOTAL_FORMS": "1", "questions-INITIAL_FORMS": "1"}
    sent["questions-0-required"] = "on"
    before = BookingLink.objects.values().get()
    assert browser.post(edit(link), sent).status_code == 302
    after = BookingLink.objects.values().get()
    assert {k: v for k, v in after.items() if k != "updated_at"} == {
        k: v for k, v in before.items() if k != "updated_at"
    }


def test_question_gets_a_key_of_its_own_and_keeps_it(browser, owner):
    asked = {"questions-0-label": "What is it about?", "questions-0-kind": "long"}
    browser.post(address(owner, "new"), {**FIELDS, **asked})
    link = BookingLink.objects.get()
    (question,) = link.questions
    assert (question["label"], question["kind"]) == ("What is it about?", "long")
    renamed = {
        "questions-0-key": question["key"], "questions-0-label": "Why?", "questions-0-kind": "text",
        "questions-INITIAL_FORMS": "1",
    }  # fmt: skip
    browser.post(edit(link), {**FIELDS, **renamed})
    link.refresh_from_db()
    assert link.questions[0]["key"] == question["key"]
    assert link.questions[0]["label"] == "Why?"
    browser.post(edit(link), {**FIELDS, "questions-0-label": "", "questions-INITIAL_FORMS": "1"})
    link.refresh_from_db()
    assert link.questions == []


def test_choice_without_answers_is_refused(browser, owner):
    asked = {"questions-0-label": "Which?", "questions-0-kind": "choice"}
    answer = browser.post(address(owner, "new"), {**FIELDS, **asked})
    assert answer.status_code == 422
    assert "Give 2 to 12 different answers." in answer.text


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

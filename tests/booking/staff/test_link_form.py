"""The form of a booking link: every option is kept and shown again, and wrong ones are named."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking.models import BookingLink
from booking.owners import owner_of_link
from booking.services.names import name_owner
from tests.booking.staff.scheduling.conftest import address
from tests.booking.staff.test_links import FIELDS, edit, make_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


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


def test_a_follow_up_may_be_as_long_as_its_field_lets_people_type(browser, owner):
    """Browsers count one character for the end of a line, and send two."""
    link = make_link(owner)
    lines = "\r\n".join(["x"] * 1000)
    sent = {**FIELDS, "follow_up_number": "2", "follow_up_unit": "60"}
    answer = browser.post(edit(link), {**sent, "follow_up_text": f"{lines}x"})
    assert answer.status_code == 302
    link.refresh_from_db()
    assert len(link.follow_up_text) == 2000
    refused = browser.post(edit(link), {**sent, "follow_up_text": f"{lines}xx"})
    assert list(refused.context["form"].errors) == ["follow_up_text"]


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


def test_a_fault_of_the_follow_up_is_told_with_all_others(browser, owner):
    """A wrong placeholder was told only once every other field was right."""
    link = make_link(owner)
    wrong = {"title": "", "follow_up_text": "Dear {{ nmae }}", "follow_up_number": ""}
    page = browser.post(edit(link), {**FIELDS, **wrong, "reminder_number": "0"})
    assert page.status_code == 422
    faults = {"title", "follow_up_text", "follow_up_number", "reminder_number"}
    assert set(page.context["form"].errors) == faults
    assert page.text.count("is not known here") == 2  # at its field, and in the summary

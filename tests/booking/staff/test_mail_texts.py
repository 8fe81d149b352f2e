"""A workspace's own words in mails: kept, shown as they will be, tried, said, and given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.urls import reverse

from booking.enums import TextKind
from booking.models import MailText, MailTextChange
from booking.services import changes, reminding
from booking.services.mail_texts import (
    MAX_OPENING,
    Sender,
    Words,
    save_sender,
    save_words,
    sender_of,
)
from common.errors import InvalidInput
from tests.booking.conftest import ANN, NINE, NOW, book, deliver_all, make_link
from tests.booking.test_changes import GUEST, STAFF, TEN

pytestmark = pytest.mark.django_db
OWN = Words("{{ title }}: {{ date }}", "Good day {{ name }}!\nSee https://finch.example/prepare.")


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


def address(kind="confirmation", language="en", page="mail_text"):
    return reverse(f"booking:{page}", args=[kind, language])


def keep(workspace, alice, kind, words=OWN, language="en"):
    save_words(workspace=workspace, kind=kind, language=language, words=words, by=alice)


def to_ann():
    return [one for one in mail.outbox if one.to == [ANN.email]]


def test_own_words_are_said_in_their_language_and_ours_in_the_others(workspace, alice, client_link):
    keep(workspace, alice, TextKind.CONFIRMATION)
    book(client_link)
    book(client_link, start=NINE + timedelta(hours=1), booker=replace(ANN, language="de"))
    deliver_all()
    english, german = to_ann()
    assert english.subject == "Intro call: Thursday 19 November 2026"
    assert english.body.startswith(
        "Good day Ann Other!\nSee https://finch.example/prepare.\n\nThursday 19 November 2026"
    )
    ((html, _kind),) = english.alternatives
    assert 'Good day Ann Other!<br>See <a href="https://finch.example/prepare"' in html
    assert "you are booked" not in html
    assert german.body.startswith("Guten Tag Ann Other, Ihr Termin ist gebucht.")


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (TextKind.MOVED, lambda one: changes.move_meeting(
            meeting=one, start=TEN, doer=GUEST, now=NOW)),
        (TextKind.CANCELLED, lambda one: changes.cancel_meeting(
            meeting=one, doer=STAFF, now=NOW)),
        (TextKind.APPROVED, lambda one: changes.approve_meeting(
            meeting=one, doer=STAFF, now=NOW)),
        (TextKind.DECLINED, lambda one: changes.decline_meeting(
            meeting=one, doer=STAFF, now=NOW)),
        (TextKind.REQUESTED, None),
    ],
)  # fmt: skip
def test_each_change_says_its_own_words_and_nobody_elses(
    workspace, alice, client_owner, clock, kind, change
):
    asks = kind in {TextKind.APPROVED, TextKind.DECLINED, TextKind.REQUESTED}
    link = make_link(client_owner, requires_approval=asks)
    keep(workspace, alice, kind)
    meeting = book(link)
    deliver_all()
    if change is not None:
        assert "Good day" not in to_ann()[0].body
        mail.outbox.clear()
        meeting.refresh_from_db()
        change(meeting)
        deliver_all()
    (letter,) = to_ann()
    assert letter.body.startswith("Good day Ann Other!")
    assert not [one for one in mail.outbox if one not in to_ann() and "Good day" in one.body]


def test_a_reminder_says_its_own_words(workspace, alice, client_owner, clock):
    keep(workspace, alice, TextKind.REMINDER)
    book(make_link(client_owner, reminders=[60]), start=NINE)
    deliver_all()
    mail.outbox.clear()
    clock.move_to(NINE - timedelta(hours=1))
    reminding.look_ahead(now=datetime.now(UTC))
    deliver_all()
    (letter,) = to_ann()
    assert letter.body.startswith("Good day Ann Other!")


def test_sender_and_signature_stand_in_mails_to_bookers_only(workspace, alice, client_link):
    sender = Sender("Finch Harbour", "Finch Harbour Ltd\nhttps://finch.example")
    save_sender(workspace=workspace, sender=sender, by=alice)
    book(client_link)
    deliver_all()
    (letter,) = to_ann()
    assert letter.from_email == "Finch Harbour via Meridian <bookings@meridian.example>"
    assert letter.reply_to == ["desk@northgate.example"]
    assert "Finch Harbour Ltd\nhttps://finch.example\n" in letter.body
    (notice,) = [one for one in mail.outbox if one.to != [ANN.email]]
    assert "Finch" not in notice.from_email + notice.body


def test_a_signature_replaces_nothing_and_says_so(browser, workspace):
    answer = browser.post(
        reverse("booking:mail_texts"), {"name": "", "signature": "Yours, {{ host }}"}
    )
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["signature"]
    assert sender_of(workspace.pk) == Sender()


def test_a_guest_without_a_name_is_called_by_their_address(workspace, alice, client_link):
    keep(workspace, alice, TextKind.MOVED, Words("{{ name }}", "Good day {{ name }}!"))
    meeting = book(client_link, guests=[{"email": "cy@tallship.example"}])
    deliver_all()
    mail.outbox.clear()
    changes.move_meeting(meeting=meeting, start=TEN, doer=STAFF, now=datetime.now(UTC))
    deliver_all()
    (letter,) = [one for one in mail.outbox if one.to == ["cy@tallship.example"]]
    assert letter.subject == "cy@tallship.example"
    assert letter.body.startswith("Good day cy@tallship.example!")


@pytest.mark.parametrize(
    "name", ["a@b.example", "Finch\r\nBcc: x@y.example", "Finch <x>", "www.finch", "x" * 61, '"F"']
)
def test_a_senders_name_that_could_mislead_is_refused(workspace, alice, name):
    with pytest.raises(InvalidInput) as refused:
        save_sender(workspace=workspace, sender=Sender(name), by=alice)
    assert refused.value.field == "name"


def test_words_are_saved_by_the_page_and_given_up_again(browser, workspace, alice):
    page = browser.get(address())
    assert page.status_code == 200
    answer = browser.post(address(), {"subject": OWN.subject, "opening": OWN.opening})
    assert answer.status_code == 302
    row = MailText.objects.get()
    assert (row.workspace, row.kind, row.language, row.subject) == (
        workspace, "confirmation", "en", OWN.subject,
    )  # fmt: skip
    assert browser.get(address()).context["form"]["subject"].value() == OWN.subject
    assert "Own words" in browser.get(reverse("booking:mail_texts")).text
    browser.post(address(page="mail_text_reset"))
    assert not MailText.objects.exists()
    history = MailTextChange.objects.filter(workspace=workspace).order_by("created_at")
    assert [(one.by_name, one.was_subject) for one in history] == [
        (alice.name, ""), (alice.name, OWN.subject),
    ]  # fmt: skip


def test_words_that_were_given_up_are_put_back_at_a_press(browser, workspace, alice, clock):
    """Reset acted at once and left no way back."""
    keep(workspace, alice, TextKind.CONFIRMATION)
    page = browser.get(address())
    assert page.context["given_up"] is None
    reset = address(page="mail_text_reset")
    asking = page.text.partition('<div class="pop ask">')[2].partition("</details>")[0]
    assert f'formaction="{reset}"' in asking
    assert page.text.count(reset) == 1
    clock.shift(60)
    page = browser.post(reset, follow=True)
    assert "Yours can be put back." in page.text
    assert "Alice gave up your workspace's own words on 18 Nov 2026, 09:01 UTC." in page.text
    given_up = page.context["given_up"]
    clock.shift(60)
    back = {"subject": given_up.was_subject, "opening": given_up.was_opening}
    assert browser.post(address(), back).status_code == 302
    row = MailText.objects.get()
    assert Words(row.subject, row.opening) == OWN
    assert browser.get(address()).context["given_up"] is None
    assert browser.get(address("moved")).context["given_up"] is None
    assert browser.get(address(language="de")).context["given_up"] is None


def test_an_unknown_placeholder_is_refused_at_its_field(browser, clock):
    answer = browser.post(address(), {"subject": "{{ nmae }}", "opening": ""})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["subject"]
    assert "is not known here" in answer.text
    assert not MailText.objects.exists()


@pytest.mark.parametrize("kind", TextKind.values)
@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_the_preview_shows_what_is_typed_and_can_do_nothing(browser, kind, language):
    page = address(kind, language, "mail_text_preview")
    typed = {"subject": "Sub {{ title }}", "opening": "Opening for {{ name }} & <3"}
    answer = browser.post(page, typed)
    assert answer.status_code == 200
    assert "Opening for Ada Brandt &amp; &lt;3" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert policy.endswith("sandbox")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    text = browser.post(f"{page}?as=text", typed).text
    assert "Subject: Sub Intro call\n\nOpening for Ada Brandt &amp; &lt;3\n" in text
    assert MailText.objects.count() == 0


def test_the_preview_names_sender_and_subject_in_letters(browser):
    page = address("confirmation", "de", "mail_text_preview")
    typed = {"subject": "Ja & {{ title }}"}
    assert "Alice über Meridian &lt;" in browser.post(page, typed).text
    assert "<b>Ja &amp; Intro call</b>" in browser.post(page, typed).text
    assert "From: Alice über Meridian &lt;" in browser.post(f"{page}?as=text", typed).text


def test_the_preview_says_what_is_wrong(browser):
    answer = browser.post(address(page="mail_text_preview"), {"opening": "<script>{{ x }}"})
    assert answer.status_code == 422
    assert "<script>" not in answer.text


def test_every_fault_is_told_at_once(browser):
    answer = browser.post(address(), {"subject": "{{ titel }}", "opening": "<b>Hello</b>"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (
        422,
        ["subject", "opening"],
    )


def test_a_test_goes_to_whoever_asks_and_saves_nothing(browser, alice):
    answer = browser.post(address("moved"), {"opening": "Hi {{ name }}", "test": "1"})
    assert answer.status_code == 200
    (letter,) = mail.outbox
    assert (letter.to, letter.attachments) == ([alice.email], [])
    assert letter.subject.startswith("Test: ")
    assert letter.body.startswith("Hi Ada Brandt")
    assert not MailText.objects.exists()


def frame(page):
    """Where the preview's frame of that page leads."""
    return page.text.partition("<iframe")[2].partition(' src="')[2].partition('"')[0]


def test_the_preview_after_a_test_shows_what_was_typed(browser, workspace, alice):
    """It went back to the words that are kept."""
    keep(workspace, alice, TextKind.MOVED)
    kept = browser.get(address("moved"))
    assert "Good day Ada Brandt!" in browser.get(frame(kept)).text
    answer = browser.post(address("moved"), {"opening": "Hi {{ name }}", "test": "1"})
    shown = browser.get(frame(answer))
    assert "Hi Ada Brandt" in shown.text
    assert "Good day" not in shown.text
    assert shown.headers["Content-Security-Policy"].endswith("sandbox")
    assert "Good day Ada Brandt!" in browser.get(frame(browser.get(address("moved")))).text


def test_the_preview_after_a_refused_save_judges_what_was_typed(browser, workspace, alice):
    keep(workspace, alice, TextKind.MOVED)
    refused = browser.post(address("moved"), {"subject": "{{ nmae }}", "opening": "Hi"})
    shown = browser.get(frame(refused))
    assert shown.status_code == 422
    assert "nmae" in shown.text
    long = browser.post(address("moved"), {"opening": "x" * 5000})
    assert browser.get(frame(long)).status_code == 422


def test_the_end_of_a_line_is_one_character_though_browsers_send_two(browser, workspace):
    """The field counts so, too, and let people type what was refused then."""
    lines = "\r\n".join(["x"] * (MAX_OPENING // 2))
    refused = browser.post(address("moved"), {"opening": f"{lines}xx"})
    assert list(refused.context["form"].errors) == ["opening"]
    assert browser.get(frame(refused)).status_code == 422
    tried = browser.post(address("moved"), {"opening": f"{lines}x", "test": "1"})
    assert browser.get(frame(tried)).status_code == 200
    assert browser.post(address("moved"), {"opening": f"{lines}x"}).status_code == 302
    assert len(MailText.objects.get().opening) == MAX_OPENING


def test_what_was_typed_of_another_message_is_not_shown(browser):
    first = browser.post(address("moved"), {"opening": "First", "test": "1"})
    browser.post(address("moved", "de"), {"opening": "Zweite", "test": "1"})
    assert "Zweite" not in browser.get(frame(first)).text


def test_tests_are_counted(browser, clock):
    answers = [browser.post(address(), {"test": "1"}) for _turn in range(21)]
    assert [one.status_code for one in answers] == [200] * 20 + [422]
    assert len(mail.outbox) == 20
    assert "Too many tests" in answers[-1].text


def test_members_have_no_such_page(sign_in, bob, workspace):
    browser = sign_in(bob)
    pages = [reverse("booking:mail_texts"), address(), address(page="mail_text_preview")]
    assert [browser.get(page).status_code for page in pages] == [404] * 3
    assert browser.post(address(page="mail_text_reset")).status_code == 404
    assert "workspace/messages" not in browser.get(reverse("workspaces:members")).text


def test_owners_find_the_page(browser):
    assert reverse("booking:mail_texts") in browser.get(reverse("workspaces:members")).text


@pytest.mark.parametrize("kind", TextKind)
def test_only_an_example_of_a_move_says_when_it_was_before(browser, clock, kind):
    page = browser.get(address(kind.value, page="mail_text_preview"))
    assert page.status_code == 200
    assert ("Before" in page.text) is (kind is TextKind.MOVED)

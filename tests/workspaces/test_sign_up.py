from __future__ import annotations

import socket

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from tests.factories import PASSWORD, make_user
from workspaces.enums import Role, Tier
from workspaces.models import Membership, User

pytestmark = pytest.mark.django_db

TYPED = {
    "name": "Dana Fox",
    "workspace_name": "Fox & Sons",
    "email": "Dana@Fox.example",
    "password1": PASSWORD,
    "timezone": "Europe/Lisbon",
}


def test_signing_up_makes_a_user_with_a_free_workspace_of_their_own(client):
    answer = client.post("/accounts/signup/", TYPED)
    assert answer.status_code == 302
    membership = Membership.objects.get()
    assert membership.user.email == "dana@fox.example"
    assert membership.user.name == "Dana Fox"
    assert membership.role == Role.OWNER
    assert membership.workspace.name == "Fox & Sons"
    assert membership.workspace.tier == Tier.FREE
    assert membership.user.profile.timezone == "Europe/Lisbon"
    assert [letter.to for letter in mail.outbox] == [["dana@fox.example"]]
    assert "http://testserver/accounts/confirm-email/" in mail.outbox[0].body


def test_a_taken_address_is_not_told_apart_and_makes_nothing(client):
    make_user("Dana", email="dana@fox.example")
    answer = client.post("/accounts/signup/", TYPED)
    assert answer.status_code == 302
    assert User.objects.count() == 1
    assert Membership.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("workspace_name", ""), ("email", "dana"), ("password1", "short")],
)
def test_a_bad_field_is_named(client, field, value):
    answer = client.post("/accounts/signup/", {**TYPED, field: value})
    assert field in answer.context["form"].errors
    assert not User.objects.exists()


def test_an_unknown_zone_becomes_utc(client):
    client.post("/accounts/signup/", {**TYPED, "timezone": "Mars/Olympus"})
    assert User.objects.get().profile.timezone == "UTC"


def test_two_workspaces_of_one_name_have_two_slugs(client):
    client.post("/accounts/signup/", TYPED)
    client.logout()
    client.post("/accounts/signup/", {**TYPED, "email": "other@fox.example"})
    slugs = set(Membership.objects.values_list("workspace__slug", flat=True))
    assert len(slugs) == 2


def test_the_address_is_one_whatever_its_case():
    make_user("Dana", email="dana@fox.example")
    assert User.objects.get_by_natural_key("DANA@fox.example").name == "Dana"


@pytest.mark.parametrize(
    ("field", "words"),
    [("name", "Give your name."), ("workspace_name", "Give your team's or company's name.")],
)
def test_what_is_missing_is_said_in_words(client, field, words):
    answer = client.post("/accounts/signup/", {**TYPED, field: ""})
    assert answer.context["form"].errors[field] == [words]


def test_signing_in_too_often_is_refused_in_words_with_a_way_on(client, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    tries = [client.post("/accounts/login/") for _ in range(31)]
    assert [answer.status_code for answer in tries[:30]] == [200] * 30
    assert tries[30].status_code == 429
    said = tries[30].content.decode()
    assert "Nothing was changed. Wait a minute, then go back and send it again." in said
    assert '<a class="btn" href="/">' in said


@pytest.fixture
def mail_is_down(settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", closed.getsockname()[1]
        settings.EMAIL_BACKEND = "common.mail_backends.SmtpBackend"
        yield


def test_signing_up_while_no_mail_can_be_sent_says_so(client, mail_is_down):
    page = client.post("/accounts/signup/", TYPED, follow=True)
    assert page.status_code == 200
    assert "No mail could be sent just now" in page.text
    assert "Confirmation email sent" not in page.text
    assert User.objects.get().email == "dana@fox.example"


def test_asking_for_a_new_password_while_no_mail_can_be_sent_says_so(client, mail_is_down):
    make_user("Dana", email="dana@fox.example")
    for email in ("dana@fox.example", "nobody@fox.example"):
        page = client.post("/accounts/password/reset/", {"email": email}, follow=True)
        assert page.status_code == 200
        assert "No mail could be sent just now" in page.text


def account_mail(client, path, typed):
    """The one mail that came of it, asked for under another name of this host."""
    client.post(path, typed, headers={"Host": "localhost"})
    (letter,) = mail.outbox
    ((html, kind),) = letter.alternatives
    assert kind == "text/html"
    return letter, letter.body, html


@pytest.mark.parametrize(
    ("path", "typed", "subject", "link"),
    [
        ("signup", TYPED, "Confirm your e-mail address", "/accounts/confirm-email/"),
        ("password/reset", {"email": "known@fox.example"}, "Choose a new password",
         "/accounts/password/reset/key/"),
        ("password/reset", {"email": "no@fox.example"}, "No account has this address",
         "/accounts/signup/"),
        ("signup", {**TYPED, "email": "known@fox.example"}, "You have an account already",
         "/accounts/password/reset/"),
    ],
)  # fmt: skip
def test_mails_about_an_account_have_the_form_of_all_mails(
    client, settings, path, typed, subject, link
):
    settings.PUBLIC_URL = "https://meridian.example"
    known = make_user("Known", email="known@fox.example")
    EmailAddress.objects.create(user=known, email=known.email, verified=True, primary=True)
    letter, body, html = account_mail(client, f"/accounts/{path}/", typed)
    assert (letter.subject, letter.to) == (subject, [typed["email"].lower()])
    for text in (body, html):
        assert f"https://meridian.example{link}" in text
        assert "localhost" not in text
        assert typed["email"].lower() in text
        assert "leave this mail be" in text
    assert f"<title>{subject}</title>" in html
    assert "<" not in body

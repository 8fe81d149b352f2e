"""The link to a client's own pages: its mail, the way in, its ends, and guesses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from common import outbox
from common.models import OutboxMessage
from tests.booking.portal.conftest import entered, invite, link_of, pages
from workspaces.client_guard import COOKIE
from workspaces.enums import AccessEnd
from workspaces.models import ClientInvitation, ClientVisit
from workspaces.services import client_access, members

pytestmark = pytest.mark.django_db


# --- The mail and its link ---


def test_mail_goes_to_the_address_and_its_link_opens_the_page(membership, northgate, client):
    invitation = invite(membership, northgate)
    outbox.sweep()
    (sent,) = mail.outbox
    assert sent.to == ["desk@northgate.example"]
    (url,) = re.findall(r"http\S+/client/open/\S+", sent.body)
    assert url.removeprefix("http://testserver") == link_of(invitation)
    assert url in sent.alternatives[0][0]
    page = client.get(urlsplit(url).path)
    assert "Continue as Northgate" in page.text
    assert "Alice" in page.text


@pytest.mark.parametrize(
    ("code", "subject", "until", "page_words"),
    [
        ("en", "Connect your calendar for Acme", "5 December 2026", "Continue as Northgate"),
        ("de", "Verbinden Sie Ihren Kalender für Acme", "5. Dezember 2026", "Weiter als Northgate"),
        (
            "fr",
            "Connectez votre agenda pour Acme",
            "5 décembre 2026",
            "Continuer en tant que Northgate",
        ),
        (
            "es",
            "Conecte su calendario para Acme",
            "5 de diciembre de 2026",
            "Continuar como Northgate",
        ),
    ],
)
def test_mail_and_page_speak_the_language_of_the_client(
    membership, northgate, client, code, subject, until, page_words
):
    northgate.language = code
    northgate.save()
    with time_machine.travel(datetime(2026, 11, 21, 9, tzinfo=UTC)):
        invite(membership, northgate)
        outbox.sweep()
        (sent,) = mail.outbox
        assert sent.subject == subject
        ((html, _kind),) = sent.alternatives
        assert until in sent.body
        assert until in html
        assert f'<html lang="{code}' in html
        (url,) = re.findall(r"http\S+/client/open/\S+", sent.body)
        assert url.endswith("" if code == "en" else f"?lang={code}")
        path = url.removeprefix("http://testserver")
        assert page_words in client.get(path).text
        assert client.post(path).status_code == 303
        assert client.get("/client").headers["Content-Language"].startswith(code)


def test_no_token_is_kept_in_clear(membership, northgate):
    invitation = invite(membership, northgate)
    token = client_access.token_of(invitation)
    assert len(token) == 43
    rows = [
        str(list(model.objects.values()))
        for model in (ClientInvitation, ClientVisit, OutboxMessage)
    ]
    assert not any(token in row for row in rows)


def test_link_made_under_an_older_key_still_opens(membership, northgate, client, settings):
    invitation = invite(membership, northgate)
    address = link_of(invitation)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-signing-anything-at-all"
    assert client.get(address).status_code == 200
    assert link_of(invitation) == address


def test_mail_of_a_closed_invitation_is_not_sent(membership, northgate):
    invitation = invite(membership, northgate)
    client_access.revoke_invitation(
        by=membership, client=northgate, invitation_id=invitation.pk, now=timezone.now()
    )
    outbox.sweep()
    assert mail.outbox == []


def test_reading_the_link_changes_nothing(client, invitation):
    before = ClientInvitation.objects.values().get()
    for _look in range(3):
        answer = client.get(link_of(invitation))
        assert answer.status_code == 200
        assert COOKIE not in answer.cookies
    assert client.head(link_of(invitation)).status_code == 200
    assert ClientInvitation.objects.values().get() == before
    assert not ClientVisit.objects.exists()
    assert client.get("/client").status_code == 404


def test_pressing_continue_opens_the_page_without_an_account(client, invitation):
    answer = client.post(link_of(invitation))
    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert ClientVisit.objects.get().secret_hash != cookie.value
    for page in pages():
        shown = client.get(page)
        assert shown.status_code == 200, page
        assert not shown.wsgi_request.user.is_authenticated
        assert "sessionid" not in client.cookies
    assert "meridian_session" not in client.cookies


def test_continue_asks_for_a_token_of_the_page(browser_with_csrf, invitation):
    address = link_of(invitation)
    assert browser_with_csrf.post(address).status_code == 403
    assert not ClientVisit.objects.exists()
    page = browser_with_csrf.get(address)
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert browser_with_csrf.post(address, {"csrfmiddlewaretoken": token}).status_code == 303
    for name in ("hours", "calendars", "leave"):
        assert browser_with_csrf.post(reverse(f"portal:{name}")).status_code == 403


@pytest.fixture
def browser_with_csrf():
    from django.test import Client as Browser

    return Browser(enforce_csrf_checks=True)


def test_link_opens_again_and_in_another_browser(client, invitation):
    from django.test import Client as Browser

    entered(client, invitation)
    until = ClientInvitation.objects.get().expires_at
    other = entered(Browser(), invitation)
    assert client.get("/client").status_code == other.get("/client").status_code == 200
    assert ClientVisit.objects.count() == 2
    assert ClientInvitation.objects.get().expires_at == until


def test_private_pages_are_kept_nowhere(visitor, invitation):
    for page in (*pages(), link_of(invitation)):
        answer = visitor.get(page)
        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]
        assert answer["Referrer-Policy"] in {"same-origin", "strict-origin"}
        assert answer["X-Frame-Options"] == "DENY"
    assert visitor.get(link_of(invitation))["Referrer-Policy"] == "strict-origin"


# --- The ends ---


def assert_shut(browser, invitation):
    for page in pages():
        assert browser.get(page).status_code == 404, page
    assert browser.get(link_of(invitation)).status_code == 404
    assert browser.post(link_of(invitation)).status_code == 404


def test_closing_ends_an_open_page_at_once(visitor, invitation, membership, northgate):
    assert visitor.get("/client").status_code == 200
    client_access.revoke_invitation(
        by=membership, client=northgate, invitation_id=invitation.pk, now=timezone.now()
    )
    assert_shut(visitor, invitation)


def test_sending_again_closes_the_former_link(visitor, invitation, membership, northgate):
    newer = invite(membership, northgate, "Desk@Northgate.example")
    assert_shut(visitor, invitation)
    assert ClientInvitation.objects.get(pk=invitation.pk).ended_because == AccessEnd.REPLACED
    entered(visitor, newer)


def test_another_address_has_a_link_of_its_own(visitor, invitation, membership, northgate):
    invite(membership, northgate, "second@northgate.example")
    assert visitor.get("/client").status_code == 200


def test_deleting_the_client_ends_all(visitor, invitation, northgate):
    northgate.delete()
    assert_shut(visitor, invitation)


def test_unopened_link_runs_out_after_fourteen_days(client, invitation):
    with time_machine.travel(timezone.now() + timedelta(days=14, seconds=1), tick=False):
        assert_shut(client, invitation)


def test_access_runs_out_thirty_days_after_the_first_opening(client, invitation):
    begin = timezone.now()
    with time_machine.travel(begin + timedelta(days=13), tick=False):
        entered(client, invitation)
    with time_machine.travel(begin + timedelta(days=42), tick=False):
        entered(client, invitation)
    with time_machine.travel(begin + timedelta(days=43, seconds=1), tick=False):
        assert_shut(client, invitation)


def test_visit_runs_out_and_the_link_opens_another(visitor, invitation):
    with time_machine.travel(timezone.now() + timedelta(hours=12, seconds=1), tick=False):
        assert visitor.get("/client").status_code == 404
        entered(visitor, invitation)
        assert visitor.get("/client").status_code == 200


def test_leaving_ends_the_visit_for_a_copied_cookie_too(visitor, invitation):
    secret = visitor.cookies[COOKIE].value
    assert visitor.post(reverse("portal:leave")).status_code == 200
    visitor.cookies[COOKIE] = secret
    assert visitor.get("/client").status_code == 404
    entered(visitor, invitation)


@pytest.mark.parametrize("how", ["revoked", "expired", "replaced", "unknown", "too often"])
def test_a_closed_link_leaves_a_visit_by_another_one_alone(
    client, membership, northgate, invitation, how
):
    """Opening an old mail again signed out whoever was in by the newer one."""
    other = invite(membership, northgate, email="late@northgate.example")
    address = link_of(other)
    if how == "revoked":
        client_access.revoke_invitation(
            by=membership, client=northgate, invitation_id=other.pk, now=timezone.now()
        )
    elif how == "expired":
        ClientInvitation.objects.filter(pk=other.pk).update(expires_at=timezone.now())
    elif how == "replaced":
        invite(membership, northgate, email="late@northgate.example")
    else:
        address = reverse("portal:open", args=["x" * 43])
    entered(client, invitation)
    for _look in range(31 if how == "too often" else 1):
        answer = client.get(address)
        assert answer.status_code in {404, 429}
        assert COOKIE not in answer.cookies
    assert "Back to your page" in answer.content.decode()
    assert client.post(address).status_code in {404, 429}
    assert client.get("/client").status_code == 200


def test_a_closed_link_takes_back_a_cookie_that_opens_nothing(visitor, invitation, membership):
    client_access.revoke_invitation(
        by=membership,
        client=invitation.client,
        invitation_id=invitation.pk,
        now=timezone.now(),
    )
    answer = visitor.get(link_of(invitation))
    assert answer.cookies[COOKIE].value == ""
    assert "Back to your page" not in answer.content.decode()


def test_new_primary_contact_gets_and_takes_nothing(visitor, invitation, northgate):
    northgate.primary_contact_email = "new@northgate.example"
    northgate.save()
    outbox.sweep()
    assert [message.to for message in mail.outbox] == [["desk@northgate.example"]]
    assert visitor.get("/client").status_code == 200


@pytest.mark.parametrize(
    ("email", "status"), [("elsewhere@bob.example", 404), ("desk@northgate.example", 200)]
)
def test_invitation_to_others_ends_with_its_senders_membership(
    client, membership, bob_membership, northgate, email, status
):
    sent = invite(bob_membership, northgate, email)
    entered(client, sent)
    members.end_membership(by=membership, membership_id=bob_membership.pk)
    assert client.get("/client").status_code == status


# --- Guesses ---


def test_wrong_tokens_are_counted_by_address(client, invitation, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    for number in range(30):
        assert client.get(f"/client/open/{number:043}").status_code == 404
    assert client.post(f"/client/open/{'x' * 43}").status_code == 429
    assert client.get(link_of(invitation), REMOTE_ADDR="10.1.2.3").status_code == 200


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "\x00", "é", "x" * 5000])
def test_wrong_cookie_opens_nothing(client, invitation, secret):
    client.cookies[COOKIE] = secret
    for page in pages():
        assert client.get(page).status_code == 404


def test_hash_out_of_the_database_opens_nothing(client, invitation):
    visit, _secret = client_access.open_visit(
        token=client_access.token_of(invitation), address="", now=timezone.now()
    )
    client.cookies[COOKIE] = visit.secret_hash
    assert client.get("/client").status_code == 404
    assert client.get(reverse("portal:open", args=[invitation.token_hash])).status_code == 404

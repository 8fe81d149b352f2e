"""A client's own pages: from the mail to the calendar, and everything they must not open."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from audit.actors import Actor
from audit.enums import AccessReason, ActorKind
from audit.models import OAuthTokenAccessLog
from booking.enums import ChangeKind, MeetingState, Party
from booking.models import Meeting, MeetingChange
from calendars.models import Calendar, CalendarConnection, OAuthFlow
from calendars.services import oauth
from common import outbox
from common.models import OutboxMessage, SentMail
from conferencing.models import ZoomConnection
from tests.booking.conftest import NOW, book, make_link
from tests.factories import make_calendar, make_client, make_connection
from tests.rows import make_rows
from tests.strangers import OUR_ROUTES
from tests.test_every_url import METHODS, OPEN_TO_ALL, filled, parts_of
from workspaces.client_guard import COOKIE
from workspaces.enums import AccessEnd, Tier
from workspaces.models import ClientInvitation, ClientVisit
from workspaces.owners import ClientOwner, owner_of_user
from workspaces.services import client_access, members
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def invite(membership, client, email="desk@northgate.example", now=None):
    return client_access.invite_client(
        by=membership, client=client, email=email, now=now or timezone.now()
    )


def link_of(invitation):
    return reverse("portal:open", args=[client_access.token_of(invitation)])


@pytest.fixture
def invitation(membership, northgate):
    return invite(membership, northgate)


@pytest.fixture
def visitor(client, invitation):
    """The client's person, in."""
    return entered(client, invitation)


def entered(browser, invitation):
    answer = browser.post(link_of(invitation))
    assert (answer.status_code, answer["Location"]) == (303, "/client")
    return browser


def pages():
    return [reverse(f"portal:{name}") for name in ("home", "calendars", "hours", "meetings")]


def consent(sandbox, browser, provider="google", *, email="orla@northgate.example", **how):
    begun = browser.get(reverse("portal:connect", args=[provider]))
    assert begun.status_code == 302, said(begun)
    back = sandbox.consent(begun["Location"], email=email, **how)
    return browser.get(back.removeprefix("http://testserver"))


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


def test_wrong_tokens_are_counted_by_address(client, invitation):
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


# --- Connecting ---


@pytest.mark.parametrize("provider", ["google", "outlook"])
def test_client_connects_and_comes_back_to_their_page(
    sandbox, visitor, northgate, invitation, provider
):
    answer = consent(sandbox, visitor, provider)
    assert (answer.status_code, answer["Location"]) == (302, "/client/calendars")
    assert said(answer) == ["orla@northgate.example is connected."]
    connection = CalendarConnection.objects.get()
    assert (connection.client, connection.provider) == (northgate, provider)
    assert connection.is_booking
    page = visitor.get("/client/calendars").text
    assert "orla@northgate.example" in page
    row = OAuthTokenAccessLog.objects.get()
    assert (row.reason, row.actor_kind) == (AccessReason.OAUTH_CONNECT, ActorKind.CLIENT)
    assert (row.actor_id, row.actor_name) == (str(invitation.pk), "desk@northgate.example")
    assert row.address == "127.0.0.1"


def test_zoom_is_connected_where_the_plan_has_it(sandbox, visitor, northgate, workspace):
    change_plan(workspace_id=workspace.pk, tier=Tier.ADVANCED, by=None)
    consent(sandbox, visitor, "zoom")
    assert ZoomConnection.objects.get().client == northgate


def test_what_the_plan_lacks_is_not_offered_and_the_plan_not_named(
    sandbox, visitor, workspace, northgate
):
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    consent(sandbox, visitor)
    page = visitor.get("/client/calendars").text
    assert "/client/connect/" not in page
    assert "Standard" not in page
    assert visitor.get("/client/connect/outlook")["Location"] == "/client/calendars"
    assert not OAuthFlow.objects.filter(provider="outlook").exists()


def test_state_keeps_the_shape_of_the_source_document(sandbox, visitor, northgate):
    begun = visitor.get("/client/connect/google")
    parts = parse_qs(urlsplit(begun["Location"]).query)["state"][0].split(":")
    assert parts[:2] == [str(northgate.pk), "google"]
    assert OAuthFlow.objects.get().started_by is None


def test_callback_asks_for_the_right_again(
    sandbox, visitor, invitation, membership, northgate, sign_in, alice
):
    begun = visitor.get("/client/connect/google")
    back = sandbox.consent(begun["Location"], email="orla@northgate.example")
    back = back.removeprefix("http://testserver")
    # Neither a member nor another browser of the same invitation finishes it.
    assert sign_in(alice).get(back).status_code == 404
    assert sandbox.calls("google.token") == []
    client_access.revoke_invitation(
        by=membership, client=northgate, invitation_id=invitation.pk, now=timezone.now()
    )
    assert visitor.get(back).status_code == 404
    assert sandbox.calls("google.token") == []
    assert not CalendarConnection.objects.exists()


def test_link_closed_while_the_provider_answers_keeps_nothing(
    sandbox, visitor, invitation, membership, northgate
):
    """The callback had asked already; what was granted is given back at the provider."""
    begun = visitor.get("/client/connect/google")
    back = sandbox.consent(begun["Location"], email="orla@northgate.example")
    said_back = parse_qs(urlsplit(back).query)
    as_asked = ClientInvitation.objects.select_related("client", "workspace").get()
    client_access.revoke_invitation(
        by=membership, client=northgate, invitation_id=invitation.pk, now=timezone.now()
    )
    with pytest.raises(oauth.FlowFailed) as failed:
        oauth.finish_flow(
            provider="google",
            answer=oauth.Answer(said_back["state"][0], said_back["code"][0], ""),
            invitation=as_asked,
            binding=visitor.cookies[COOKIE].value,
            actor=Actor(kind=ActorKind.CLIENT, id=str(invitation.pk), name=invitation.email),
            now=timezone.now(),
        )
    assert "closed meanwhile" in failed.value.error.message
    assert not CalendarConnection.objects.exists()
    assert len(sandbox.calls("google.revoke")) == 1
    assert OAuthTokenAccessLog.objects.get().reason == AccessReason.OAUTH_REVOKE


def test_log_page_tells_a_clients_person_from_a_member(sandbox, visitor, sign_in, alice):
    consent(sandbox, visitor)
    assert "desk@northgate.example (by invitation)" in sign_in(alice).get("/audit").text


def test_callback_in_another_browser_of_the_same_link_is_refused(sandbox, visitor, invitation):
    from django.test import Client as Browser

    begun = visitor.get("/client/connect/google")
    back = sandbox.consent(begun["Location"], email="orla@northgate.example")
    other = entered(Browser(), invitation)
    answer = other.get(back.removeprefix("http://testserver"))
    assert answer["Location"] == "/client/calendars"
    assert "was not started here" in said(answer)[0]
    assert sandbox.calls("google.token") == []


def test_members_flow_is_not_finished_by_a_visit(sandbox, visitor, northgate, sign_in, alice):
    begun = sign_in(alice).get(f"/oauth/google/start?client={northgate.pk}")
    back = sandbox.consent(begun["Location"], email="orla@northgate.example")
    answer = visitor.get(back.removeprefix("http://testserver"))
    assert "/accounts/login/" in answer["Location"]
    assert sandbox.calls("google.token") == []


def test_denied_consent_is_said_on_the_clients_page(sandbox, visitor):
    answer = consent(sandbox, visitor, deny=True)
    assert answer["Location"] == "/client/calendars"
    assert said(answer) == ["Google was not connected: the access was not allowed."]


def test_disconnecting_asks_first_and_is_logged(sandbox, visitor, invitation):
    consent(sandbox, visitor)
    connection = CalendarConnection.objects.get()
    address = reverse("portal:disconnect", args=[connection.pk])
    assert "Disconnect orla@northgate.example?" in visitor.get(address).text
    assert CalendarConnection.objects.exists()
    answer = visitor.post(address)
    assert answer["Location"] == "/client/calendars"
    assert not CalendarConnection.objects.exists()
    row = OAuthTokenAccessLog.objects.order_by("seq").last()
    assert (row.reason, row.actor_name) == (AccessReason.OAUTH_REVOKE, invitation.email)


def test_client_chooses_what_counts_and_where_bookings_go(visitor, client_owner):
    connection = make_connection(client_owner)
    first, second = make_calendar(connection, "One"), make_calendar(connection, "Two")
    answer = visitor.post(
        "/client/calendars",
        {"offered": [first.pk, second.pk], "busy": [second.pk], "write": second.pk},
    )
    assert answer["Location"] == "/client/calendars"
    counts = dict(Calendar.objects.values_list("name", "counts_as_busy"))
    assert counts == {"One": False, "Two": True}
    assert CalendarConnection.objects.get().is_booking


# --- Hours ---


def test_client_sets_hours_and_zone(visitor, northgate):
    sent = {"zone": "Europe/Dublin", "monday-enabled": "1", "monday-from": "10:00"}
    sent["monday-until"] = "12:00"
    answer = visitor.post("/client/hours", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/client/hours")
    northgate.refresh_from_db()
    assert northgate.timezone == "Europe/Dublin"
    assert northgate.availability_settings["monday"]["start"] == "10:00"


def test_wrong_hours_come_back_as_typed(visitor, northgate):
    sent = {"zone": "Europe/Dublin", "monday-enabled": "1", "monday-from": "12:00"}
    answer = visitor.post("/client/hours", {**sent, "monday-until": "10:00"})
    assert answer.status_code == 422
    assert 'value="12:00"' in answer.text
    northgate.refresh_from_db()
    assert northgate.timezone == "Europe/Berlin"


# --- What they see, and what not ---


def test_overview_names_links_meetings_and_what_waits(visitor, client_link, clock):
    book(client_link)
    asked = make_link(
        ClientOwner(client=client_link.client, workspace=client_link.workspace),
        slug="asked", title="Second look", requires_approval=True, is_active=False,
    )  # fmt: skip
    page = visitor.get("/client").text
    assert "Ann Other" in page
    assert f"/book/{client_link.slug}" in page
    assert asked.title in page
    assert "No calendar is connected" in page


def test_standing_is_asked_for_separately(visitor, client_link):
    page = visitor.get("/client?check=1").text
    assert "Guests can book Northgate now." in page


@pytest.fixture
def client_link(clock, client_owner):
    return make_link(client_owner)


def test_meetings_upcoming_and_past(visitor, client_link, clock):
    held = book(client_link)
    assert "Ann Other" in visitor.get("/client/meetings").text
    assert "Ann Other" not in visitor.get("/client/meetings?period=past").text
    detail = visitor.get(reverse("portal:meeting", args=[held.pk])).text
    assert re.findall(r'aria-current="page">(\w+)<', detail) == ["Meetings"]
    assert "ann@tallship.example" in detail
    with time_machine.travel(NOW + timedelta(hours=30), tick=False):
        fresh = ClientVisit.objects.update(expires_at=NOW + timedelta(days=3))
        assert fresh == 1
        assert "Ann Other" in visitor.get("/client/meetings?period=past").text


def said_to(found):
    return {MeetingState(one.state) for one in [type(found).objects.get(pk=found.pk)]}


def say(browser, meeting, verb, **typed):
    return browser.post(reverse(f"portal:meeting_{verb}", args=[meeting.pk]), typed)


def test_client_cancels_with_a_message(visitor, client_link, clock):
    held = book(client_link)
    asked = visitor.get(reverse("portal:meeting_cancel", args=[held.pk]))
    assert "Cancel this meeting?" in asked.text
    assert said_to(held) == {MeetingState.CONFIRMED}
    answer = say(visitor, held, "cancel", message="The pump broke.")
    assert answer["Location"] == reverse("portal:meeting", args=[held.pk])
    held.refresh_from_db()
    assert (held.state, held.cancel_reason) == (MeetingState.CANCELLED, "The pump broke.")
    assert held.cancelled_by == Party.OWNER
    change = MeetingChange.objects.get(meeting_id=held.pk, kind=ChangeKind.CANCELLED)
    assert (change.by, change.name) == (Party.OWNER, "Northgate")
    assert change.message == "The pump broke."


@pytest.mark.parametrize(
    ("verb", "state"),
    [("approve", MeetingState.CONFIRMED), ("decline", MeetingState.DECLINED)],
)
def test_client_answers_a_request(visitor, client_owner, clock, verb, state):
    asked = book(make_link(client_owner, slug="asks", requires_approval=True))
    assert asked.state == MeetingState.REQUESTED
    assert "1 request waits for an answer." in visitor.get("/client").text
    page = visitor.get(reverse("portal:meeting", args=[asked.pk])).text
    assert reverse(f"portal:meeting_{verb}", args=[asked.pk]) in page
    assert visitor.get(reverse(f"portal:meeting_{verb}", args=[asked.pk])).status_code == 200
    assert say(visitor, asked, verb).status_code == 302
    assert said_to(asked) == {state}


def test_answer_that_does_not_fit_any_more_is_said(visitor, client_link, clock):
    held = book(client_link)
    answer = say(visitor, held, "decline", message="Kept words")
    assert answer.status_code == 409
    assert "confirmed already" in answer.text
    assert "Kept words" in answer.text
    assert said_to(held) == {MeetingState.CONFIRMED}


def test_message_that_is_too_long_comes_back(visitor, client_link, clock):
    held = book(client_link)
    answer = say(visitor, held, "cancel", message="x" * 20_000)
    assert answer.status_code == 422
    assert said_to(held) == {MeetingState.CONFIRMED}


def test_link_of_another_client_shows_nothing_of_this_one(client, membership, workspace, rows):
    other = make_client(workspace, "Southgate")
    visitor = entered(client, invite(membership, other, "s@south.example"))
    meeting, connection = rows[Meeting], rows[CalendarConnection]
    named = [(f"meeting{verb}", meeting.pk) for verb in ("", "_approve", "_decline", "_cancel")]
    for name, pk in (*named, ("disconnect", connection.pk)):
        address = reverse(f"portal:{name}", args=[pk])
        assert visitor.get(address).status_code == 404
        assert visitor.post(address).status_code in {404, 405}
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CONFIRMED
    again = f"/client/connect/google?again={connection.pk}"
    assert visitor.get(again).status_code == 404
    calendar = make_calendar(connection)
    posted = visitor.post("/client/calendars", {"write": calendar.pk})
    assert posted.status_code == 404
    for page in pages():
        text = visitor.get(page).text
        for word in (meeting.client.name, "alice@example.com", connection.connected_email):
            assert word not in text, (page, word)


@pytest.fixture
def rows(workspace, alice):
    return make_rows(workspace, alice)


def test_visit_opens_no_address_but_the_clients_own(visitor, rows):
    """Every route of ours, with real objects of the same workspace, by the client's person."""
    visitor.raise_request_exception = False
    known = {
        **parts_of(rows),
        "provider": ["google"],
        "token": ["x" * 43],
        "kind": ["confirmation"],
        "language": ["en"],
    }
    for route, name, names in OUR_ROUTES:
        if name.startswith("portal:") or name in OPEN_TO_ALL:
            continue
        address = filled(route, {part: known[part][0] for part in names if part in known})
        for method in METHODS:
            answer = getattr(visitor, method)(address)
            if answer.status_code in {301, 302} and "/accounts/login/" not in answer.url:
                answer = visitor.get(answer.url)
            signed_out = answer.status_code == 302 and "/accounts/login/" in answer.url
            assert signed_out or answer.status_code in {401, 403, 404, 405}, (address, method)


def test_visit_reads_no_busy_times_by_id(visitor, northgate):
    query = f"client_id={northgate.pk}&duration=30&from=2031-03-03&to=2031-03-04"
    answer = visitor.get(f"/api/v1/booking/availability?{query}")
    assert answer.status_code in {401, 403, 404}


def test_member_and_visit_live_side_by_side(sandbox, sign_in, alice, bob, membership, northgate):
    """One browser: the member's session and the client's visit, neither with the other's power."""
    browser = sign_in(bob)
    entered(browser, invite(membership, northgate))
    consent(sandbox, browser)
    assert OAuthTokenAccessLog.objects.get().actor_kind == ActorKind.CLIENT
    assert browser.get("/calendar/connections").status_code == 200
    begun = browser.get(f"/oauth/outlook/start?client={northgate.pk}")
    back = sandbox.consent(begun["Location"], email="two@northgate.example")
    answer = browser.get(back.removeprefix("http://testserver"))
    assert answer["Location"] == f"/workspace/{northgate.pk}/client-info"
    last = OAuthTokenAccessLog.objects.order_by("seq").last()
    assert (last.actor_kind, last.actor_id) == (ActorKind.USER, str(bob.pk))
    browser.post(reverse("portal:leave"))
    assert browser.get("/calendar/connections").status_code == 200


def test_member_without_a_visit_sees_no_clients_page(sign_in, alice, invitation):
    browser = sign_in(alice)
    for page in pages():
        assert browser.get(page).status_code == 404


# --- The staff's side ---


@pytest.fixture
def desk(sign_in, alice):
    return sign_in(alice)


def test_member_invites_the_primary_contact(desk, northgate):
    address = reverse("booking:client_invite", args=[northgate.pk])
    assert 'value="desk@northgate.example"' in desk.get(address).text
    answer = desk.post(address, {"email": "desk@northgate.example"})
    assert answer.status_code == 302
    outbox.sweep()
    assert [message.to for message in mail.outbox] == [["desk@northgate.example"]]
    page = desk.get(reverse("booking:client_info", args=[northgate.pk])).text
    assert "not opened yet" in page
    assert "Not the primary contact" not in page


def test_card_says_opened_closed_and_sent_elsewhere(desk, membership, northgate, client):
    first = invite(membership, northgate, "other@northgate.example")
    entered(client, first)
    info = reverse("booking:client_info", args=[northgate.pk])
    page = desk.get(info).text
    assert "Opened once." in page
    assert "Not the primary contact" in page
    desk.post(reverse("booking:client_revoke", args=[northgate.pk, first.pk]))
    assert "Closed by Alice" in desk.get(info).text
    assert client.get("/client").status_code == 404


def test_failed_mail_is_seen(desk, invitation, northgate):
    OutboxMessage.objects.update(state="failed")
    page = desk.get(reverse("booking:client_info", args=[northgate.pk])).text
    assert "The mail was not sent" in page


def test_mail_that_came_back_is_seen_until_the_link_was_opened(desk, invitation, northgate):
    SentMail.objects.create(
        kind="workspaces.client_invitation",
        workspace_id=invitation.workspace_id,
        about_kind="client_invitation",
        about_id=invitation.pk,
        recipient=invitation.email,
        key_digest="k",
        message_id="k@meridian.example",
        state="bounced",
        detail="The mailbox is full.",
    )
    info = reverse("booking:client_info", args=[northgate.pk])
    assert "The mail did not arrive. The mailbox is full." in desk.get(info).text
    ClientInvitation.objects.update(opened_at=timezone.now())
    assert "did not arrive" not in desk.get(info).text


def test_sending_again_makes_a_new_link(desk, invitation, northgate):
    desk.post(reverse("booking:client_invite_again", args=[northgate.pk, invitation.pk]))
    newest = ClientInvitation.objects.order_by("-created_at").first()
    assert newest.pk != invitation.pk
    assert newest.email == invitation.email


def test_sending_is_limited(desk, northgate):
    address = reverse("booking:client_invite", args=[northgate.pk])
    statuses = [
        desk.post(address, {"email": "desk@northgate.example"}).status_code for _ in range(6)
    ]
    assert statuses == [302] * 5 + [422]
    assert ClientInvitation.objects.count() == 5


def test_another_workspaces_client_cannot_be_invited(charlie_membership, northgate):
    from common.errors import NotFound

    with pytest.raises(NotFound):
        invite(charlie_membership, northgate)
    assert not ClientInvitation.objects.exists()


def test_owner_of_member_is_untouched_by_the_clients_hours(visitor, alice, workspace):
    before = owner_of_user(alice, workspace).availability
    visitor.post("/client/hours", {"zone": "Asia/Tokyo"})
    assert owner_of_user(alice, workspace).availability == before


SPOKEN = {
    "de": ("Übersicht", "Nächste Termine", "Verfügbarkeit", "Kein Kalender verbunden", "Montag"),
    "fr": (
        "Vue d\u2019ensemble",
        "Prochains rendez-vous",
        "Disponibilités",
        "Aucun agenda",
        "Lundi",
    ),
    "es": ("Resumen", "Próximas reuniones", "Disponibilidad", "Ningún calendario", "Lunes"),
}


@pytest.mark.parametrize("lang", SPOKEN)
def test_pages_speak_the_language_of_the_clients_browser(client, invitation, lang):
    reader = {"Accept-Language": f"{lang}-XX,{lang};q=0.9,en;q=0.5"}
    opened = client.get(link_of(invitation), headers=reader)
    assert opened.headers["Content-Language"] == lang
    entered(client, invitation)
    home, card = (client.get(page, headers=reader) for page in ("/client", "/client/hours"))
    calendars = client.get(reverse("portal:calendars"), headers=reader).text
    overview, upcoming, hours, none, monday = SPOKEN[lang]
    for page in (home, card):
        assert f'<html lang="{lang}"' in page.text
        assert overview in page.text
        assert "Accept-Language" in page.headers["Vary"]
    assert upcoming in home.text
    assert hours in card.text
    assert monday in card.text
    assert none in calendars
    left = client.post(reverse("portal:leave"), headers=reader)
    assert left.headers["Content-Language"] == lang


def test_a_chosen_language_stays_and_the_foot_switches(visitor):
    german = {"Accept-Language": "de"}
    page = visitor.get("/client?lang=fr", headers=german)
    assert "Vue d\u2019ensemble" in page.text
    assert 'href="/client?lang=es"' in page.text
    assert "Vue d\u2019ensemble" in visitor.get("/client", headers=german).text
    again = visitor.get("/client?lang=en", headers=german)
    assert "Overview" in again.text
    assert "Overview" in visitor.get("/client?lang=tlh", headers=german).text
    visitor.cookies["meridian_client_language"] = "<b>"
    assert "Übersicht" in visitor.get("/client", headers=german).text


def test_an_answer_is_confirmed_in_the_language_and_staff_read_english(
    visitor, client_owner, clock, sign_in, alice
):
    asked = book(make_link(client_owner, slug="asked", requires_approval=True))
    german = {"Accept-Language": "de"}
    page = visitor.get(reverse("portal:meeting_approve", args=[asked.pk]), headers=german)
    assert "Diesen Termin bestätigen?" in page.text
    answer = visitor.post(page.wsgi_request.path, {"message": ""}, headers=german)
    assert said(answer)[-1].startswith("Der Termin ist bestätigt.")
    staff = sign_in(alice).get(reverse("booking:meetings"), headers=german)
    assert "Meetings" in staff.text
    assert "Termine" not in staff.text


def test_a_closed_link_says_so_in_the_language(client):
    answer = client.get(reverse("portal:open", args=["x" * 43]), headers={"Accept-Language": "es"})
    assert answer.status_code == 404
    assert "Este enlace no está abierto" in answer.text


CARD = {
    "de": ("4 h Vorlauf", "höchstens 2 am Tag", "Montag: Das Ende muss nach dem Beginn liegen."),
    "fr": ("préavis de 4 h", "2 par jour au plus", "Lundi: La fin doit être après le début."),
    "es": (
        "4 h de antelación",
        "2 al día como máximo",
        "Lunes: El final debe ser posterior al inicio.",
    ),
}


@pytest.mark.parametrize("lang", CARD)
def test_facts_of_links_and_faults_of_hours_speak_the_language(visitor, client_owner, clock, lang):
    make_link(client_owner, slug="said", notice_minutes=240, max_per_day=2)
    reader = {"Accept-Language": lang}
    notice, most, fault = CARD[lang]
    zone_select = visitor.get("/client/hours", headers=reader).text
    assert {"de": ", jetzt ", "fr": ", il est ", "es": ", ahora "}[lang] in zone_select
    home = visitor.get("/client", headers=reader).text
    assert f"<span>{notice}</span>" in home
    assert f"<span>{most}</span>" in home
    wrong = {
        "zone": "Europe/Berlin",
        "monday-enabled": "on",
        "monday-from": "17:00",
        "monday-until": "09:00",
    }
    answer = visitor.post(reverse("portal:hours"), wrong, headers=reader)
    assert answer.status_code == 422
    assert fault in " ".join(re.sub(r"<[^>]+>", "", answer.text).split())

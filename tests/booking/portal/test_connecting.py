"""A client connects their calendars and sets their hours, without an account of ours."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.actors import Actor
from audit.enums import AccessReason, ActorKind
from audit.models import OAuthTokenAccessLog
from calendars.models import Calendar, CalendarConnection, OAuthFlow
from calendars.services import oauth
from conferencing.models import ZoomConnection
from tests.booking.portal.conftest import consent, entered, said
from tests.factories import make_calendar, make_connection
from workspaces.client_guard import COOKIE
from workspaces.enums import Tier
from workspaces.models import ClientInvitation
from workspaces.services import client_access
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db


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

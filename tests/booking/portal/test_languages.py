"""A client's own pages in the language of their browser."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tests.booking.conftest import book, make_link
from tests.booking.portal.conftest import entered, link_of, said

pytestmark = pytest.mark.django_db
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

"""Whom a few letters find, in what order, and whom they never find."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit.models import OAuthTokenAccessLog
from booking.models import Contact, SalesProspect
from calendars import people
from calendars.enums import Acquaintance, Visibility
from calendars.models import CalendarShare
from calendars.people import Person, best, read_typed
from calendars.services.people import find_people
from common.errors import Forbidden
from tests.factories import (
    make_calendar,
    make_client,
    make_connection,
    make_event,
    make_member,
    make_user,
)
from workspaces.enums import Role

NOW = datetime(2026, 11, 18, 14, 20, tzinfo=UTC)
PEOPLE = "/calendar/people"
API = "/api/v1/calendar/people"


def guest(email, name="", **fields):
    return {
        "email": email, "name": name, "response": "accepted", "is_optional": False,
        "is_organizer": False, "is_self": False, **fields,
    }  # fmt: skip


@pytest.fixture
def find(membership, actor):
    """Call it with letters: the addresses they find for alice."""

    def found(typed, whose=membership):
        rows = find_people(membership=whose, typed=typed, actor=actor, session_key="s", now=NOW)
        return [one.email for one in rows]

    return found


@pytest.fixture
def own(user_owner):
    return make_calendar(make_connection(user_owner))


# --- Who is found ---


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["tomás", "TOMÁS", "Brandt", "brandt tom", "t.brandt", "  tom "])
def test_colleagues_are_found_by_name_and_address(find, workspace, typed):
    make_member(workspace, make_user("Tomás Brandt", email="t.brandt@acme.example"))
    assert find(typed) == ["t.brandt@acme.example"]


@pytest.mark.django_db
def test_contacts_clients_prospects_and_former_guests_are_found(find, workspace, northgate, own):
    northgate.primary_contact_name = "Kim Lowe"
    northgate.save()
    Contact.objects.create(
        workspace=workspace, client=northgate, name="Kim Contact", email="kim1@x.example"
    )
    SalesProspect.objects.create(workspace=workspace, name="Kim Prospect", email="kim2@x.example")
    make_event(own, start=NOW, attendees=[guest("kim3@x.example", "Kim Guest")])
    assert sorted(find("kim")) == [
        "desk@northgate.example", "kim1@x.example", "kim2@x.example", "kim3@x.example",
    ]  # fmt: skip


@pytest.mark.django_db
def test_client_is_found_by_its_own_name(find, northgate):
    assert find("northg") == ["desk@northgate.example"]


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "k", " k ", "%", "__", "\x00\x00", "nobody", "kim nobody"])
def test_too_few_letters_and_others_find_nobody(find, workspace, typed):
    SalesProspect.objects.create(workspace=workspace, name="Kim", email="kim@x.example")
    assert find(typed) == []


@pytest.mark.django_db
def test_nobody_finds_themself(find, own):
    make_event(own, start=NOW, attendees=[guest("alice@example.com", "Alice", is_self=True)])
    assert find("alice") == []


@pytest.mark.django_db
def test_who_is_known_in_several_ways_stands_there_once_as_the_closest(
    membership, actor, workspace, northgate, bob, own
):
    Contact.objects.create(workspace=workspace, client=northgate, name="Bobby", email=bob.email)
    make_event(own, start=NOW, attendees=[guest(bob.email.upper(), "B.")])
    (one,) = find_people(membership=membership, typed="bob", actor=actor, session_key="s", now=NOW)
    assert (one.name, one.kind, one.met_at) == ("Bob", Acquaintance.MEMBER, NOW)


# --- Who is never found ---


@pytest.mark.django_db
def test_people_of_another_workspace_are_never_found(
    find, workspace, other_workspace, charlie, charlie_membership
):
    theirs = make_client(
        other_workspace, "Kim & Co", primary_contact_name="Kim", primary_contact_email="k@y.example"
    )
    Contact.objects.create(
        workspace=other_workspace, client=theirs, name="Kim", email="kim1@y.example"
    )
    SalesProspect.objects.create(workspace=other_workspace, name="Kim", email="kim2@y.example")
    make_member(other_workspace, make_user("Kim", email="kim3@y.example"))
    assert find("kim") == []
    assert len(find("kim", charlie_membership)) == 4


@pytest.mark.django_db
@pytest.mark.parametrize("level", [None, "busy", "details", "edit"])
def test_guests_of_a_colleagues_events_are_not_told(find, bob_owner, level):
    theirs = make_calendar(make_connection(bob_owner))
    if level:
        CalendarShare.objects.create(calendar=theirs, level=level)
    make_event(theirs, start=NOW, attendees=[guest("kim@secret.example", "Kim")])
    private = Visibility.PRIVATE
    make_event(theirs, start=NOW, visibility=private, attendees=[guest("kim2@secret.example")])
    assert find("kim") == []


@pytest.mark.django_db
def test_guests_of_a_clients_events_are_found(find, client_owner):
    theirs = make_calendar(make_connection(client_owner))
    make_event(theirs, start=NOW, attendees=[guest("kim@osprey.example", "Kim")])
    assert find("kim") == ["kim@osprey.example"]


@pytest.mark.django_db
def test_guests_of_deleted_events_are_forgotten(find, own):
    make_event(own, start=NOW, deleted_at=NOW, attendees=[guest("kim@osprey.example", "Kim")])
    assert find("kim") == []


@pytest.mark.django_db
def test_auditor_finds_nobody(sign_in, workspace, bob, membership, actor):
    auditor = make_user("Noor")
    row = make_member(workspace, auditor, role=Role.AUDITOR)
    with pytest.raises(Forbidden):
        find_people(membership=row, typed="bob", actor=actor, session_key="s", now=NOW)
    browser = sign_in(auditor)
    assert browser.get(PEOPLE, {"q": "bob"}).status_code == 404
    assert browser.get(API, {"q": "bob"}).status_code == 403


# --- In what order ---


def person(email, name="", kind=Acquaintance.CONTACT, met_days_ago=None):
    met_at = None if met_days_ago is None else NOW - timedelta(days=met_days_ago)
    return Person(email, name, kind, met_at=met_at)


def test_beginnings_come_first_and_who_was_met_last_before_others():
    found = [
        person("x@kimono.example", "Otto"),
        person("kim.late@x.example", ""),
        person("a@x.example", "Anna Kimber"),
        person("b@x.example", "Kim Old", met_days_ago=90),
        person("c@x.example", "Kim Never"),
        person("d@x.example", "Kim Lately", met_days_ago=1),
        person("e@x.example", "Kim Near", Acquaintance.MEMBER),
    ]
    typed = read_typed("Kim")
    order = ["d", "b", "e", "c", "a", "kim.late", "x"]
    assert [one.email.split("@")[0] for one in best(found, typed, {})] == order


def test_last_meeting_is_taken_from_the_calendars_too():
    found = [person("a@x.example", "Kim A", met_days_ago=5), person("B@x.example", "Kim B")]
    met = {"b@x.example": NOW - timedelta(days=2)}
    assert [one.name for one in best(found, read_typed("kim"), met)] == ["Kim B", "Kim A"]


NAMES = st.sampled_from(["Kim", "kim lowe", "Akim", "Jo", "", "KIM"])
SOMEBODY = st.builds(
    Person,
    email=st.sampled_from([f"{name}@x.example" for name in ("kim", "KIM", "a", "b", "c.kim")]),
    name=NAMES,
    kind=st.sampled_from(Acquaintance),
    met_at=st.none() | st.just(NOW),
)


@given(found=st.lists(SOMEBODY, max_size=30), typed=st.sampled_from(["ki", "KIM", "kim lo"]))
def test_nobody_stands_there_twice_and_the_order_of_sources_is_no_matter(found, typed):
    wanted = read_typed(typed)
    ranked = best(found, wanted, {})
    addresses = [one.email.lower() for one in ranked]
    assert len(set(addresses)) == len(addresses) <= people.MOST
    again = [one.email.lower() for one in best(reversed(found), wanted, {})]
    assert again == addresses
    texts = [f"{one.name} {one.email}".casefold() for one in ranked]
    assert all(word in text for text in texts for word in wanted.words)


@pytest.mark.django_db
def test_at_most_eight_are_offered(find, workspace):
    for number in range(60):
        SalesProspect.objects.create(
            workspace=workspace, name=f"Akim {number:02}", email=f"a{number}@x.example"
        )
    SalesProspect.objects.create(workspace=workspace, name="Kim", email="z@x.example")
    found = find("kim")
    assert (len(found), found[0]) == (people.MOST, "z@x.example")


# --- What it costs, and what is written down ---


@pytest.mark.django_db
def test_queries_do_not_grow_with_people(find, workspace, northgate, own):
    def add(number):
        make_member(workspace, make_user(f"Kim {number}"))
        Contact.objects.create(
            workspace=workspace,
            client=northgate,
            name=f"Kim C{number}",
            email=f"c{number}@x.example",
        )
        make_event(own, start=NOW, attendees=[guest(f"kim{number}@x.example")])

    add(1)
    find("kim")
    with CaptureQueriesContext(
        database,
    ) as few:
        find("kim")
    for number in range(2, 6):
        add(number)
    with CaptureQueriesContext(database) as many:
        find("kim")
    assert len(many) == len(few) <= 9


@pytest.mark.django_db(transaction=True)
def test_reading_guests_is_logged_once_in_a_while(find, own, workspace):
    find("kim")
    find("kims")
    rows = OAuthTokenAccessLog.objects.filter(workspace_id=workspace.pk)
    assert [(row.connection_id, row.outcome) for row in rows] == [
        (own.user_connection_id, "mirror")
    ]


# --- The list and the API ---


@pytest.mark.django_db
def test_list_of_the_dialog_shows_names_as_text(sign_in, alice, workspace):
    SalesProspect.objects.create(workspace=workspace, name='Kim "<b>" Lowe', email="kim@x.example")
    page = sign_in(alice).get(PEOPLE, {"q": "kim"}).text
    assert 'data-email="kim@x.example"' in page
    assert "Kim &quot;&lt;b&gt;&quot; Lowe" in page
    assert "<b>&quot;" not in page
    assert page.count('role="option"') == 1
    assert sign_in(alice).get(PEOPLE, {"q": "k"}).text.strip() == ""


@pytest.mark.django_db
def test_api_tells_who_is_meant(sign_in, alice, northgate, workspace):
    Contact.objects.create(
        workspace=workspace, client=northgate, name="Kim Lowe", email="kim@x.example"
    )
    assert sign_in(alice).get(API, {"q": "kim"}).json() == [
        {
            "email": "kim@x.example", "name": "Kim Lowe", "kind": "contact",
            "organisation": "Northgate",
        }
    ]  # fmt: skip
    assert sign_in(alice).get(API).status_code == 400
    assert sign_in(alice).get(API, {"q": "x" * 101}).status_code == 400

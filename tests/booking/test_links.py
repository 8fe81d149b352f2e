"""Links as people make them: every wrong value is refused by its field."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction

from booking.access import link_for, open_link
from booking.errors import LinkClosed
from booking.models import BookingLink, Meeting, SalesMeeting
from booking.services.links import LinkData, delete_link, save_link, set_active
from booking.services.names import suggest_slug
from common.errors import InvalidInput, NotFound
from tests.booking.conftest import book

pytestmark = pytest.mark.django_db

GOOD = LinkData(title="Intro call", slug="intro-call")


def test_a_link_is_made_for_its_owner_and_changed(owner):
    link = save_link(owner=owner, link=None, data=GOOD)
    assert (link.owner_kind, link.owner_id, link.workspace) == (
        owner.kind,
        owner.id,
        owner.workspace,
    )
    assert link.is_active
    changed = save_link(
        owner=owner,
        link=link,
        data=replace(
            GOOD,
            title="  Second   call ",
            durations=(45, 15),
            max_per_day=3,
            questions=({"key": "a", "label": "A?"},),
        ),
    )
    changed.refresh_from_db()
    assert (changed.pk, changed.title, changed.durations) == (link.pk, "Second call", [45, 15])
    assert changed.questions == [{"key": "a", "label": "A?", "kind": "text", "required": False}]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"slug": "a"}, "slug"),
        ({"slug": "x" * 61}, "slug"),
        ({"slug": "-intro"}, "slug"),
        ({"slug": "in tro"}, "slug"),
        ({"slug": "../admin"}, "slug"),
        ({"slug": "intrö"}, "slug"),
        ({"slug": "API"}, "slug"),
        ({"slug": "calendar"}, "slug"),
        ({"durations": ()}, "durations"),
        ({"durations": (0,)}, "durations"),
        ({"durations": (30, 30)}, "durations"),
        ({"durations": (30, True)}, "durations"),
        ({"durations": tuple(range(10, 80, 10))}, "durations"),
        ({"step_minutes": 0}, "step_minutes"),
        ({"buffer_before_minutes": -1}, "buffer_before_minutes"),
        ({"buffer_after_minutes": 10_000}, "buffer_after_minutes"),
        ({"notice_minutes": -5}, "notice_minutes"),
        ({"horizon_days": 0}, "horizon_days"),
        ({"horizon_days": 366}, "horizon_days"),
        ({"max_per_day": 0}, "max_per_day"),
        ({"max_per_week": -1}, "max_per_week"),
        ({"conference": "skype"}, "conference"),
        ({"degraded_mode": "guess"}, "degraded_mode"),
        ({"hue": "neon"}, "hue"),
        ({"description": "x" * 2001}, "description"),
        ({"questions": ({"key": "A b", "label": "x"},)}, "questions[0].key"),
        ({"questions": ({"key": "a", "label": ""},)}, "questions[0].label"),
        ({"questions": ({"key": "a", "label": "x", "evil": 1},)}, "questions[0].evil"),
        ({"questions": ({"key": "a", "label": "x", "kind": "choice"},)}, "questions[0].choices"),
        ({"questions": ({"key": "a", "label": "x"},) * 2}, "questions[1].key"),
        ({"availability_settings": {"monday": {}}}, "availability_settings.monday.enabled"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field(client_owner, change, field):
    with pytest.raises(InvalidInput) as refusal:
        save_link(owner=client_owner, link=None, data=replace(GOOD, **change))
    assert refusal.value.field == field
    assert BookingLink.objects.count() == 0


def test_an_address_is_taken_in_any_case_and_any_workspace(client_owner, user_owner):
    BookingLink.objects.create(
        slug="Intro-Call", title="t", workspace=user_owner.workspace, user=user_owner.user
    )
    with pytest.raises(InvalidInput, match="taken") as refusal:
        save_link(owner=client_owner, link=None, data=GOOD)
    assert refusal.value.field == "slug"


def test_a_link_keeps_its_own_address(owner):
    link = save_link(owner=owner, link=None, data=GOOD)
    assert save_link(owner=owner, link=link, data=GOOD).slug == "intro-call"


def test_a_suggested_address_is_free(client_owner):
    assert suggest_slug("Intro call!") == "intro-call"
    save_link(owner=client_owner, link=None, data=GOOD)
    assert suggest_slug("Intro call!") == "intro-call-2"
    for words in ("admin", "ß", ""):
        save_link(
            owner=client_owner, link=None, data=replace(GOOD, slug=suggest_slug(words))
        ).delete()


def test_open_link_knows_any_case_and_only_active_ones(link):
    assert open_link("INTRO") == link
    set_active(link=link, is_active=False)
    for slug in ("intro", "nothing", "nul\x00l", "a/b", ""):
        with pytest.raises(LinkClosed):
            open_link(slug)


def test_meetings_outlive_their_link(link):
    meeting = book(link)
    delete_link(link=link)
    meeting.refresh_from_db()
    assert meeting.link is None
    assert Meeting.objects.count() + SalesMeeting.objects.count() == 1


def test_a_link_belongs_to_exactly_one_owner(client_owner, user_owner):
    for owners in ({}, {"client": client_owner.client, "user": user_owner.user}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BookingLink.objects.create(
                slug="both", title="t", workspace=client_owner.workspace, **owners
            )


def test_strangers_find_no_link_by_id(link, other_workspace):
    assert link_for(link.workspace, link.id) == link
    with pytest.raises(NotFound):
        link_for(other_workspace, link.id)

"""Statements made once: what the ORM reads and writes, on either engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.forms.models import model_to_dict

from booking.models import BookingLink, Contact
from calendars.models import Hold
from calendars.services.holds import holds_of, place_hold
from common.models import OutboxMessage
from common.spans import Span
from common.statements import Insert, Select
from tests.rows import make_rows
from workspaces.models import User
from workspaces.owners import owner_for

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_rows_of_every_kind_of_column_are_read_as_by_the_orm(workspace, alice):
    link = make_rows(workspace, alice)[BookingLink]
    made = Select(lambda pk: BookingLink.objects.filter(pk=pk), pk=UUID)
    (found,) = made.rows(pk=link.pk)
    assert columns(found) == columns(BookingLink.objects.get(pk=link.pk))
    assert found._state.db == "default"
    assert not found._state.adding


def test_a_related_row_comes_along(alice, django_assert_num_queries):
    made = Select(lambda pk: User.objects.select_related("profile").filter(pk=pk), pk=UUID)
    with django_assert_num_queries(1):
        found = made.first(pk=alice.pk)
        assert found.profile.timezone == "Europe/Berlin"
    assert model_to_dict(found) == model_to_dict(alice)


def test_the_same_statement_answers_for_other_values(user_owner, bob_owner):
    for number, owner in enumerate((user_owner, bob_owner, user_owner)):
        start = NOON + number * HOUR
        with transaction.atomic():
            place_hold(owner=owner, span=Span(start, start + HOUR), source="meeting")
    day = Span(NOON, NOON + 3 * HOUR)
    assert holds_of(user_owner, day) == [
        Span(NOON, NOON + HOUR),
        Span(NOON + 2 * HOUR, NOON + 3 * HOUR),
    ]
    assert holds_of(bob_owner, day) == [Span(NOON + HOUR, NOON + 2 * HOUR)]
    assert holds_of(bob_owner, Span(NOON, NOON + HOUR)) == []


def test_a_text_and_a_fixed_value_stand_side_by_side(client_owner):
    kept = {"workspace": client_owner.workspace, "client": client_owner.client}
    ann = Contact.objects.create(name="Ann", email="ann@x.example", **kept)
    Contact.objects.create(name="Ben", email="ben@x.example", **kept)
    made = Select(
        lambda email: Contact.objects.filter(Q(email=email) & ~Q(name="Ben")).values_list("pk"),
        email=str,
    )
    assert made.rows(email="ann@x.example") == [(ann.pk,)]
    assert made.rows(email="ben@x.example") == []


def test_a_value_that_the_query_changes_is_refused():
    """Its place could not be found again."""
    changed = Select(lambda since: Hold.objects.filter(held_from__gt=since + HOUR), since=datetime)
    with pytest.raises(ValueError, match="as it is"):
        changed.rows(since=NOON)


def test_a_value_of_another_kind_is_refused():
    """SQLite would compare text with text, and find nothing."""
    made = Select(lambda pk: Hold.objects.filter(pk=pk), pk=UUID)
    with pytest.raises(TypeError):
        made.rows(pk=str(uuid4()))


def test_rows_are_written_as_by_the_orm(workspace):
    rows = [
        OutboxMessage(
            kind="tests.kind",
            payload={"a": "ü"},
            dedupe_key=f"k{number}",
            workspace_id=workspace.pk,
        )
        for number in range(2)
    ]
    assert Insert(OutboxMessage).run(*rows) == 2
    for row in rows:
        assert columns(OutboxMessage.objects.get(pk=row.pk)) == columns(row)
        row.attempts = 3
        row.save(update_fields=["attempts"])
    assert OutboxMessage.objects.filter(attempts=3, created_at=F("updated_at")).count() == 0


def test_a_broken_rule_is_an_integrity_error(workspace):
    def write(**options):
        row = OutboxMessage(kind="tests.kind", dedupe_key="same", workspace_id=workspace.pk)
        return Insert(OutboxMessage, **options).run(row)

    assert write() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        write()
    assert write(ignore_conflicts=True) == 0
    assert OutboxMessage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_runs_often_sees_what_others_committed(user_owner):
    """PostgreSQL keeps the plan of a statement, never its answer."""
    for name in ("One", "Two", "Three", "Four", "Five"):
        User.objects.filter(pk=user_owner.id).update(name=name)
        assert owner_for("user", user_owner.id, user_owner.workspace).name == name

"""The fixtures keep their own promises."""

from __future__ import annotations

import pytest
from django.db import connection

from common import triggers
from tests.factories import make_calendar, make_connection, make_event
from workspaces.models import Membership


def test_charlie_is_a_stranger(workspace, other_workspace, charlie):
    assert list(Membership.objects.filter(user=charlie).values_list("workspace", flat=True)) == [
        other_workspace.pk
    ]


def test_rows_of_both_modes_can_be_made(owner):
    event = make_event(make_calendar(make_connection(owner)))
    assert event.calendar.connection.owner_id == owner.id


@pytest.mark.django_db(transaction=True)
def test_database_is_emptied_and_its_triggers_come_back(workspace):
    triggers.drop_all()
    triggers.create_all()
    with connection.cursor() as cursor:
        assert "holds" in connection.introspection.table_names(cursor)

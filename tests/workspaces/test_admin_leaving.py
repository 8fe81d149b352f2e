"""Operators' pages and people who leave: nobody is deleted, and what is promised is listed."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from tests.booking.conftest import NINE, book, clock, make_link  # noqa: F401 -- a fixture
from tests.factories import make_user
from workspaces.models import Membership, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(sign_in):
    root = make_user("Root", is_staff=True, is_superuser=True)
    return sign_in(root)


@pytest.fixture
def promised(user_owner, clock):  # noqa: F811 -- a fixture
    book(make_link(user_owner))
    return book(
        make_link(user_owner, slug="ask", requires_approval=True), start=NINE.replace(hour=10)
    )


@pytest.mark.parametrize("model", [Membership, User])
def test_nobody_is_deleted_one_by_one_or_together(operator, promised, alice, membership, model):
    row = membership if model is Membership else alice
    name = model._meta.model_name
    url = reverse(f"admin:workspaces_{name}_delete", args=[row.pk])
    assert [operator.get(url).status_code, operator.post(url, {"post": "yes"}).status_code] == [
        403,
        403,
    ]
    listed = reverse(f"admin:workspaces_{name}_changelist")
    assert "delete_selected" not in operator.get(listed).text
    operator.post(
        listed, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    assert model.objects.filter(pk=row.pk).exists()


def test_membership_lists_what_is_handed_over_first(operator, promised, membership, bob_membership):
    def page(one):
        return operator.get(reverse("admin:workspaces_membership_change", args=[one.pk])).text

    assert "Acme: 1 meeting to come, 1 request to come" in page(membership)
    assert "to come" not in page(bob_membership)


def test_operator_who_switches_somebody_off_hears_what_they_promised(operator, promised, alice):
    url = reverse("admin:workspaces_user_change", args=[alice.pk])
    answer = operator.post(url, {"email": alice.email, "name": alice.name})
    alice.refresh_from_db()
    assert (answer.status_code, alice.is_active) == (302, False)
    said = [str(one) for one in get_messages(answer.wsgi_request)]
    assert "Still promised: Acme: 1 meeting to come, 1 request to come." in said

"""The block list's pages: for owners and admins of the workspace alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking.models import BookingBlock
from booking.services.blocking import block, read_target
from tests.booking.conftest import NOW, book
from tests.factories import make_member, make_user
from workspaces.enums import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(clock, sign_in, alice):
    return sign_in(alice)


@pytest.fixture
def page(workspace):
    return reverse("booking:blocked")


def values():
    return list(BookingBlock.objects.values_list("value", "reason", "added_by"))


def test_somebody_is_added_and_removed(browser, page):
    added = browser.post(page, {"value": "Spam.example", "reason": "Spam <wave>", "ends_on": ""})
    assert (added.status_code, added.url) == (302, page)
    assert values() == [("spam.example", "Spam <wave>", "Alice")]
    shown = browser.get(page)
    assert "Spam &lt;wave&gt;" in shown.text
    row = BookingBlock.objects.get()
    browser.post(reverse("booking:block_delete", args=[row.pk]))
    assert values() == []
    assert "Nobody is blocked" in browser.get(page).text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"value": ""}, "value"),
        ({"value": "0.0.0.0/0"}, "value"),
        ({"value": "spam.example", "ends_on": "2026-11-17"}, "ends_on"),
        ({"value": "spam.example", "ends_on": "soon"}, "ends_on"),
        ({"value": "spam.example", "reason": "x" * 301}, "reason"),
    ],
)
def test_what_is_wrong_is_named_and_kept(browser, page, typed, field):
    answer = browser.post(page, typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert values() == []


@pytest.mark.parametrize(
    ("what", "kept"),
    [("ann@tallship.example", "ann@tallship.example"), ("tallship.example", "tallship.example")],
)
def test_the_booker_of_a_meeting_is_blocked_and_the_meeting_stays(browser, link, what, kept):
    meeting = book(link)
    address = reverse("booking:meeting_block", args=[meeting.pk])
    assert address in browser.get(reverse("booking:meeting_detail", args=[meeting.pk])).text
    assert "Everybody at tallship.example" in browser.get(address).text
    done = browser.post(address, {"what": what, "reason": "Rude"})
    assert done.status_code == 302
    assert values() == [(kept, "Rude", "Alice")]
    before = meeting.state
    meeting.refresh_from_db()
    assert meeting.state == before
    foreign = browser.post(address, {"what": "other.example"})
    assert foreign.status_code == 422


def test_members_and_auditors_have_no_such_pages(sign_in, workspace, link):
    meeting = book(link)
    row = block(
        workspace=workspace, target=read_target("x.example"), added_by="A", today=NOW.date()
    )
    addresses = [
        reverse("booking:blocked"),
        reverse("booking:block_delete", args=[row.pk]),
        reverse("booking:meeting_block", args=[meeting.pk]),
    ]
    for role in (Role.MEMBER, Role.AUDITOR):
        user = make_user(role.label)
        make_member(workspace, user, role=role)
        browser = sign_in(user)
        for address in addresses:
            assert browser.get(address).status_code in {404, 405}
            assert browser.post(address, {"value": "y.example"}).status_code == 404
        shown = browser.get(reverse("booking:meetings"))
        assert reverse("booking:blocked") not in shown.text
    assert BookingBlock.objects.count() == 1


def test_a_list_of_another_workspace_is_not_seen(browser, page, other_workspace):
    row = block(
        workspace=other_workspace,
        target=read_target("theirs.example"),
        added_by="Charlie",
        today=NOW.date(),
    )
    assert "theirs.example" not in browser.get(page).text
    assert browser.post(reverse("booking:block_delete", args=[row.pk])).status_code == 404
    assert BookingBlock.objects.count() == 1


def test_list_needs_no_query_for_each_row(browser, page, workspace, django_assert_max_num_queries):
    def add(number):
        target = read_target(f"x{number}.example")
        block(workspace=workspace, target=target, added_by="A", today=NOW.date())

    add(1)
    with django_assert_max_num_queries(30) as few:
        browser.get(page)
    add(2), add(3)
    with django_assert_max_num_queries(len(few)):
        browser.get(page)

"""Before a member leaves: what they have promised is handed over or called off."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking.errors import LinkClosed
from booking.models import BookingLink, SalesMeeting
from common.errors import Conflict
from tests.booking.conftest import HALF_HOUR, NINE, NOW, book, make_link
from tests.factories import make_member, make_user
from workspaces.enums import Role
from workspaces.models import Membership
from workspaces.services.members import end_membership

pytestmark = pytest.mark.django_db
TEN = NINE + 2 * HALF_HOUR


@pytest.fixture
def browser(sign_in, alice, workspace):
    return sign_in(alice)


@pytest.fixture
def bobs(bob_owner, clock):
    """Bob's link."""
    return make_link(bob_owner, slug="bobs")


def page(membership):
    return reverse("booking:hand_over", args=[membership.pk])


def question(membership):
    return reverse("workspaces:member_remove", args=[membership.pk])


def owners():
    return list(SalesMeeting.objects.order_by("start_at").values_list("user__name", "state"))


def test_membership_stays_while_something_is_promised(browser, membership, bob_membership, bobs):
    book(bobs)
    with pytest.raises(Conflict, match="1 meeting to come"):
        end_membership(by=membership, membership_id=bob_membership.pk, now=NOW)
    asked = browser.get(question(bob_membership))
    assert "1 meeting to come" in asked.text
    assert page(bob_membership) in asked.text
    assert "Remove one member" not in asked.text
    assert browser.post(question(bob_membership)).status_code == 422
    assert Membership.objects.filter(pk=bob_membership.pk).exists()
    assert BookingLink.objects.get(pk=bobs.pk).is_active


def test_what_is_over_or_off_or_a_clients_holds_nobody_back(
    browser, membership, bob_membership, bobs, client_link, clock
):
    book(client_link)
    book(bobs)
    clock.move_to(NINE + 2 * HALF_HOUR)
    end_membership(by=membership, membership_id=bob_membership.pk, now=NINE + 2 * HALF_HOUR)
    assert not Membership.objects.filter(pk=bob_membership.pk).exists()


def test_links_close_with_the_membership(membership, bob_membership, bobs):
    end_membership(by=membership, membership_id=bob_membership.pk, now=NOW)
    assert not BookingLink.objects.get(pk=bobs.pk).is_active
    with pytest.raises(LinkClosed):
        book(bobs)


def test_each_meeting_goes_its_own_way_and_the_member_can_go(
    browser, alice, membership, bob_membership, bobs
):
    first, second = book(bobs), book(bobs, start=TEN)
    asked = make_link_that_asks(bobs)
    third = book(asked, start=TEN + 2 * HALF_HOUR)
    answer = browser.post(
        page(bob_membership),
        {f"to_{first.pk}": alice.pk, f"to_{second.pk}": "cancel", f"to_{third.pk}": "cancel",
         "message": "Bob leaves us."},
    )  # fmt: skip
    assert answer.status_code == 302, answer.text
    assert owners() == [("Alice", "confirmed"), ("Bob", "cancelled"), ("Bob", "declined")]
    assert "Nothing is promised any more" in browser.get(page(bob_membership)).text
    end_membership(by=membership, membership_id=bob_membership.pk, now=NOW)


def make_link_that_asks(link):
    fields = {"workspace": link.workspace, "user": link.user, "durations": [30], "title": "Ask"}
    return BookingLink.objects.create(
        slug="asks", requires_approval=True, notice_minutes=0, conference="none", **fields
    )


def test_who_has_something_else_then_is_told_and_the_others_go_on(
    browser, alice, user_owner, bob_membership, bobs
):
    book(make_link(user_owner, slug="mine"))
    book(bobs), book(bobs, start=TEN)
    answer = browser.post(page(bob_membership), {"hand_all": "1", "all_to": alice.pk})
    assert answer.status_code == 422
    assert "Alice has something else at this time." in answer.text
    assert "1 handed over." in answer.text
    assert sorted(owners()) == [("Alice", "confirmed")] * 2 + [("Bob", "confirmed")]


def test_all_are_called_off_with_one_press(browser, bob_membership, bobs):
    book(bobs), book(bobs, start=TEN)
    assert browser.post(page(bob_membership), {"cancel_all": "1"}).status_code == 302
    assert owners() == [("Bob", "cancelled")] * 2


def test_nothing_chosen_changes_nothing(browser, bob_membership, bobs):
    book(bobs)
    assert browser.post(page(bob_membership), {}).status_code == 422
    assert browser.get(page(bob_membership)).status_code == 200
    assert owners() == [("Bob", "confirmed")]


def test_links_are_paused_in_place(browser, bob_membership, bobs):
    book(bobs)
    browser.post(page(bob_membership), {"pause": "1"})
    assert not BookingLink.objects.get(pk=bobs.pk).is_active
    assert owners() == [("Bob", "confirmed")]


def test_nobody_else_takes_it(browser, bob_membership, bobs, charlie, workspace):
    auditor = make_user("Auditor")
    make_member(workspace, auditor, role=Role.AUDITOR)
    book(bobs)
    for user in (charlie, auditor):
        fields = {"hand_all": "1", "all_to": user.pk}
        assert browser.post(page(bob_membership), fields).status_code == 422
    assert owners() == [("Bob", "confirmed")]


def test_only_who_may_remove_sees_the_page(
    sign_in, membership, bob, bob_membership, workspace, charlie, other_workspace
):
    admin, colleague = make_user("Admin"), make_user("Colleague")
    make_member(workspace, admin, role=Role.ADMIN)
    make_member(workspace, colleague)
    statuses = {
        user.name: (
            sign_in(user).get(page(bob_membership)).status_code,
            sign_in(user).get(page(membership)).status_code,
        )
        for user in (membership.user, admin, bob, colleague, charlie)
    }
    assert statuses == {
        "Alice": (200, 200),
        "Admin": (200, 404),  # only an owner unmakes an owner
        "Bob": (200, 404),
        "Colleague": (404, 404),
        "Charlie": (404, 404),
    }


def test_page_tells_nothing_that_guests_wrote(browser, bob_membership, bobs):
    book(bobs, message="Confidential")
    text = browser.get(page(bob_membership)).text
    assert "Ann Other" in text
    assert "Confidential" not in text
    assert "ann@tallship.example" not in text


def test_queries_do_not_grow_with_meetings(
    browser, bob_membership, bobs, django_assert_max_num_queries
):
    book(bobs)
    browser.get(page(bob_membership))
    with django_assert_max_num_queries(25) as few:
        browser.get(page(bob_membership))
    book(bobs, start=TEN), book(bobs, start=TEN + 2 * HALF_HOUR)
    with django_assert_max_num_queries(len(few)):
        browser.get(page(bob_membership))

"""Addresses below `/book/`: one namespace for links and owners' pages, and the page that lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from booking.models import BookingLink, BookingName
from booking.queries import owner_slug
from booking.services.links import LinkData, delete_link, save_link, set_active
from booking.services.names import name_owner, suggest_slug
from booking.slugs import clean_slug, likeness
from booking.tokens import manage_token
from common.errors import InvalidInput
from tests.booking.conftest import NOW, book
from tests.booking.staff.scheduling.conftest import address
from tests.booking.test_rivals import at_once
from tests.factories import make_client
from workspaces.models import Membership

DATA = LinkData(title="Intro call", slug="intro-call", conference="none", notice_minutes=0)


def page(slug):
    return reverse("booking:book", args=[slug])


def make(owner, slug="intro-call", **changes):
    return save_link(owner=owner, link=None, data=replace(DATA, slug=slug, **changes))


def rename(owner, link, slug, **changes):
    return save_link(owner=owner, link=link, data=replace(DATA, slug=slug, **changes))


@pytest.mark.parametrize(
    "raw", ["Admin", "adm1n", "l0gin", "log-in", "supp0rt", "rneetings", "wvvvv"]
)
def test_reserved_words_and_what_passes_for_them_are_refused(raw):
    with pytest.raises(InvalidInput, match="reserved"):
        clean_slug(raw)


@pytest.mark.parametrize(
    "raw", ["", "a", "-a", "a-", "a b", "\uff41bc", "intr\u043e", "a_b", "x" * 61, "a\nb"]
)
def test_what_is_no_plain_address_is_refused(raw):
    with pytest.raises(InvalidInput, match="small letters"):
        clean_slug(raw)


@pytest.mark.django_db
class TestOneNamespace:
    def test_links_and_pages_keep_each_other_out(self, client_owner, user_owner):
        make(client_owner, "first")
        with pytest.raises(InvalidInput) as refusal:
            name_owner(owner=user_owner, slug="First")
        assert refusal.value.field == "slug"
        name_owner(owner=user_owner, slug="second")
        for slug in ("second", "SECOND"):
            with pytest.raises(InvalidInput, match="taken"):
                make(client_owner, slug)
        assert BookingLink.objects.count() == 1

    def test_a_look_alike_of_somebody_elses_address_is_refused(self, client_owner, user_owner):
        make(client_owner, "corner-10")
        for slug in ("c0rner-lo", "comer-10", "corner-1o"):
            assert likeness(slug) == likeness("corner-10")
            with pytest.raises(InvalidInput, match="looks like"):
                make(user_owner, slug)
            with pytest.raises(InvalidInput):
                name_owner(owner=user_owner, slug=slug)
        assert suggest_slug("Corner 10") == "corner-10-2"

    def test_the_table_itself_knows_no_two_and_no_nobody(self, client_owner, user_owner):
        link = make(client_owner, "first")
        wrong = [
            {"slug": "first", "likeness": "other", "link": link, "is_current": False},
            {"slug": "other", "likeness": likeness("first"), "user": user_owner.user},
            {"slug": "other", "likeness": "other"},
            {"slug": "other", "likeness": "other", "link": link, "user": user_owner.user},
            {"slug": "Other", "likeness": "other", "user": user_owner.user},
            {"slug": "other", "likeness": "other", "link": link},
        ]
        for row in wrong:
            with pytest.raises(IntegrityError), transaction.atomic():
                BookingName.objects.create(workspace=client_owner.workspace, **row)

    def test_a_page_has_one_address_for_each_owner_and_can_be_closed(self, owner, client):
        assert owner_slug(owner) == ""
        name_owner(owner=owner, slug="old-place")
        name_owner(owner=owner, slug="New-Place ")
        assert owner_slug(owner) == "new-place"
        assert client.get(page("old-place")).headers["Location"] == page("new-place")
        name_owner(owner=owner, slug="")
        assert owner_slug(owner) == ""
        for slug in ("old-place", "new-place"):
            assert client.get(page(slug)).status_code == 404

    def test_a_deleted_links_addresses_are_free(self, client_owner, user_owner):
        link = make(client_owner, "first")
        rename(client_owner, link, "second")
        delete_link(link=link)
        assert not BookingName.objects.exists()
        make(user_owner, "first")


@pytest.mark.django_db
class TestFormerAddress:
    def test_leads_on_until_somebody_takes_it(self, owner, bob_owner, clock, client):
        link = make(owner, "first")
        rename(owner, link, "second")
        answer = client.get(f"{page('FIRST')}?duration=30&embed=1")
        assert (answer.status_code, answer.headers["Location"]) == (
            302, f"{page('second')}?duration=30&embed=1",
        )  # fmt: skip
        taker = make(bob_owner, "first", title="Another call")
        assert client.get(page("first")).context["link"] == taker
        rename(owner, link, "third")
        assert rename(owner, link, "second").slug == "second"
        assert client.get(page("third")).headers["Location"] == page("second")

    def test_opens_what_was_booked_and_mailed_before(self, owner, clock, client):
        link = make(owner, "first")
        token = manage_token(book(link).pk)
        rename(owner, link, "second")
        for slug in ("first", "second"):
            done = reverse("booking:book_done", args=[slug, token])
            assert client.get(done).status_code == 200

    def test_of_a_closed_or_unlisted_link_leads_nowhere(self, owner, clock, client):
        link = make(owner, "first")
        rename(owner, link, "second")
        set_active(link=link, is_active=False)
        assert client.get(page("first")).status_code == 404
        set_active(link=link, is_active=True)
        rename(owner, link, "secret", is_private=True)
        for slug in ("first", "second"):
            assert client.get(page(slug)).status_code == 404
        assert client.get(page("secret")).status_code == 200


@pytest.mark.django_db
class TestOwnersPage:
    def test_lists_what_is_open_to_everybody_and_nothing_else(self, owner, clock, client):
        name_owner(owner=owner, slug="our-desk")
        make(owner, "shown", title="Shown call", description="Bring <b>shoes</b>.", seats=3)
        make(owner, "last-day", title="Last day", ends_on=NOW.date())
        hidden = {
            "unlisted": {"is_private": True},
            "one-time": {"is_one_time": True},
            "ended": {"ends_on": date(2026, 11, 17)},
            "paused": {},
        }
        for slug, changes in hidden.items():
            link = make(owner, slug, title=f"Hidden {slug}", **changes)
        set_active(link=BookingLink.objects.get(slug="paused"), is_active=False)
        assert link.slug == "paused"
        answer = client.get(page("Our-Desk"))
        assert [row.link.slug for row in answer.context["links"]] == ["last-day", "shown"]
        assert page("shown") in answer.text
        assert "Bring &lt;b&gt;shoes&lt;/b&gt;." in answer.text
        assert "Hidden" not in answer.text
        assert not answer.cookies
        assert owner.notice_email not in answer.text

    def test_shows_one_workspace_and_one_owner(
        self, user_owner, bob_owner, client_owner, clock, client
    ):
        name_owner(owner=user_owner, slug="alice")
        make(user_owner, "mine")
        make(bob_owner, "bobs")
        make(client_owner, "clients")
        links = client.get(page("alice")).context["links"]
        assert [row.link.slug for row in links] == ["mine"]

    def test_of_who_left_is_gone(self, user_owner, clock, client):
        name_owner(owner=user_owner, slug="alice")
        make(user_owner, "mine")
        Membership.objects.filter(user=user_owner.user).delete()
        for slug in ("alice", "mine"):
            assert client.get(page(slug)).status_code == 404

    def test_without_links_says_so(self, owner, clock, client):
        name_owner(owner=owner, slug="our-desk")
        answer = client.get(page("our-desk"))
        assert (answer.status_code, answer.context["links"]) == (200, [])

    def test_only_reads(self, owner, clock, client):
        name_owner(owner=owner, slug="our-desk")
        assert client.post(page("our-desk")).status_code == 405


@pytest.mark.django_db
class TestStaff:
    @pytest.fixture
    def browser(self, sign_in, alice, workspace):
        return sign_in(alice)

    def form(self, owner):
        return f"{address(owner).removesuffix('/client-info')}/page"

    def test_the_page_gets_an_address_another_and_none(self, browser, owner):
        form = self.form(owner)
        assert browser.get(form).context["form"].initial["slug"] == suggest_slug(owner.name)
        assert browser.post(form, {"slug": "Our-Desk"}).url == address(owner)
        assert "testserver/book/our-desk" in browser.get(address(owner)).text
        for slug in ("admin", "ü", "", "0ur-desk-"):
            assert browser.post(form, {"slug": slug}).status_code == 422
        assert owner_slug(owner) == "our-desk"
        assert browser.post(form, {"slug": "our-desk", "close": "1"}).status_code == 302
        assert owner_slug(owner) == ""

    def test_a_foreign_clients_page_does_not_exist(self, browser, other_workspace):
        foreign = make_client(other_workspace, "Foreign")
        form = reverse("booking:client_page", args=[foreign.pk])
        assert browser.get(form).status_code == 404
        assert browser.post(form, {"slug": "mine-now"}).status_code == 404
        assert not BookingName.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestRivals:
    def test_one_address_goes_to_one(self, client_owner, user_owner, clock):
        def take(number):
            slug = "w0nderful" if number % 2 else "wonderful"
            if number % 3:
                return make(client_owner, slug)
            return name_owner(owner=user_owner, slug=slug)

        answers = at_once(take, 12)
        won = [one for one in answers if not isinstance(one, Exception)]
        refused = {type(one) for one in answers if isinstance(one, Exception)}
        assert refused == {InvalidInput}
        assert BookingName.objects.filter(is_current=True).count() == 1
        assert BookingLink.objects.count() + bool(owner_slug(user_owner)) == 1
        assert 1 <= len(won) <= 4  # the owner's own repeat is no rival

    def test_two_that_want_each_others_address_lose_none(self, client_owner, user_owner, clock):
        links = [make(client_owner, "one-way"), make(user_owner, "other-way")]
        owners, wanted = [client_owner, user_owner], ["other-way", "one-way"]
        at_once(lambda n: rename(owners[n], links[n], wanted[n]), 2)
        current = BookingName.objects.filter(is_current=True)
        assert current.count() == 2
        for link in BookingLink.objects.all():
            assert current.get(link=link).slug == link.slug

    def test_a_former_address_is_taken_once(self, client_owner, user_owner, clock):
        link = make(client_owner, "first")
        rename(client_owner, link, "second")
        answers = at_once(lambda _: make(user_owner, "first"), 8)
        assert sum(not isinstance(one, Exception) for one in answers) == 1
        assert BookingName.objects.get(slug="first").link.user_id == user_owner.id

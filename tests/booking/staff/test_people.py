"""Contacts and prospects: list, page, notes, by hand, merge, CSV; both modes by one code."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from booking.booker import Booker
from booking.models import Contact, CrmLead, PersonNote
from booking.owners import tables_of
from booking.services.people import PersonDetails, add_note, add_person, merge_people
from common.errors import Conflict, InvalidInput, NotFound
from tests.booking.conftest import ANN, HALF_HOUR, NINE, book, deliver_all, make_link
from tests.factories import make_client, make_member, make_user
from workspaces.enums import Role
from workspaces.owners import ClientOwner

pytestmark = pytest.mark.django_db

BEN = Booker(name="Ben Other", email="ben@tallship.example", timezone="Europe/Paris")


def person_of(meeting, link):
    return getattr(meeting, tables_of(link.owner_kind).person_column)


@pytest.fixture
def ann(link):
    """Who booked through the link, in client mode, then in internal mode."""
    return person_of(book(link, message="Bring the plan"), link)


@pytest.fixture
def browser(sign_in, alice):
    return sign_in(alice)


@pytest.fixture
def auditor(workspace):
    user = make_user("Otto Auditor")
    make_member(workspace, user, role=Role.AUDITOR)
    return user


class TestList:
    def test_who_booked_is_listed_with_meetings(self, link, ann, browser):
        page = browser.get(f"/people?kind={link.owner_kind}").text
        assert ann.name in page
        assert ann.email in page
        assert "Thu 19 Nov" in page

    def test_the_other_table_is_the_other_tab(self, link, ann, browser):
        other = {"client": "user", "user": "client"}[link.owner_kind]
        assert ann.email not in browser.get(f"/people?kind={other}").text

    @pytest.mark.parametrize("typed", ["ann", "OTHER", "tallship", "ann other", "555 01"])
    def test_search_finds_by_name_address_and_number(self, link, ann, browser, typed):
        type(ann).objects.filter(pk=ann.pk).update(phone="+353 1 555 0100")
        book(link, start=NINE + HALF_HOUR, booker=BEN)
        page = browser.get("/people", {"kind": link.owner_kind, "q": typed}).text
        assert ann.email in page
        assert (BEN.email in page) is (typed in {"OTHER", "tallship"})

    def test_contacts_are_narrowed_to_a_client(self, client_link, workspace, browser):
        ann = person_of(book(client_link), client_link)
        other = make_client(workspace, "Osprey")
        there = add_person(
            owner=ClientOwner(workspace=workspace, client=other),
            details=PersonDetails("Cleo", "cleo@osprey.example"),
        )
        page = browser.get("/people", {"client": str(other.pk)}).text
        assert there.email in page
        assert ann.email not in page

    def test_pages_show_everybody_once(self, owner, browser):
        for number in range(53):
            add_person(owner=owner, details=PersonDetails(f"P{number:02}", f"p{number}@x.example"))
        first = browser.get("/people", {"kind": owner.kind.value}).text
        second = browser.get("/people", {"kind": owner.kind.value, "page": "2"}).text
        seen = [first.count("@x.example</span>"), second.count("@x.example</span>")]
        assert seen == [50, 3]

    def test_queries_do_not_grow_with_people(self, owner, browser, django_assert_max_num_queries):
        for number in range(12):
            add_person(owner=owner, details=PersonDetails(f"P{number}", f"p{number}@x.example"))
        with django_assert_max_num_queries(16):
            browser.get("/people", {"kind": owner.kind.value})

    @pytest.mark.parametrize("query", ["page=0", "page=x", "client=7"])
    def test_nonsense_in_the_address_is_404(self, workspace, browser, query):
        assert browser.get(f"/people?{query}").status_code == 404

    def test_a_stranger_sees_nobody(self, link, ann, sign_in, charlie, other_workspace):
        page = sign_in(charlie).get(f"/people?kind={link.owner_kind}").text
        assert ann.email not in page


class TestExport:
    def rows(self, answer):
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def test_the_filtered_list_comes_as_csv(self, link, ann, browser):
        book(link, start=NINE + HALF_HOUR, booker=BEN)
        rows = self.rows(browser.get("/people/export", {"kind": link.owner_kind, "q": "ann"}))
        assert [row["email"] for row in rows] == [ann.email]
        assert rows[0]["meetings"] == "1"
        assert rows[0]["next_meeting"] == NINE.isoformat()
        assert rows[0]["client"] == ("Northgate" if link.owner_kind == "client" else "")

    def test_no_cell_is_a_formula(self, link, browser):
        book(link, booker=Booker(name='=HYPERLINK("x")', email="f@x.example", timezone="UTC"))
        rows = self.rows(browser.get("/people/export", {"kind": link.owner_kind}))
        assert rows[0]["name"] == '\'=HYPERLINK("x")'


class TestPage:
    def test_it_shows_details_meetings_and_what_was_typed(self, link, ann, browser):
        page = browser.get(f"/people/{ann.pk}").text
        for said in (ann.name, ann.email, "America/New_York", "Bring the plan", link.title):
            assert said in page

    def test_past_and_coming_meetings_stand_apart(self, link, ann, browser, clock):
        clock.shift(timedelta(days=2))
        book(link, start=NINE + timedelta(days=5))
        page = browser.get(f"/people/{ann.pk}").text
        upcoming, past = page.split('id="past-h"')
        assert "Tue 24 Nov" in upcoming
        assert "Thu 19 Nov" in past
        assert "Thu 19 Nov" not in upcoming

    def test_colleagues_own_meetings_are_only_counted(
        self, user_link, bob_owner, browser, sign_in, bob
    ):
        ann = person_of(book(user_link, message="For Alice"), user_link)
        theirs = make_link(bob_owner, slug="bobs", title="Bobs call")
        book(theirs, message="For Bob alone")
        page = browser.get(f"/people/{ann.pk}").text
        assert "For Alice" in page
        assert "For Bob alone" not in page
        assert "1 more with a colleague" in page
        assert "For Bob alone" in sign_in(bob).get(f"/people/{ann.pk}").text

    def test_the_same_address_elsewhere_is_named(self, client_link, user_link_too, browser):
        contact = person_of(book(client_link), client_link)
        prospect = person_of(book(user_link_too), user_link_too)
        assert f"/people/{prospect.pk}" in browser.get(f"/people/{contact.pk}").text

    @pytest.fixture
    def user_link_too(self, user_owner, clock):
        return make_link(user_owner, slug="mine")

    def test_an_auditor_reads_and_changes_nothing(self, ann, sign_in, auditor):
        browser = sign_in(auditor)
        assert browser.get("/people").status_code == 200
        assert browser.get("/people/export").status_code == 200
        page = browser.get(f"/people/{ann.pk}")
        assert page.status_code == 200
        assert "<form" not in page.text.partition("<main")[2].partition("</main")[0]
        for part in ("edit", "merge"):
            assert browser.get(f"/people/{ann.pk}/{part}").status_code == 404
            assert browser.post(f"/people/{ann.pk}/{part}", {"name": "x"}).status_code == 404
        assert browser.post(f"/people/{ann.pk}/notes", {"text": "x"}).status_code == 404
        assert browser.get("/people/new").status_code == 404
        assert PersonNote.objects.count() == 0


class TestByHand:
    def test_somebody_is_added_to_either_table(self, owner, browser):
        whose = str(owner.id) if owner.kind == "client" else "own"
        answer = browser.post(
            "/people/new",
            {"whose": whose, "name": " Ann ", "email": "Ann@X.example", "timezone": "Europe/Paris",
             "language": "fr", "phone": "+33 1 23"},
        )  # fmt: skip
        made = tables_of(owner.kind).person.objects.get()
        assert answer.status_code == 302
        assert answer.url == f"/people/{made.pk}"
        assert (made.name, made.email, made.language) == ("Ann", "ann@x.example", "fr")
        assert {c: str(v) for c, v in tables_of(owner.kind).scope_of(made).items()} == {
            c: str(v) for c, v in tables_of(owner.kind).person_values(owner).items()
        }

    def test_an_address_is_one_person_within_its_scope(self, link, ann, owner, workspace, browser):
        whose = str(owner.id) if owner.kind == "client" else "own"
        typed = {"whose": whose, "name": "Anna", "email": ann.email.upper()}
        answer = browser.post("/people/new", typed)
        assert answer.status_code == 422
        assert f"{ann.name} has this address already" in answer.text
        other = make_client(workspace, "Osprey")
        assert browser.post("/people/new", {**typed, "whose": str(other.pk)}).status_code == 302

    def test_a_foreign_client_cannot_be_named(self, browser, workspace, other_workspace):
        foreign = make_client(other_workspace, "Far")
        answer = browser.post(
            "/people/new", {"whose": str(foreign.pk), "name": "A", "email": "a@x.example"}
        )
        assert answer.status_code == 422
        assert Contact.objects.count() == 0

    def test_details_are_changed_and_the_meeting_keeps_its_own(self, link, ann, browser):
        typed = {"name": "Ann New", "email": "new@x.example", "phone": "", "timezone": "",
                 "language": ""}  # fmt: skip
        assert browser.post(f"/people/{ann.pk}/edit", typed).status_code == 302
        ann.refresh_from_db()
        assert (ann.name, ann.email, ann.timezone) == ("Ann New", "new@x.example", "")
        meeting = tables_of(link.owner_kind).meeting.objects.get()
        assert (meeting.booker_name, meeting.booker_email) == (ANN.name, ANN.email)

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"name": ""}, "Add the name."),
            ({"name": "www.spam.example"}, "without a web address"),
            ({"email": "nobody"}, "whole address"),
            ({"email": BEN.email}, "Ben Other has this address already"),
            ({"phone": "<x>"}, "Give a number"),
            ({"timezone": "Mars/Olympus"}, "Choose a time zone"),
        ],
    )
    def test_what_cannot_be_kept_is_said_by_field(self, link, ann, browser, change, words):
        book(link, start=NINE + HALF_HOUR, booker=BEN)
        typed = {"name": ann.name, "email": ann.email, **change}
        answer = browser.post(f"/people/{ann.pk}/edit", typed)
        assert answer.status_code == 422
        assert words in answer.text
        before = ann.email
        ann.refresh_from_db()
        assert ann.email == before


class TestNotes:
    def test_a_note_says_who_and_when(self, ann, browser, alice):
        browser.post(f"/people/{ann.pk}/notes", {"text": "Prefers mornings"})
        page = browser.get(f"/people/{ann.pk}").text
        assert "Prefers mornings" in page
        assert f"{alice.get_full_name()}, Wed 18 Nov, 10:00" in page

    def test_an_empty_one_is_refused(self, ann, browser):
        answer = browser.post(f"/people/{ann.pk}/notes", {"text": "  "})
        assert answer.status_code == 422
        assert "Write the note first." in answer.text

    def test_it_is_deleted(self, ann, browser, alice):
        note = add_note(person=ann, text="Wrong", author=alice)
        address = f"/people/{ann.pk}/notes/{note.pk}/delete"
        assert browser.get(address).status_code == 405
        assert browser.post(address).status_code == 302
        assert PersonNote.objects.count() == 0
        assert browser.post(address).status_code == 302

    def test_another_persons_note_stays(self, link, ann, browser, alice):
        ben = person_of(book(link, start=NINE + HALF_HOUR, booker=BEN), link)
        note = add_note(person=ben, text="Ben's", author=alice)
        browser.post(f"/people/{ann.pk}/notes/{note.pk}/delete")
        assert PersonNote.objects.filter(pk=note.pk).exists()

    def test_notes_leave_the_house_in_nothing(
        self, sandbox, connect, owner, clock, alice, mailoutbox
    ):
        connection = connect(owner, "google")
        link = make_link(owner)
        ann = person_of(book(link), link)
        add_note(person=ann, text="Owes us money", author=alice)
        deliver_all()
        assert len(mailoutbox) == 2
        for mail in mailoutbox:
            parts = [mail.body, *(str(part) for part in mail.alternatives)]
            parts += [str(one) for one in mail.attachments]
            assert "Owes us money" not in " ".join(parts)
        assert "Owes us money" not in str(sandbox.events(connection))


class TestMerge:
    @pytest.fixture
    def ben(self, link, ann):
        return person_of(book(link, start=NINE + HALF_HOUR, booker=BEN), link)

    def merge(self, ann, ben, alice, **values):
        details = {"name": ann.name, "email": ann.email, **values}
        return merge_people(
            keep=ann, other_id=ben.pk, details=PersonDetails(**details), author=alice
        )

    def test_meetings_and_notes_move_and_one_row_is_gone(self, link, ann, ben, alice):
        add_note(person=ben, text="Knows Cleo", author=alice)
        self.merge(ann, ben, alice, phone="+353 1", timezone="Europe/Paris")
        assert not type(ben).objects.filter(pk=ben.pk).exists()
        tables = tables_of(link.owner_kind)
        assert {getattr(one, tables.person_column) for one in tables.meetings()} == {ann}
        ann.refresh_from_db()
        assert (ann.phone, ann.timezone) == ("+353 1", "Europe/Paris")
        texts = set(PersonNote.objects.filter(person_id=ann.pk).values_list("text", flat=True))
        assert texts == {
            "Knows Cleo", "Merged with Ben Other, ben@tallship.example: 1 meeting moved here.",
        }  # fmt: skip

    def test_the_other_ones_address_can_be_kept(self, ann, ben, alice):
        self.merge(ann, ben, alice, email=BEN.email)
        ann.refresh_from_db()
        assert ann.email == BEN.email

    def test_a_third_ones_address_cannot(self, link, ann, ben, alice):
        book(link, start=NINE + 2 * HALF_HOUR, booker=Booker("Cleo", "c@x.example", "UTC"))
        with pytest.raises(InvalidInput) as refusal:
            self.merge(ann, ben, alice, email="c@x.example")
        assert refusal.value.field == "email"
        assert type(ben).objects.filter(pk=ben.pk).exists()

    def test_twice_is_once(self, ann, ben, alice):
        self.merge(ann, ben, alice)
        self.merge(ann, ben, alice, phone="+1 999")
        ann.refresh_from_db()
        assert ann.phone == ""
        assert PersonNote.objects.count() == 1

    def test_into_somebody_merged_away_is_refused(self, ann, ben, alice):
        self.merge(ann, ben, alice)
        with pytest.raises(Conflict):
            self.merge(ben, ann, alice)

    def test_only_within_the_same_scope(self, link, ann, user_owner, workspace, alice):
        other = make_client(workspace, "Osprey")
        far = add_person(
            owner=ClientOwner(workspace=workspace, client=other),
            details=PersonDetails("Far", "far@x.example"),
        )
        with pytest.raises(NotFound):
            self.merge(ann, far, alice)
        with pytest.raises(NotFound):
            self.merge(far, ann, alice)

    def test_with_oneself_is_nobody(self, ann, alice):
        with pytest.raises(NotFound):
            self.merge(ann, ann, alice)
        assert type(ann).objects.filter(pk=ann.pk).exists()

    def test_address_that_stays_leads_to_the_lead_that_only_one_has(self, user_link, alice):
        ann = person_of(book(user_link), user_link)
        ben = person_of(book(user_link, start=NINE + HALF_HOUR, booker=BEN), user_link)
        lead = {"workspace": ann.workspace, "organization_remote_id": "orga_1"}
        known = {"state": "ready", "lead_remote_id": "lead_1"}
        CrmLead.objects.create(email=BEN.email, contact_remote_id="cont_1", **known, **lead)
        self.merge(ann, ben, alice)
        kept = CrmLead.objects.get(email=ann.email)
        assert (kept.state, kept.lead_remote_id, kept.contact_remote_id) == ("ready", "lead_1", "")
        assert CrmLead.objects.get(email=BEN.email).contact_remote_id == "cont_1"

    def test_two_leads_stay_two(self, user_link, alice):
        ann = person_of(book(user_link), user_link)
        ben = person_of(book(user_link, start=NINE + HALF_HOUR, booker=BEN), user_link)
        for person, remote_id in ((ann, "lead_1"), (ben, "lead_2")):
            CrmLead.objects.create(
                workspace=ann.workspace,
                organization_remote_id="orga_1",
                email=person.email,
                state="ready",
                lead_remote_id=remote_id,
            )
        self.merge(ann, ben, alice)
        assert CrmLead.objects.get(email=ann.email).lead_remote_id == "lead_1"

    def test_pages_ask_whom_then_what_stays(self, ann, ben, browser):
        whom = browser.get(f"/people/{ann.pk}/merge").text
        assert f"other={ben.pk}" in whom
        ask = browser.get(f"/people/{ann.pk}/merge", {"other": str(ben.pk)}).text
        assert BEN.email in ask
        assert type(ben).objects.filter(pk=ben.pk).exists()
        done = browser.post(
            f"/people/{ann.pk}/merge", {"other": str(ben.pk), "name": "other", "email": "own"}
        )
        assert done.status_code == 302
        ann.refresh_from_db()
        assert (ann.name, ann.email) == (BEN.name, "ann@tallship.example")
        again = browser.post(f"/people/{ann.pk}/merge", {"other": str(ben.pk)})
        assert again.status_code == 302

    def test_nobody_of_another_scope_is_offered_or_opened(self, ann, browser, workspace):
        other = make_client(workspace, "Osprey")
        far = add_person(
            owner=ClientOwner(workspace=workspace, client=other),
            details=PersonDetails("Far", "far@x.example"),
        )
        assert far.email not in browser.get(f"/people/{ann.pk}/merge").text
        for method in (browser.get, browser.post):
            assert method(f"/people/{ann.pk}/merge", {"other": str(far.pk)}).status_code == 404
        assert Contact.objects.filter(pk=far.pk).exists()


def test_known_since_is_in_the_viewers_zone(ann, browser):
    assert "known since Wednesday 18 November 2026" in browser.get(f"/people/{ann.pk}").text
    assert datetime.now(UTC).year == 2026

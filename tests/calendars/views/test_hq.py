"""The headquarters' week: who reaches it, what it shows, what it leaves in the branches' logs."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import OAuthTokenAccessLog
from audit.queries import verify_chain
from calendars.enums import ShareLevel
from calendars.models import Event
from calendars.services.sharing import share_calendar
from tests.factories import (
    make_calendar,
    make_client,
    make_connection,
    make_event,
    make_member,
    make_user,
    make_workspace,
)
from workspaces.enums import Role, Tier
from workspaces.owners import ClientOwner, owner_of_user

pytestmark = pytest.mark.django_db

URL, SETTINGS = "/calendar/hq", "/workspace/headquarters"
WEEK = "?date=2026-11-25"


@pytest.fixture
def hanna(db):
    return make_user("Hanna")


@pytest.fixture
def group(hanna):
    """The headquarters; hanna owns it."""
    return make_workspace("Group", tier=Tier.ENTERPRISE, owner=hanna)


def watch(branch, group):
    branch.headquarters, branch.headquarters_accepted_at = group, timezone.now()
    branch.save()
    return branch


@pytest.fixture
def branch(workspace, group):
    return watch(workspace, group)


@pytest.fixture
def mine(branch, user_owner):
    """Alice's own calendar in the branch."""
    return make_calendar(make_connection(user_owner), "Mine", **window())


@pytest.fixture
def desk(branch, client_owner):
    """The calendar of a client of the branch."""
    return make_calendar(make_connection(client_owner), "Desk", **window())


def window():
    return {
        "window_from": datetime(2026, 1, 1, tzinfo=UTC),
        "window_until": datetime(2027, 12, 31, tzinfo=UTC),
    }


@pytest.fixture
def browser(sign_in, hanna, group):
    return sign_in(hanna)


def text(response):
    return html.unescape(response.content.decode())


# --- Who reaches it ---


def test_nobody_but_members_of_the_headquarters_reaches_it(
    sign_in, alice, bob, charlie, other_workspace, group, mine
):
    make_event(mine, "Budget")
    for person in (alice, bob, charlie):
        answer = sign_in(person).get(URL + WEEK)
        assert answer.status_code == 404
        assert "Budget" not in text(answer)


def test_auditor_of_the_headquarters_does_not_reach_it(sign_in, group, branch):
    auditor = make_user("Odile")
    make_member(group, auditor, role=Role.AUDITOR)
    assert sign_in(auditor).get(URL).status_code == 404


def test_headquarters_without_branches_has_no_such_page(browser, workspace, group):
    assert browser.get(URL).status_code == 404
    workspace.headquarters = group  # asked, not accepted
    workspace.save()
    assert browser.get(URL).status_code == 404


def test_end_of_it_counts_at_once(browser, branch, mine):
    assert browser.get(URL).status_code == 200
    branch.headquarters = branch.headquarters_accepted_at = None
    branch.save()
    assert browser.get(URL).status_code == 404


def test_downgrade_pauses_it_with_a_sentence_and_logs_nothing(browser, group, mine):
    make_event(mine, "Budget")
    group.tier = Tier.ADVANCED
    group.save()
    answer = browser.get(URL + WEEK)
    assert answer.status_code == 402
    assert "The headquarters view is on the Enterprise plan and Group is on Advanced." in text(
        answer
    )
    assert OAuthTokenAccessLog.objects.count() == 0
    assert "Group is on Advanced" in text(browser.get(SETTINGS))


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_page_changes_nothing(browser, branch, method):
    assert getattr(browser, method)(URL).status_code == 405


# --- What it shows ---


def test_clients_in_detail_people_as_busy_private_masked(browser, mine, desk):
    make_event(desk, "Site visit")
    make_event(desk, "Dismissal", visibility="private")
    make_event(mine, "Budget")
    page = text(browser.get(URL + WEEK))
    assert "Site visit" in page
    assert "Dismissal" not in page
    assert "Budget" not in page
    assert page.count('<span class="t">Busy</span>') == 2
    assert "Alice, Acme" in page


def test_shares_inside_the_branch_do_not_reach_the_headquarters(browser, mine):
    share_calendar(calendar=mine, everyone=ShareLevel.EDIT, members={})
    make_event(mine, "Budget")
    assert "Budget" not in text(browser.get(URL + WEEK))


def test_events_lead_nowhere_and_cannot_be_opened(browser, desk):
    event = make_event(desk, "Site visit")
    page = text(browser.get(URL + WEEK))
    assert f"/calendar/events/{event.pk}" not in page
    assert "/calendar/events/new" not in page
    for path in ("", "/edit", "/delete"):
        assert browser.get(f"/calendar/events/{event.pk}{path}").status_code == 404
    assert browser.post(f"/calendar/events/{event.pk}/delete").status_code == 404


def test_hidden_gone_and_former_members_calendars_are_left_out(browser, branch, desk, bob):
    his = make_calendar(make_connection(owner_of_user(bob, branch)), "Bob's")
    for calendar in (his, desk):
        make_event(calendar, "Left out")
    desk.is_shown = False
    desk.save()
    branch.memberships.filter(user=bob).delete()
    page = text(browser.get(URL + WEEK))
    assert '<li class="ev' not in page


def test_unaccepted_and_other_workspaces_are_not_in_it(browser, branch, other_workspace, group):
    other_workspace.headquarters = group
    other_workspace.save()
    client = ClientOwner(workspace=other_workspace, client=make_client(other_workspace))
    make_event(make_calendar(make_connection(client)), "Elsewhere's own")
    page = text(browser.get(URL + WEEK))
    assert "Elsewhere" not in page


def test_each_branch_has_its_own_hue_and_can_be_filtered(browser, desk, other_workspace, group):
    watch(other_workspace, group)
    client = ClientOwner(workspace=other_workspace, client=make_client(other_workspace))
    make_event(desk, "First")
    make_event(make_calendar(make_connection(client)), "Second")
    page = text(browser.get(URL + WEEK))
    hues = re.findall(r'<li class="ev hue-(\w+) [^>]*><a><span class="t">(\w+)<', page)
    assert set(hues) == {("tide", "First"), ("moss", "Second")}
    only = text(browser.get(f"{URL}{WEEK}&branch={other_workspace.pk}"))
    assert "First" not in only
    assert "Second" in only
    assert f"branch={other_workspace.pk}&date=2026-11-30" in only


@pytest.mark.parametrize("wrong", ["group", "stranger", "words"])
def test_filter_names_only_branches(browser, branch, group, other_workspace, wrong):
    key = {"group": group.pk, "stranger": other_workspace.pk, "words": "x"}[wrong]
    assert browser.get(f"{URL}?branch={key}").status_code == 404


def test_wrong_date_is_said(browser, branch):
    answer = browser.get(f"{URL}?date=tomorrow")
    assert answer.status_code == 400
    assert "Write the date like" in text(answer)


def test_page_says_who_watches_and_what_is_not_copied(browser, mine):
    page = text(browser.get(URL + WEEK))
    assert "<b>Hanna</b> of Group is watching, read only." in page
    assert "Each look is written into the branch's own log." in page
    assert "Not all of these dates are copied" not in page
    assert "Not all of these dates are copied" in text(browser.get(f"{URL}?date=2031-01-01"))


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_branches(browser, group, count):
    for number in range(count):
        owner = make_user(f"Owner {number}")
        branch = watch(make_workspace(f"Branch {number}", owner=owner), group)
        make_event(make_calendar(make_connection(owner_of_user(owner, branch)), **window()))
        client = ClientOwner(workspace=branch, client=make_client(branch))
        make_event(make_calendar(make_connection(client), **window()))
    browser.get(URL + WEEK)
    with CaptureQueriesContext(database) as queries:
        page = text(browser.get(URL + WEEK))
    assert page.count('<li class="ev') == 2 * count
    # One of them counts what could not be sent.
    assert len(queries) == 9


# --- The log ---


def test_reading_is_logged_in_each_branchs_own_chain(
    browser, hanna, group, branch, mine, desk, other_workspace, charlie
):
    watch(other_workspace, group)
    theirs = make_connection(owner_of_user(charlie, other_workspace))
    make_calendar(theirs)
    browser.get(URL + WEEK)
    rows = {
        (row.workspace_id, row.connection_id): (row.actor_id, row.outcome, row.target)
        for row in OAuthTokenAccessLog.objects.all()
    }
    told = (str(hanna.pk), "mirror", "headquarters, week 2026-11-23")
    assert rows == {
        (branch.pk, mine.connection.pk): told,
        (branch.pk, desk.connection.pk): told,
        (other_workspace.pk, theirs.pk): told,
    }
    assert all(verify_chain(one.pk).is_whole for one in (branch, other_workspace))


def test_reading_again_is_logged_once_in_ten_minutes(browser, branch, mine):
    for _ in range(2):
        browser.get(URL + WEEK)
    assert OAuthTokenAccessLog.objects.count() == 1
    browser.get(f"{URL}?date=2026-12-02")
    assert OAuthTokenAccessLog.objects.count() == 2


def test_branch_that_is_filtered_out_is_not_read(browser, group, mine, other_workspace):
    watch(other_workspace, group)
    browser.get(f"{URL}?branch={other_workspace.pk}")
    assert OAuthTokenAccessLog.objects.count() == 0


def test_branchs_auditor_reads_who_watched(browser, sign_in, alice, hanna, mine):
    browser.get(URL + WEEK)
    page = text(sign_in(alice).get("/audit"))
    assert hanna.email in page
    assert "headquarters, week 2026-11-23" in page


# --- The page of settings ---


def test_owners_agree_on_the_settings_pages(sign_in, alice, browser, workspace, group):
    branchs = sign_in(alice)
    asked = branchs.post(SETTINGS, {"slug": group.slug}, follow=True)
    assert "was asked and has not answered" in text(asked)
    assert "Group" not in re.sub(r"group-\d+", "", text(asked))
    assert 'Acme</b> <small class="soft">asks to be watched' in text(browser.get(SETTINGS))
    browser.post(f"{SETTINGS}/branches/{workspace.pk}/accept")
    assert browser.get(URL).status_code == 200
    assert "<b>Group</b>" in text(branchs.get(SETTINGS))
    branchs.post(f"{SETTINGS}/leave")
    assert browser.get(URL).status_code == 404


def test_headquarters_ends_it_too(browser, branch):
    browser.post(f"{SETTINGS}/branches/{branch.pk}/end")
    branch.refresh_from_db()
    assert branch.headquarters is None


def test_wrong_name_is_said_beside_the_field(sign_in, alice, workspace):
    answer = sign_in(alice).post(SETTINGS, {"slug": "nobody"})
    assert answer.status_code == 422
    assert "No headquarters goes by this name." in text(answer)


def test_too_many_guesses_are_said_beside_the_field(sign_in, alice, workspace, group, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    browser = sign_in(alice)
    answers = [browser.post(SETTINGS, {"slug": f"g-{n}"}) for n in range(10)]
    assert {answer.status_code for answer in answers} == {422}
    refused = browser.post(SETTINGS, {"slug": group.slug})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3601
    assert "Too many names were tried." in text(refused)


def test_members_see_who_watches_and_change_nothing(sign_in, bob, branch, group):
    browser = sign_in(bob)
    page = text(browser.get(SETTINGS))
    assert "<b>Group</b>" in page
    assert "End it now" not in page
    assert browser.post(f"{SETTINGS}/leave").status_code == 404
    branch.refresh_from_db()
    assert branch.headquarters == group


def test_nav_leads_there_only_where_it_applies(sign_in, alice, browser, workspace, group):
    link = 'href="/calendar/hq"'
    assert link not in text(browser.get(SETTINGS))
    workspace.headquarters = group
    workspace.save()
    assert 'Headquarters <span class="count">1</span>' in text(browser.get("/calendar"))
    watch(workspace, group)
    assert link in text(browser.get("/calendar"))
    assert link not in text(sign_in(alice).get("/calendar"))


def test_nothing_of_the_mirror_is_changed_by_looking(browser, desk):
    event = make_event(desk, "Site visit")
    before = Event.objects.values().get(pk=event.pk)
    browser.get(URL + WEEK)
    assert Event.objects.values().get(pk=event.pk) == before

"""What an open page asks every few seconds."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from calendars.models import Calendar
from tests.factories import make_calendar, make_connection
from workspaces.enums import Role

pytestmark = pytest.mark.django_db

CHANGES = "/calendar/changes"


@pytest.fixture
def push(settings):
    """The installation has an address that providers reach."""
    settings.PUSH_ENABLED = True


@pytest.fixture
def calendar(user_owner):
    return make_calendar(make_connection(user_owner))


@pytest.fixture
def page(sign_in, alice, calendar):
    return sign_in(alice)


def cursor(page):
    return page.get(CHANGES).json()["cursor"]


def test_nothing_new_is_204(page):
    answer = page.get(f"{CHANGES}?since={cursor(page)}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_change_is_told_with_the_next_cursor(page, calendar):
    before = cursor(page)
    Calendar.objects.update(changed_at=timezone.now() + timedelta(seconds=1))
    answer = page.get(f"{CHANGES}?since={before}")
    assert answer.status_code == 200
    assert page.get(f"{CHANGES}?since={answer.json()['cursor']}").status_code == 204


@pytest.mark.parametrize("since", ["", "nonsense", "0"])
def test_an_unknown_cursor_is_a_change(page, since):
    assert page.get(f"{CHANGES}?since={since}").status_code == 200


def test_old_copies_are_read_again_by_the_workers(
    page, calendar, django_capture_on_commit_callbacks
):
    Calendar.objects.update(sync_tried_at=timezone.now() - timedelta(seconds=5))
    with django_capture_on_commit_callbacks() as asked:
        page.get(CHANGES)
        page.get(CHANGES)
    assert [call.args[1][2] for call in asked] == [[str(calendar.pk)]]


def test_a_fresh_copy_costs_no_more_than_looking(page, calendar, django_assert_max_num_queries):
    since = cursor(page)
    with django_assert_max_num_queries(5):
        page.get(f"{CHANGES}?since={since}")


def test_no_page_waits_for_a_provider(page, calendar, sandbox):
    Calendar.objects.update(sync_tried_at=None)
    page.get(CHANGES)
    assert sandbox.calls() == []


def test_stranger_hears_nothing_of_it(sign_in, charlie, other_workspace, calendar):
    stranger = sign_in(charlie)
    before = cursor(stranger)
    Calendar.objects.update(changed_at=timezone.now() + timedelta(seconds=1))
    assert stranger.get(f"{CHANGES}?since={before}").status_code == 204


def test_visitor_is_sent_to_sign_in(client, db):
    assert client.get(CHANGES)["Location"].startswith("/accounts/login")


def test_auditor_has_no_calendar_page(page, workspace, alice):
    workspace.memberships.filter(user=alice).update(role=Role.AUDITOR)
    assert page.get(CHANGES).status_code == 404


# --- How often a page asks ---


def pace(page, quiet=0):
    return int(page.get(f"{CHANGES}?since=x&quiet={quiet}")["X-Meridian-Poll"])


@pytest.fixture
def is_read(calendar):
    """The copy was read this moment, at which the clock stands: soon it is due again."""
    with time_machine.travel(timezone.now(), tick=False):
        now = timezone.now()
        Calendar.objects.update(sync_tried_at=now, synced_at=now)
        yield


@pytest.mark.parametrize(("quiet", "seconds"), [(0, 4), (299, 4), (300, 30), ("nonsense", 4)])
@pytest.mark.usefixtures("is_read")
def test_a_page_on_which_nothing_happens_asks_less_often(page, quiet, seconds):
    assert pace(page, quiet) == seconds


@pytest.mark.parametrize(("quiet", "seconds"), [(0, 1), (300, 4)])
def test_a_page_asks_more_often_while_providers_tell_by_themselves(push, page, quiet, seconds):
    Calendar.objects.update(push_until=timezone.now() + timedelta(days=1))
    assert pace(page, quiet) == seconds


def test_one_calendar_without_push_does_not_slow_the_others(
    push, page, user_owner, django_capture_on_commit_callbacks
):
    """Once it held them all to four seconds; it is read no more often than before."""
    Calendar.objects.update(push_until=timezone.now() + timedelta(days=1))
    make_calendar(make_connection(user_owner))
    now = timezone.now()
    Calendar.objects.update(sync_tried_at=now, synced_at=now)
    with django_capture_on_commit_callbacks() as asked:
        assert (pace(page), pace(page, 300)) == (1, 4)
    assert asked == []


@pytest.mark.parametrize("quiet", [0, 300])
def test_a_page_asks_again_soon_while_a_reading_is_under_way(page, quiet):
    """Its result was seen four seconds late, on a quiet page thirty."""
    now = timezone.now()
    Calendar.objects.update(sync_tried_at=None, synced_at=now - timedelta(minutes=1))
    assert pace(page, quiet) == 1  # has it read
    assert pace(page, quiet) == 1  # waits for it
    now = timezone.now()
    Calendar.objects.update(sync_tried_at=now, synced_at=now)
    assert pace(page, quiet) == (30 if quiet else 4)


@pytest.mark.parametrize(
    ("ago", "error"), [(11, ""), (2, "Google did not answer.")], ids=["no worker came", "failed"]
)
def test_a_reading_that_does_not_come_is_not_waited_for(page, ago, error):
    now = timezone.now()
    Calendar.objects.update(
        sync_tried_at=now - timedelta(seconds=ago),
        synced_at=now - timedelta(minutes=1),
        sync_error=error,
        sync_after=now + timedelta(minutes=1),
    )
    assert pace(page) == 4


@pytest.mark.parametrize(("quiet", "runs"), [(0, 1), (300, 0)])
def test_a_quiet_page_leaves_providers_alone_for_longer(
    page, calendar, django_capture_on_commit_callbacks, quiet, runs
):
    Calendar.objects.update(sync_tried_at=timezone.now() - timedelta(seconds=10))
    with django_capture_on_commit_callbacks() as asked:
        page.get(f"{CHANGES}?quiet={quiet}")
    assert len(asked) == runs


@pytest.mark.parametrize(("hours", "runs"), [(0.9, 0), (1.1, 1)])
def test_a_calendar_with_push_is_not_polled(
    push, page, calendar, django_capture_on_commit_callbacks, hours, runs
):
    now = timezone.now()
    tried = now - timedelta(hours=hours)
    Calendar.objects.update(
        sync_tried_at=tried, synced_at=tried, push_until=now + timedelta(days=1)
    )
    with django_capture_on_commit_callbacks() as asked:
        page.get(CHANGES)
    assert len(asked) == runs


@pytest.mark.usefixtures("is_read")
def test_a_push_that_was_switched_off_counts_no_more(page, settings):
    Calendar.objects.update(push_until=timezone.now() + timedelta(days=1))
    settings.PUSH_ENABLED = False
    assert pace(page) == 4


def test_a_notice_that_was_not_followed_is_followed_by_a_page(
    push, page, calendar, django_capture_on_commit_callbacks
):
    now = timezone.now()
    Calendar.objects.update(
        sync_tried_at=now - timedelta(seconds=2),
        synced_at=now - timedelta(seconds=2),
        noticed_at=now - timedelta(seconds=1),
        push_until=now + timedelta(days=1),
    )
    with django_capture_on_commit_callbacks() as asked:
        page.get(CHANGES)
    assert len(asked) == 1

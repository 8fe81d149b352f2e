"""A plan is lowered and raised again: nothing is lost, and everything comes back by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from audit.actors import task_actor
from audit.enums import AccessReason, ConnectionState, Outcome
from audit.models import OAuthToken, OAuthTokenAccessLog
from audit.services.tokens import mark_reconnect_needed, resolve_provider_token
from calendars import access
from calendars.models import Event, PushChannel
from calendars.owners import booking_calendar_of, connections_of
from calendars.providers.base import EventDraft
from calendars.queries import calendars_visible_to, events_between
from calendars.services import busy, connections, events, places, sync
from calendars.services.connections import pause_connections
from common import outbox
from common.errors import Conflict, PlanRequired, ReconnectNeeded, UpstreamForbidden
from common.models import OutboxMessage
from common.spans import Span
from tests.factories import make_calendar, make_connection, make_event
from tests.rivals import at_once
from workspaces.enums import Tier
from workspaces.models import PlanChange, Workspace
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = Span(NINE - timedelta(hours=9), NINE + timedelta(hours=15))
WORKS, PAUSED = ConnectionState.ACTIVE, ConnectionState.PAUSED


def lower_or_raise(workspace, tier, by=None):
    """The operator changes the plan, and the worker follows."""
    change = change_plan(workspace_id=workspace.pk, tier=tier, by=by)
    outbox.sweep()
    workspace.refresh_from_db()
    return change


def states(owner):
    return [row.state for row in connections_of(owner)]


@pytest.fixture
def two(connect, owner, copy_events):
    """A Google and a Microsoft account of one owner, in step; bookings go to the Google one."""
    first = connect(owner, email="one@google.example")
    second = connect(owner, "outlook", email="two@outlook.example")
    for one in (first, second):
        copy_events(one)
    return first, second


def everything(owner):
    """What must be the same before and after: the rows, but for when they were touched."""
    times = {"updated_at", "last_good_at", "synced_at", "sync_tried_at"}
    rows = [*connections_of(owner).values()]
    rows += [*OAuthToken.objects.order_by("pk").values("pk", "access_sealed", "refresh_sealed")]
    rows += [*Event.objects.order_by("pk").values()]
    return [{key: value for key, value in row.items() if key not in times} for row in rows]


# --- The record ---


def test_change_of_plan_is_kept_with_who_and_when(workspace, alice):
    before = timezone.now()
    change = change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=alice)
    kept = PlanChange.objects.get()
    assert kept == change
    assert (kept.from_tier, kept.to_tier) == (Tier.ADVANCED, Tier.FREE)
    assert (kept.changed_by, kept.changed_by_name) == (alice, "Alice")
    assert kept.created_at >= before
    assert Workspace.objects.get(pk=workspace.pk).tier == Tier.FREE


def test_the_same_plan_again_is_no_change(workspace):
    assert change_plan(workspace_id=workspace.pk, tier=Tier.ADVANCED, by=None) is None
    assert not PlanChange.objects.exists()
    assert not OutboxMessage.objects.exists()


# --- Down and up again ---


def test_down_and_up_again_leaves_everything_as_it_was(two, owner, workspace):
    before = everything(owner)
    lower_or_raise(workspace, Tier.FREE)
    assert states(owner) == [WORKS, PAUSED]
    assert OAuthToken.objects.count() == 2
    lower_or_raise(workspace, Tier.STANDARD)
    assert everything(owner) == before


def test_the_account_that_takes_bookings_stays(two, owner, workspace):
    second = two[1]
    connections.choose_booking_calendar(owner=owner, calendar=second.calendars.get())
    lower_or_raise(workspace, Tier.FREE)
    assert states(owner) == [PAUSED, WORKS]


def test_the_account_that_works_stays_and_bookings_go_there_meanwhile(two, owner, workspace):
    first, second = two
    mark_reconnect_needed(first)
    lower_or_raise(workspace, Tier.FREE)
    assert states(owner) == [PAUSED, WORKS]
    assert booking_calendar_of(owner).connection == second
    lower_or_raise(workspace, Tier.ADVANCED)
    assert states(owner) == [ConnectionState.RECONNECT_NEEDED, WORKS]
    assert booking_calendar_of(owner).connection == first


def test_each_owner_keeps_one(connect, user_owner, client_owner, workspace):
    for owner in (user_owner, client_owner):
        connect(owner, email=f"{owner.kind}@google.example")
        connect(owner, "outlook", email=f"{owner.kind}@outlook.example")
    lower_or_raise(workspace, Tier.FREE)
    assert states(user_owner) == states(client_owner) == [WORKS, PAUSED]


def test_subscriptions_take_no_place(connect, user_owner, workspace):
    make_connection(user_owner, provider="ics")
    connect(user_owner)
    lower_or_raise(workspace, Tier.FREE)
    assert states(user_owner) == [WORKS, WORKS]


def test_another_workspace_is_not_touched(two, owner, other_workspace):
    lower_or_raise(other_workspace, Tier.FREE)
    assert states(owner) == [WORKS, WORKS]


def test_steps_between_larger_plans_pause_nothing(two, owner, workspace):
    for tier in (Tier.ENTERPRISE, Tier.STANDARD, Tier.ADVANCED):
        lower_or_raise(workspace, tier)
        assert states(owner) == [WORKS, WORKS]


def test_former_members_accounts_stay_paused_for_good(connect, bob_owner, bob, workspace):
    connection = connect(bob_owner, user=bob)
    workspace.memberships.get(user=bob).delete()
    pause_connections(user=bob, workspace=workspace)
    lower_or_raise(workspace, Tier.FREE)
    lower_or_raise(workspace, Tier.ENTERPRISE)
    connection.refresh_from_db()
    assert (connection.state, connection.resumes_as) == (PAUSED, "")


# --- What a paused account still does, and what not ---


@pytest.fixture
def paused(two, owner, workspace):
    """The second account, paused by the plan."""
    lower_or_raise(workspace, Tier.FREE)
    return connections_of(owner).get(pk=two[1].pk)


def draft(**fields):
    whole = {
        "title": "x", "start": NINE, "end": NINE + timedelta(hours=1), "timezone": "UTC",
        "all_day": False,
    }  # fmt: skip
    return EventDraft(**{**whole, **fields})


def test_paused_account_is_not_copied(sandbox, paused, actor):
    calendar = paused.calendars.get()
    sandbox.store.log.clear()
    assert sync.kick(type(calendar).objects.filter(pk=calendar.pk), timezone.now()) == 0
    with pytest.raises(UpstreamForbidden):
        sync.sync_connection(connection=paused, actor=actor, now=timezone.now())
    assert not sandbox.calls()


def test_paused_accounts_events_are_shown_and_cannot_be_changed(paused, workspace, alice, actor):
    event = make_event(paused.calendars.get(), "Board", start=NINE)
    membership = workspace.memberships.get(user=alice)
    seen = [one.title for one in events_between(membership, DAY)]
    assert seen == ["Board"]
    one = next(one for one in calendars_visible_to(membership) if one.connection.pk == paused.pk)
    assert (one.may_write, one.is_stale) == (False, True)
    with pytest.raises(PlanRequired) as refusal:
        access.event_for(membership, event.pk, to_write=True)
    assert refusal.value.tier == Tier.STANDARD
    assert paused.connected_email in refusal.value.message
    with pytest.raises(PlanRequired):
        events.update_event(event=event, draft=EventDraft(title="y"), actor=actor)
    with pytest.raises(PlanRequired):
        events.delete_event(event=event, actor=actor)
    with pytest.raises(PlanRequired):
        events.create_event(calendar=paused.calendars.get(), draft=draft(), actor=actor)
    event.refresh_from_db()
    assert (event.title, event.deleted_at) == ("Board", None)


def test_paused_account_still_counts_as_busy_and_is_read_live(sandbox, paused, owner, actor):
    """Nobody is booked over what only the paused account knows, however new it is."""
    sandbox.store.log.clear()
    events_before = busy.busy_live(
        owner=owner, span=DAY, actor=actor, reason=AccessReason.BOOKING_CONFIRM,
        time_limit=timedelta(seconds=5),
    )  # fmt: skip
    assert events_before.spans == ()
    assert {source.live for source in events_before.sources} == {True}
    assert len(events_before.sources) == 2
    now = timezone.now() + timedelta(hours=1)
    painted = busy.busy_painted(owner=owner, span=DAY, actor=actor, now=now)
    assert len(painted.sources) == 2
    log = OAuthTokenAccessLog.objects.filter(connection_id=paused.pk).order_by("seq")
    assert [(row.reason, row.outcome) for row in log][-2:] == [
        (AccessReason.BOOKING_CONFIRM, Outcome.GRANTED),
        (AccessReason.BUSY_READ, Outcome.GRANTED),
    ]


def test_paused_account_that_cannot_be_read_is_never_free(paused, owner, actor):
    mark_reconnect_needed(paused)
    paused.refresh_from_db()
    assert (paused.state, paused.resumes_as) == (PAUSED, ConnectionState.RECONNECT_NEEDED)
    with pytest.raises(ReconnectNeeded):
        busy.busy_painted(owner=owner, span=DAY, actor=actor, now=timezone.now())
    outbox.sweep()
    assert OutboxMessage.objects.filter(kind="audit.reconnect_needed").count() == 1


@pytest.mark.parametrize(
    "reason", [AccessReason.EVENTS_SYNC, AccessReason.EVENT_CREATE, AccessReason.EVENT_RESPOND]
)
def test_vault_gives_no_token_of_a_paused_account_for_anything_else(paused, actor, reason):
    with pytest.raises(UpstreamForbidden):
        resolve_provider_token(
            connection=paused, workspace=paused.workspace, actor=actor, reason=reason
        )
    row = OAuthTokenAccessLog.objects.filter(connection_id=paused.pk).latest("seq")
    assert (row.reason, row.outcome) == (reason, Outcome.DENIED)


def test_what_was_promised_before_is_written_all_the_same(paused, actor):
    event = events.create_event(
        calendar=paused.calendars.get(), draft=draft(title="Intro: Ann"), actor=actor,
        reason=AccessReason.BOOKING_EVENT_CREATE,
    )  # fmt: skip
    assert event.title == "Intro: Ann"


def test_paused_account_is_told_of_no_changes(two, owner, workspace, settings):
    settings.PUSH_ENABLED = True
    for one in two:
        calendar = one.calendars.get()
        PushChannel.objects.create(
            calendar=calendar, remote_id=f"c-{one.provider}", secret_hash=f"{one.pk}",
            expires_at=timezone.now() + timedelta(days=3),
        )  # fmt: skip
    lower_or_raise(workspace, Tier.FREE)
    assert [row.calendar.connection for row in PushChannel.objects.all()] == [two[0]]


# --- Another one instead ---


def test_another_account_can_be_used_instead(paused, two, owner):
    first = two[0]
    places.use_instead(owner=owner, connection=paused)
    assert states(owner) == [PAUSED, WORKS]
    assert booking_calendar_of(owner).connection == paused
    first.refresh_from_db()
    places.use_instead(owner=owner, connection=first)
    assert states(owner) == [WORKS, PAUSED]
    assert booking_calendar_of(owner).connection == first


def test_choice_survives_what_comes_later(paused, two, owner, workspace):
    places.use_instead(owner=owner, connection=paused)
    places.settle(owner)
    assert states(owner) == [PAUSED, WORKS]
    lower_or_raise(workspace, Tier.STANDARD)
    assert states(owner) == [WORKS, WORKS]
    assert booking_calendar_of(owner).connection == two[0]


def test_booking_calendar_chosen_meanwhile_stays_after_the_upgrade(paused, two, owner, workspace):
    places.use_instead(owner=owner, connection=paused)
    paused.refresh_from_db()
    connections.choose_booking_calendar(owner=owner, calendar=paused.calendars.get())
    lower_or_raise(workspace, Tier.STANDARD)
    assert booking_calendar_of(owner).connection == paused


def test_account_in_use_cannot_be_chosen_again(paused, two, owner):
    with pytest.raises(Conflict):
        places.use_instead(owner=owner, connection=two[0])
    assert states(owner) == [WORKS, PAUSED]


def test_paused_account_comes_back_when_the_other_is_disconnected(paused, two, owner, actor):
    connections.disconnect(connection=two[0], actor=actor)
    connections.promote(owner)
    assert states(owner) == [WORKS]
    assert booking_calendar_of(owner).connection == paused


def test_paused_account_can_be_disconnected_and_its_consent_ends(sandbox, connect, user_owner):
    first = connect(user_owner, "outlook")
    second = connect(user_owner, email="two@google.example")
    lower_or_raise(user_owner.workspace, Tier.FREE)
    second.refresh_from_db()
    assert connections.disconnect(connection=second, actor=task_actor("tests")) == ""
    assert len(sandbox.calls("google.revoke")) == 1
    assert list(connections_of(user_owner)) == [first]


def test_plan_lowered_again_and_again_is_one_state(two, owner, workspace):
    for _ in range(2):
        lower_or_raise(workspace, Tier.FREE)
        assert states(owner) == [WORKS, PAUSED]
        lower_or_raise(workspace, Tier.ADVANCED)
        assert states(owner) == [WORKS, WORKS]


def test_queue_that_repeats_the_message_changes_nothing_more(two, owner, workspace):
    lower_or_raise(workspace, Tier.FREE)
    before = everything(owner)
    places.follow_plan(OutboxMessage.objects.get(kind="calendars.plan_changed"))
    assert everything(owner) == before


def test_workspace_without_accounts_is_left_alone(workspace):
    lower_or_raise(workspace, Tier.FREE)
    assert OutboxMessage.objects.get().state == "sent"


def test_mirror_rows_survive(user_owner, workspace):
    make_connection(user_owner)
    beyond = make_calendar(make_connection(user_owner, provider="outlook"))
    make_event(beyond)
    lower_or_raise(workspace, Tier.FREE)
    assert Event.objects.filter(calendar=beyond, deleted_at__isnull=True).count() == 1


# --- At the same moment ---


@pytest.mark.django_db(transaction=True)
def test_rivals_leave_one_account_in_use_and_one_that_takes_bookings(connect, user_owner):
    connect(user_owner, email="one@google.example")
    for number in range(2):
        connect(user_owner, "outlook", email=f"{number}@outlook.example")
    lower_or_raise(user_owner.workspace, Tier.FREE)
    rows = list(connections_of(user_owner))

    def act(number):
        if number % 2:
            return places.settle(user_owner)
        return places.use_instead(owner=user_owner, connection=rows[number % 3])

    answers = at_once(6, act)
    assert {type(one) for one in answers} <= {type(None), places.Settled, Conflict}
    assert sorted(states(user_owner)) == [WORKS, PAUSED, PAUSED]
    (in_use,) = [row for row in connections_of(user_owner) if row.state == WORKS]
    assert [row.pk for row in connections_of(user_owner) if row.is_booking] == [in_use.pk]
    lower_or_raise(user_owner.workspace, Tier.STANDARD)
    assert states(user_owner) == [WORKS] * 3
    assert sum(row.is_booking for row in connections_of(user_owner)) == 1

"""`manage.py verify_provider`: what it says of a good provider and of each way that one is not."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.enums import AccessReason
from audit.models import OAuthTokenAccessLog
from audit.services.tokens import mark_reconnect_needed
from calendars.models import Event
from calendars.owners import connections_of
from calendars.services import places
from calendars.services.verifying import Verification
from common import outbox
from conferencing.enums import Conference
from conferencing.models import ZoomMeeting
from tests.factories import make_calendar, make_connection
from workspaces.enums import Tier
from workspaces.services.plans import change_plan

pytestmark = pytest.mark.django_db
STEPS = [
    "Route", "Create", "Read back", "Join link", "Change", "Delete", "Gone", "Access log",
]  # fmt: skip
SIDES = {"google": "google", "microsoft": "outlook"}


@pytest.fixture
def verify(workspace, alice):
    """Call it with a provider: the lines that were printed; raises CommandError as it does."""
    out = StringIO()

    def run(provider, *, owner=alice.email, **options):
        out.seek(0)
        out.truncate()
        call_command(
            "verify_provider", workspace=workspace.slug, owner=owner, provider=provider,
            stdout=out, no_color=True, **options,
        )  # fmt: skip
        return out.getvalue().splitlines()

    run.said = out.getvalue
    return run


def steps_in(lines):
    return [line.split(":")[0].removeprefix("  ok   ") for line in lines if line.startswith("  ok")]


def nothing_is_left(sandbox, *connections):
    """Neither here nor at the providers."""
    assert not ZoomMeeting.objects.filter(deleted_at__isnull=True).exclude(remote_id="").exists()
    assert not Event.objects.filter(deleted_at__isnull=True).exists()
    assert [sandbox.events(one) for one in connections] == [[] for _ in connections]


@pytest.mark.parametrize(("provider", "link"), [("google", "Google Meet"), ("microsoft", "Teams")])
def test_calendar_provider_is_tried_from_making_to_gone(
    verify, sandbox, connect, user_owner, provider, link
):
    connection = connect(user_owner, SIDES[provider])
    lines = verify(provider)
    assert steps_in(lines) == STEPS
    assert f"Auto makes {link}" in lines[1] or "Auto makes Microsoft Teams" in lines[1]
    assert all(line.rstrip().endswith(" s)") for line in lines if line.startswith("  ok"))
    assert lines[-1] == "1 of 1 checks are good."
    nothing_is_left(sandbox, connection)
    rows = OAuthTokenAccessLog.objects.filter(reason=AccessReason.VERIFY)
    assert {row.actor_name for row in rows} == {"manage.py verify_provider"}
    assert rows.count() >= 5


@pytest.mark.parametrize("side", ["google", "outlook"])
def test_zoom_is_tried_with_its_room_on_any_calendar(verify, sandbox, connect, user_owner, side):
    connection = connect(user_owner, side)
    connect(user_owner, "zoom")
    lines = verify("zoom")
    assert steps_in(lines) == STEPS
    assert "Auto makes Zoom" in lines[1]
    for operation in ("create", "update", "delete"):
        assert len(sandbox.calls(f"zoom.meetings.{operation}")) == 1
    nothing_is_left(sandbox, connection)


def test_all_of_an_owner_are_tried_and_what_is_missing_is_said(verify, connect, user_owner):
    connect(user_owner, "google")
    lines = verify("all")
    left_out = [line for line in lines if line.startswith("Left out:")]
    assert len(left_out) == 2
    assert "No Microsoft account of Alice is usable in Acme. Connect it: " in left_out[0]
    assert "No Zoom account of Alice" in left_out[1]
    assert lines[-1] == "1 of 1 checks are good."
    connect(user_owner, "outlook")
    connect(user_owner, "zoom")
    assert verify("all")[-1] == "3 of 3 checks are good."


def test_client_is_named_by_their_name(verify, connect, client_owner):
    connect(client_owner, "google")
    assert verify("google", owner="Northgate")[-1] == "1 of 1 checks are good."


def test_event_stands_where_it_is_told_and_invites_nobody(verify, sandbox, connect, user_owner):
    connection = connect(user_owner, "google")
    lines = verify("google", at="2031-02-03T04:05+01:00", conference="none")
    assert "2031-02-03 03:05 UTC" in lines[2]
    assert "none, as asked for" in lines[4]
    (call,) = sandbox.calls("google.events.insert")
    assert "sendUpdates=all" not in str(call)
    nothing_is_left(sandbox, connection)


# --- What is missing ---


def test_nobody_of_that_name(verify):
    with pytest.raises(CommandError, match=r"no member with the address x@y\.example"):
        verify("google", owner="x@y.example")


def test_no_account_is_said_with_where_to_connect_it(verify, settings):
    with pytest.raises(CommandError) as said:
        verify("microsoft")
    assert str(said.value).endswith(f"{settings.PUBLIC_URL}/calendar/connections")


def test_account_that_needs_its_owner_is_said(verify, connect, user_owner):
    mark_reconnect_needed(connect(user_owner, "google", email="a@google.example"))
    with pytest.raises(CommandError, match=r"a@google\.example: reconnect needed\."):
        verify("google")


def test_account_that_the_plan_paused_is_said(verify, connect, user_owner, workspace):
    connect(user_owner, "google")
    connect(user_owner, "outlook")
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    outbox.sweep()
    with pytest.raises(CommandError, match=r"is paused: .* comes back by itself on Standard"):
        verify("microsoft")


def test_plan_without_zoom_is_said(verify, connect, user_owner, workspace):
    connect(user_owner, "google")
    connect(user_owner, "zoom")
    change_plan(workspace_id=workspace.pk, tier=Tier.STANDARD, by=None)
    with pytest.raises(CommandError, match=r"Zoom is on the Advanced plan\. Acme is on Standard\."):
        verify("zoom")


def test_plan_without_auto_fails_at_the_route_and_asks_nobody(
    verify, sandbox, connect, user_owner, workspace
):
    connect(user_owner, "google")
    change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
    sandbox.store.log.clear()
    with pytest.raises(CommandError, match="1 of 1 checks failed"):
        verify("google")
    assert "FAIL Route: Auto is on the Standard plan. Meet works today." in verify.said()
    assert not sandbox.calls()


def test_subscription_can_only_be_read(verify, user_owner):
    make_calendar(make_connection(user_owner, provider="ics"), is_writable=False)
    with pytest.raises(CommandError, match="No Google account of Alice is usable"):
        verify("google")


def test_calendar_that_can_only_be_read_is_said(verify, connect, user_owner):
    connection = connect(user_owner, "google")
    connection.calendars.update(is_writable=False)
    with pytest.raises(CommandError, match="Alice can only read the calendars of Google"):
        verify("google")


def test_calendar_of_somebody_else_is_not_there(verify, connect, user_owner, bob_owner):
    connect(user_owner, "google")
    theirs = make_calendar(make_connection(bob_owner))
    with pytest.raises(CommandError, match=f"Alice has no calendar {theirs.pk}"):
        verify("google", calendar=theirs.pk)


def test_time_that_is_none_is_said(verify, connect, user_owner):
    connect(user_owner, "google")
    for wrong in ("tomorrow", "2026-13-01T00:00Z"):
        with pytest.raises(CommandError, match="is no time"):
            verify("google", at=wrong)


# --- What goes wrong, and is cleaned up ---


@pytest.mark.parametrize(
    ("side", "operation", "step"),
    [
        ("google", "google.events.get", "Read back"),
        ("google", "google.events.patch", "Change"),
        ("outlook", "microsoft.events.update", "Change"),
    ],
)
def test_failing_step_is_named_and_cleaned_up_after(
    verify, sandbox, connect, user_owner, side, operation, step
):
    connection = connect(user_owner, side)
    sandbox.fault(operation, status=403, reason="forbidden", count=None)
    with pytest.raises(CommandError, match="1 of 1 checks failed"):
        verify("google" if side == "google" else "microsoft")
    assert f"FAIL {step}: " in verify.said()
    assert "ok   Clean up: nothing is left" in verify.said()
    nothing_is_left(sandbox, connection)


def test_answer_that_was_lost_leaves_no_event(verify, sandbox, connect, user_owner):
    connection = connect(user_owner, "google")
    sandbox.fault("google.events.insert", lost=True, count=1)
    with pytest.raises(CommandError):
        verify("google")
    assert "FAIL Create: " in verify.said()
    nothing_is_left(sandbox, connection)


def test_zoom_that_fails_leaves_neither_event_nor_room(verify, sandbox, connect, user_owner):
    connection = connect(user_owner, "google")
    connect(user_owner, "zoom")
    sandbox.fault("google.events.insert", status=403, reason="forbidden", count=1)
    with pytest.raises(CommandError):
        verify("zoom")
    assert "FAIL Create: " in verify.said()
    assert len(sandbox.calls("zoom.meetings.delete")) == 1
    nothing_is_left(sandbox, connection)


def test_calendar_that_stays_down_leaves_no_zoom_meeting_and_says_what_is_not_known(
    verify, sandbox, connect, user_owner
):
    connection = connect(user_owner, "google")
    connect(user_owner, "zoom")
    sandbox.fault("google.events.insert", status=503, count=None)
    with pytest.raises(CommandError):
        verify("zoom")
    assert "FAIL Clean up: 'Meridian check, may be deleted' of " in verify.said()
    assert len(sandbox.calls("zoom.meetings.delete")) == 1
    nothing_is_left(sandbox, connection)


def test_plan_that_is_lowered_meanwhile_leaves_no_zoom_meeting_and_names_the_event(
    sandbox, connect, user_owner, workspace
):
    connect(user_owner, "google")
    connect(user_owner, "outlook")
    connect(user_owner, "zoom")
    connection = connections_of(user_owner).get(provider="google")

    def lower():
        change_plan(workspace_id=workspace.pk, tier=Tier.FREE, by=None)
        outbox.sweep()
        other = connections_of(user_owner).get(provider="outlook")
        places.use_instead(owner=user_owner, connection=other)

    said = {}

    def tell(step):
        said[step.name] = (step.is_good, step.words)
        if step.name == "Read back":
            lower()

    start = (timezone.now() + timedelta(days=1)).replace(second=0, microsecond=0)
    calendar = connection.calendars.get()
    run = Verification(calendar, wanted=Conference.ZOOM, start=start, tell=tell)
    assert not run.run()
    assert "'Meridian check, may be deleted' of " in said["Clean up"][1]
    assert len(sandbox.calls("zoom.meetings.delete")) == 1


def test_event_that_cannot_be_deleted_is_named(verify, sandbox, connect, user_owner):
    connect(user_owner, "google")
    sandbox.fault("google.events.delete", status=403, reason="forbidden", count=None)
    with pytest.raises(CommandError):
        verify("google")
    assert "FAIL Delete: " in verify.said()
    assert "FAIL Clean up: 'Meridian check, may be deleted' of " in verify.said()
    assert "may be left on" in verify.said()


class _Interrupting(StringIO):
    """A terminal at which Ctrl-C is pressed once, when a line with that word is printed."""

    word = "Read back"

    def write(self, text):
        if self.word and self.word in text:
            self.word = ""
            raise KeyboardInterrupt
        return super().write(text)


def test_interruption_cleans_up_first(sandbox, connect, user_owner, alice, workspace):
    connection = connect(user_owner, "google")
    terminal = _Interrupting()
    with pytest.raises(CommandError, match="Interrupted"):
        call_command(
            "verify_provider", workspace=workspace.slug, owner=alice.email, provider="google",
            stdout=terminal, no_color=True,
        )  # fmt: skip
    assert "ok   Clean up: nothing is left" in terminal.getvalue()
    nothing_is_left(sandbox, connection)


def test_interruption_does_not_claim_that_it_cleaned_up(
    sandbox, connect, user_owner, alice, workspace
):
    connect(user_owner, "google")
    sandbox.fault("google.events.delete", status=403, reason="forbidden", count=None)
    with pytest.raises(CommandError) as said:
        call_command(
            "verify_provider", workspace=workspace.slug, owner=alice.email, provider="google",
            stdout=_Interrupting(), no_color=True,
        )  # fmt: skip
    assert str(said.value) == "Interrupted. What may be left is said above."


def verified(connection, **options):
    """A run of the checks themselves, and what each said."""
    said = {}

    def tell(step):
        said[step.name] = (step.is_good, step.words)

    start = (timezone.now() + timedelta(days=1)).replace(second=0, microsecond=0)
    options = {"wanted": Conference.AUTO, "start": start, "tell": tell, **options}
    return Verification(connection.calendars.get(), **options).run(), said


def test_link_that_comes_late_is_waited_for(sandbox, connect, user_owner):
    connection = connect(user_owner, "google")
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 3})
    waits = []
    is_good, said = verified(connection, wait=waits.append)
    assert is_good, said
    assert waits


def test_link_that_is_never_made_fails_and_leaves_nothing(sandbox, connect, user_owner):
    connection = connect(user_owner, "google")
    sandbox.store.set_setting("meet", {"mode": "failure"})
    is_good, said = verified(connection, wait=lambda seconds: None)
    assert (is_good, said["Join link"][0]) == (False, False)
    assert said["Clean up"] == (True, "nothing is left")
    nothing_is_left(sandbox, connection)


def test_link_that_does_not_come_in_time_fails(sandbox, connect, user_owner, settings):
    settings.CONFERENCE_WAIT = timedelta(0)
    connection = connect(user_owner, "google")
    sandbox.store.set_setting("meet", {"mode": "pending", "reads": 99})
    is_good, said = verified(connection, wait=lambda seconds: None)
    assert not is_good
    assert said["Join link"] == (False, "The Google Meet link is pending.")
    nothing_is_left(sandbox, connection)


def test_preferred_zoom_that_is_not_connected_is_a_fault_here(sandbox, connect, user_owner):
    connection = connect(user_owner, "google")
    is_good, said = verified(connection, preferred=Conference.ZOOM)
    assert not is_good
    assert said == {"Route": (False, "Google Meet, because Zoom is not connected")}

"""What people and workers do that asks a provider. A new flow is one entry of `FLOWS`.

`ready` sets the scene once, `act` is what is tried, and tried again after it failed, with the same
form. Which calls a flow makes is found by watching it: nothing about them stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.utils import timezone

from audit.models import OAuthToken
from booking.models import BookingLink
from calendars.models import Calendar, Event, PushChannel
from calendars.services import channels, conferences, sync, zoom_rooms
from common import outbox
from common.models import OutboxMessage
from tests.booking.pages import fill_in, open_form
from tests.failures.scene import HOUR, TEN, WEEK, Scene, Seen, seen

EVENTS = "/api/v1/calendar/events"
DRAFT = {
    "title": "Kick-off",
    "start": "2026-11-20T14:00:00",
    "end": "2026-11-20T15:00:00",
    "timeZone": "Europe/Berlin",
    "idempotencyKey": "0123456789abcdef0123456789abcdef",
}
BOTH = ("google", "outlook")


@dataclass(frozen=True)
class Flow:
    """One thing that is done. `doing` is what it does to an event, for the words that go with it.

    `calls` narrows the calls that are made to fail to names that match; `needs` says what a scene
    must have: `copy` of the calendar, `zoom`, a booking `link`.
    """

    name: str
    act: Callable[[Scene], Seen]
    ready: Callable[[Scene], None] = lambda scene: None
    providers: tuple[str, ...] = BOTH
    calls: str = ""
    needs: tuple[str, ...] = ("copy",)
    # Reading asks nothing of the provider's events, so nothing has to be there afterwards.
    reads: bool = False
    # A copy of one page at a time, so that each page can fail.
    small_pages: bool = False
    is_page: bool = True
    has_account: bool = True


# --- Accounts ---


def connect_account(scene: Scene) -> Seen:
    back = scene.browser.get(f"/oauth/{scene.provider}/start?user=me&next=calendar")
    address = scene.sandbox.consent(back["Location"], email=f"alice@{scene.provider}.example")
    parts = urlsplit(address)
    answer = scene.browser.get(f"{parts.path}?{parts.query}")
    return seen(answer, done="is connected" in seen(answer).words)


def disconnect(scene: Scene) -> Seen:
    answer = scene.browser.post(f"/calendar/connections/{scene.connection.pk}/disconnect")
    return seen(answer)


def open_channels(scene: Scene) -> None:
    scene.settings.PUSH_ENABLED = True
    scene.settings.PUBLIC_URL = "https://meridian.test"


def channels_are_open(scene: Scene) -> None:
    open_channels(scene)
    tend(scene)


def channels_are_useless(scene: Scene) -> None:
    channels_are_open(scene)
    Calendar.objects.update(is_shown=False, counts_as_busy=False)


def channels_end_soon(scene: Scene) -> None:
    channels_are_open(scene)
    soon = timezone.now() + timedelta(hours=1)
    Calendar.objects.update(push_until=soon, push_tried_at=None)
    PushChannel.objects.update(created_at=timezone.now() - WEEK)


def tend(scene: Scene) -> Seen:
    row = scene.connection
    channels.tend(kind=row.owner_kind, connection_id=row.pk, actor=scene.actor, now=timezone.now())
    return _nobody(scene)


def tend_again(scene: Scene) -> Seen:
    """A channel that failed is due again after a while."""
    Calendar.objects.update(push_tried_at=None)
    return tend(scene)


# --- Reading ---


def run_sync(scene: Scene) -> Seen:
    row = scene.connection
    sync.run(kind=row.owner_kind, connection_id=row.pk, calendar_ids=None)
    row.refresh_from_db()
    calendar = scene.calendar
    # What the week says of a copy hangs on these; painting it each time takes most of the time.
    said_of = (
        row.state, calendar.sync_error, calendar.synced_at, calendar.sync_after, calendar.gone_at,
    )  # fmt: skip
    if said_of not in scene.painted:
        scene.painted[said_of] = week_page(scene)
    return scene.painted[said_of]


def week_page(scene: Scene) -> Seen:
    return seen(scene.browser.get("/calendar?view=week&date=2026-11-19"))


def far_week(scene: Scene) -> Seen:
    return seen(scene.browser.get("/calendar?view=week&date=2028-06-01"))


def changed_there(scene: Scene) -> None:
    store = scene.sandbox.store
    store.add_event(scene.remote, title="Added there", start=TEN + 3 * HOUR, end=TEN + 4 * HOUR)
    held = store.events_of(scene.remote["id"])
    gone = next(one for one in held if "Gone there" in str(one["body"]))
    store.delete_event(scene.remote, gone["id"] if "id" in gone else gone["body"]["id"])
    Calendar.objects.update(sync_tried_at=None)


def cursor_is_lost(scene: Scene) -> None:
    changed_there(scene)
    scene.sandbox.store.forget_sync(scene.remote)


def nothing_copied(scene: Scene) -> None:
    """As right after the consent: the calendars are listed and no event is copied."""


def rule_is_unknown(scene: Scene) -> None:
    row = second_of_series(scene)
    Event.objects.exclude(recurrence=[]).delete()
    scene.kept["event"] = row.pk


def event_detail(scene: Scene) -> Seen:
    return seen(scene.browser.get(f"/calendar/events/{scene.kept['event']}"))


# --- Writing ---
# Over the API: a page says the same sentence (see test_pages) and takes longer to paint.


def create(scene: Scene, **fields: Any) -> Seen:
    return _send(scene, "post", calendar=str(scene.calendar.pk), draft={**DRAFT, **fields})


def create_with_link(scene: Scene) -> Seen:
    return create(scene, conference="meet" if scene.provider == "google" else "teams")


def create_with_zoom(scene: Scene) -> Seen:
    return create(scene, conference="zoom")


def create_series(scene: Scene) -> Seen:
    return create(scene, recurrence=["RRULE:FREQ=WEEKLY;COUNT=3"])


def token_is_old(scene: Scene) -> None:
    OAuthToken.objects.update(expires_at=timezone.now())


def board(scene: Scene) -> None:
    _choose(scene, scene.event(title="Board"))


def second(scene: Scene) -> None:
    _choose(scene, second_of_series(scene))


def second_of_series(scene: Scene) -> Event:
    rows = Event.objects.filter(deleted_at=None, title="Weekly", recurrence=[])
    return rows.order_by("start_at")[1]


def _choose(scene: Scene, event: Event) -> None:
    """As a page has it open: which event, and which version of it."""
    scene.kept |= {"event": str(event.pk), "etag": event.etag, "start": event.start_at}


def change(scope: str) -> Callable[[Scene], Seen]:
    def act(scene: Scene) -> Seen:
        start = scene.kept["start"] + 4 * HOUR
        draft = {
            "title": "Changed",
            "start": start.isoformat(),
            "end": (start + HOUR).isoformat(),
        }
        etag = {"etag": scene.kept["etag"]} if scene.kept["etag"] and scope == "this" else {}
        return _send(scene, "patch", event=scene.kept["event"], scope=scope, draft=draft, **etag)

    return act


def drag(scene: Scene) -> Seen:
    event = scene.kept["event"]
    asked = {"start": "2026-11-19T16:00", "was": "2026-11-19T10:00"}
    script = {"HX-Request": "true"}
    return seen(scene.browser.post(f"/calendar/events/{event}/move", asked, headers=script))


def second_calendar(scene: Scene) -> None:
    board(scene)
    account = scene.sandbox.account(scene.connection)
    scene.sandbox.store.add_calendar(account, name="Second")
    row = scene.connection
    sync.sync_connection(connection=row, actor=scene.actor, now=timezone.now())
    scene.kept["to"] = str(Calendar.objects.get(name="Second").pk)


def relocate(scene: Scene) -> Seen:
    return _send(scene, "patch", event=scene.kept["event"], moveTo=scene.kept["to"])


def delete(scope: str) -> Callable[[Scene], Seen]:
    def act(scene: Scene) -> Seen:
        query = {"event": scene.kept["event"], "scope": scope}
        return seen(scene.browser.delete(f"{EVENTS}?{urlencode(query)}"))

    return act


def _send(scene: Scene, method: str, **body: Any) -> Seen:
    ask = getattr(scene.browser, method)
    return seen(ask(EVENTS, body, content_type="application/json"))


def invited(scene: Scene) -> None:
    _choose(scene, scene.event(title="Invitation"))


def respond(scene: Scene) -> Seen:
    address = f"/calendar/events/{scene.kept['event']}/respond"
    return seen(scene.browser.post(address, {"response": "accepted"}))


def split_is_half_done(scene: Scene) -> None:
    """The new series stands, and the process that made it died before it ended the old one."""
    scene.kept["undone"] = scene.at_provider()
    second(scene)
    operation = {"google": "google.events.patch", "outlook": "microsoft.events.update"}
    scene.sandbox.fault(operation[scene.provider], unreached=True)
    change("following")(scene)
    scene.sandbox.store.clear_faults()


def finish_split(scene: Scene) -> Seen:
    return _deliver(scene, "calendars.finish_split")


# --- Booking ---


def old_copy(scene: Scene) -> None:
    """Too old to paint slots from."""
    Calendar.objects.update(synced_at=timezone.now() - HOUR)


def slots_page(scene: Scene) -> Seen:
    return seen(scene.browser.get("/book/intro?duration=30&date=2026-11-19&tz=Europe/Berlin"))


def booking_form(scene: Scene) -> None:
    link = BookingLink.objects.get(slug="intro")
    form = open_form(scene.browser, link, start=TEN + 2 * HOUR)
    scene.kept["form"] = fill_in(form, name="Ann Other", email="ann@tallship.example")
    scene.kept["action"] = form["action"] or "/book/intro/new"


def book(scene: Scene) -> Seen:
    return seen(scene.browser.post(scene.kept["action"], scene.kept["form"]))


def booked(scene: Scene) -> None:
    booking_form(scene)
    assert book(scene).done


def meeting_event(scene: Scene) -> Seen:
    return _deliver(scene, "booking.calendar_event")


def answer_was_lost(scene: Scene) -> None:
    """Zoom made the meeting and was not heard; the event stands without its link."""
    scene.sandbox.fault("zoom.meetings.create", lost=True)
    assert create_with_zoom(scene).done
    scene.sandbox.store.clear_faults()


def make_link(scene: Scene) -> Seen:
    return _deliver(scene, zoom_rooms.ZOOM_LINK_KIND)


def has_zoom(scene: Scene) -> None:
    assert create_with_zoom(scene).done
    _choose(scene, scene.event(title="Kick-off"))


def rooms_are_left(scene: Scene) -> None:
    """One was made for nothing, and one could not be deleted with its event."""
    answer_was_lost(scene)
    make_link(scene)
    has_zoom(scene)
    scene.sandbox.fault("zoom.meetings.delete", status=503)
    delete("this")(scene)
    scene.sandbox.store.clear_faults()


def look_after_rooms(scene: Scene) -> Seen:
    scene.look_after_rooms()
    return _nobody(scene)


def link_is_pending(scene: Scene) -> None:
    create_with_link(scene)


def settle(scene: Scene) -> Seen:
    return _deliver(scene, conferences.SETTLE_KIND)


def _deliver(scene: Scene, kind: str) -> Seen:
    """What a worker does with the message; the owner sees its outcome, not a page."""
    message = OutboxMessage.objects.filter(kind=kind).order_by("created_at", "pk").first()
    if message is None:
        return Seen(0, "", done=True)
    state = outbox.deliver_now(message)
    message.refresh_from_db()
    return Seen(0, message.last_error, done=state == "sent")


def _nobody(scene: Scene) -> Seen:
    return Seen(0, "", done=True)


FLOWS = (
    Flow("Connecting an account", connect_account, needs=(), providers=(*BOTH, "zoom"),
         has_account=False),
    Flow("Renewing a token", create, token_is_old, calls=r".*\.token", providers=BOTH),
    Flow("First copy of a calendar", run_sync, nothing_copied, needs=(), reads=True,
         small_pages=True),
    Flow("Copying what changed", run_sync, changed_there, reads=True),
    Flow("Copying after a lost cursor", run_sync, cursor_is_lost, reads=True),
    Flow("Opening a push channel", tend_again, open_channels, reads=True, is_page=False),
    Flow("Renewing a push channel", tend_again, channels_end_soon, reads=True, is_page=False),
    Flow("Closing a push channel", tend_again, channels_are_useless, reads=True, is_page=False),
    Flow("Looking at a week that is not copied", far_week, reads=True),
    Flow("Looking at an event of a series", event_detail, rule_is_unknown, reads=True),
    Flow("Creating an event", create),
    Flow("Creating an event with the account's own link", create_with_link),
    Flow("Waiting for a link", settle, link_is_pending, providers=("google",), is_page=False),
    Flow("Creating an event with a Zoom link", create_with_zoom, needs=("copy", "zoom")),
    Flow("Finding a Zoom meeting whose answer was lost", make_link, answer_was_lost,
         providers=("google",), needs=("copy", "zoom"), calls=r"zoom\..*", is_page=False),
    Flow("Deleting an event with a Zoom link", delete("this"), has_zoom,
         providers=("google",), needs=("copy", "zoom"), calls=r"zoom\..*"),
    Flow("Looking after Zoom meetings", look_after_rooms, rooms_are_left,
         providers=("google",), needs=("copy", "zoom"), is_page=False),
    Flow("Creating a series", create_series),
    Flow("Changing an event", change("this"), board),
    Flow("Moving an event by hand", drag, board),
    Flow("Moving an event to another calendar", relocate, second_calendar,
         providers=("google",)),
    Flow("Changing one event of a series", change("this"), second),
    Flow("Changing this and the following", change("following"), second),
    Flow("Finishing a parted series", finish_split, split_is_half_done, is_page=False),
    Flow("Changing all of a series", change("all"), second),
    Flow("Deleting an event", delete("this"), board),
    Flow("Deleting one event of a series", delete("this"), second),
    Flow("Deleting this and the following", delete("following"), second),
    Flow("Deleting all of a series", delete("all"), second),
    Flow("Answering an invitation", respond, invited),
    Flow("Showing open times to a guest", slots_page, old_copy, needs=("copy", "link"),
         reads=True),
    Flow("Confirming a booking", book, booking_form, needs=("copy", "link")),
    Flow("Making a meeting's event", meeting_event, booked, needs=("copy", "link"),
         is_page=False),
    Flow("Disconnecting an account", disconnect),
)  # fmt: skip

"""Fills the demo: the providers' side through the sandbox's store, ours through the services."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import requests
from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone

from audit.actors import task_actor
from booking.services.invite_addresses import make_address
from booking.services.links import LinkData, save_link
from booking.services.names import name_owner
from calendars.models import CalendarConnectionBase, UserCalendarConnection
from calendars.providers.base import Attendee, EventDraft
from calendars.services import events, headquarters, oauth, sync
from conferencing.enums import Conference
from conferencing.telehealth import rooms
from sandbox.demo.crm import fill_close, fill_crm
from sandbox.demo.scene import (
    ACCOUNTS,
    AMARA,
    INES,
    NILS,
    NOOR,
    OPERATOR,
    PASSWORD,
    PEOPLE,
    TOMAS,
    ZONE,
    Account,
    Appointment,
)
from sandbox.server import create_app
from sandbox.server.store import FileStore, Store
from sandbox.server.visitor import grant_consent
from workspaces.availability import parse_availability
from workspaces.enums import Role, Tier
from workspaces.models import Client, Membership, User, Workspace
from workspaces.owners import ClientOwner, Owner, owner_of_user
from workspaces.services import join

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_LUNCH_HOURS = [["09:00", "12:30"], ["13:30", "17:30"]]
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
HOURS = {
    **{
        day: {"enabled": True, "start": "09:00", "end": "17:30", "intervals": _LUNCH_HOURS}
        for day in _DAYS
    },
    "saturday": {"enabled": False, "start": "09:00", "end": "17:00"},
    "sunday": {"enabled": False, "start": "09:00", "end": "17:00"},
}


def fill_sandbox(file: Path) -> None:
    """Make the accounts with their calendars and events on the providers' side."""
    store = FileStore(file)
    create_app(store, settings.SANDBOX_URL)  # links in events begin with its address
    store.set_setting("push", value=True)  # for whoever starts it with PUSH_ENABLED=true
    today = datetime.now(ZoneInfo(ZONE)).date()
    monday = today - timedelta(days=today.weekday())
    try:
        for account in ACCOUNTS:
            _fill_account(store, account, monday)
        fill_close(store)
    finally:
        store.close()


def _fill_account(store: Store, account: Account, monday: date) -> None:
    made = store.add_account(
        account.provider,
        email=account.email,
        name=account.name,
        kind=account.kind,
        timezone=account.timezone,
    )
    for calendar in account.calendars:
        if calendar.name:
            kept = store.add_calendar(made, name=calendar.name, color=calendar.colour)
        else:
            kept = store.primary_calendar(made)
            name = calendar.shown_as or kept["name"]
            store.change_calendar(kept, name=name, color=calendar.colour)
        for appointment in calendar.appointments:
            _add(store, kept, appointment, monday, ZoneInfo(account.timezone))
        if calendar.role != "owner":
            store.change_calendar(kept, role=calendar.role)


def _add(
    store: Store, calendar: dict[str, Any], event: Appointment, monday: date, zone: ZoneInfo
) -> None:
    day = monday + timedelta(days=event.day)
    start: datetime | date = day
    end: datetime | date = day + timedelta(days=event.days)
    if event.hours is not None:
        zones = zone, ZoneInfo(event.end_zone or zone.key)
        start, end = (
            datetime(day.year, day.month, day.day, int(hour), round(hour % 1 * 60), tzinfo=there)
            for hour, there in zip(event.hours, zones, strict=True)
        )
    store.add_event(
        calendar,
        title=event.title,
        start=start,
        end=end,
        timezone=zone.key,
        location=event.place,
        description=event.text,
        recurrence=(event.repeat,) if event.repeat else (),
        attendees=event.guests,
        conference=event.has_link,
        busy=event.is_busy,
        private=event.is_private,
        tentative=event.is_tentative,
        organizer=event.invited_by,
        response=event.response,
        uid=event.uid,
        colour=event.colour,
        kind=event.kind,
        end_timezone=event.end_zone,
    )


def fill_meridian() -> None:
    """Make people, workspaces, clients, connections and links. The sandbox must be running."""
    people = {person.email: _sign_up(person.email, person.name) for person in PEOPLE}
    User.objects.filter(email=OPERATOR.email).update(is_staff=True, is_superuser=True)
    amara, ines = people[AMARA.email], people[INES.email]
    studio = _workspace(amara, "Finch & Harbour", Tier.STANDARD)
    clinic = _workspace(ines, "Larkfield Clinic", Tier.ADVANCED)
    join.add_member(workspace=studio, user=people[TOMAS.email], role=Role.MEMBER)
    join.add_member(workspace=clinic, user=people[NOOR.email], role=Role.AUDITOR)
    join.add_member(workspace=clinic, user=amara, role=Role.MEMBER)
    osprey = _client(studio, "Osprey Rail", "Kim Lowe", "kim@ospreyrail.example")
    _client(studio, "Wells & Co", "Sam Wells", "sam@wells.example")
    larkfield = _client(clinic, "Larkfield Dental", "Robin Hale", "robin@larkfielddental.example")
    my_studio, my_clinic = owner_of_user(amara, studio), owner_of_user(ines, clinic)
    desk = ClientOwner(workspace=studio, client=osprey)
    dental = ClientOwner(workspace=clinic, client=larkfield)
    for owner in (my_studio, my_clinic, desk, dental):
        owner.save_hours(zone_name=ZONE, availability=parse_availability(HOURS))
    _connect(my_studio, amara, "google", "amara@finchharbour.example")
    tomas = people[TOMAS.email]
    _connect(owner_of_user(tomas, studio), tomas, "google", TOMAS.email)
    _connect(my_studio, amara, "outlook", "a.okafor@larkfieldgroup.example")
    _connect(desk, amara, "google", "studio@ospreyrail.example")
    _connect(my_clinic, ines, "outlook", "ines@larkfield.example")
    _connect(my_clinic, ines, "zoom", "ines@larkfield.example")
    _connect(dental, ines, "google", "desk@larkfielddental.example")
    group = _workspace(people[NILS.email], "Northgate Group", Tier.ENTERPRISE)
    # The clinic is watched; the studio's request waits for an answer.
    now = timezone.now()
    for branch in (clinic, studio):
        headquarters.name_headquarters(by=_owner_of(branch), slug=group.slug, now=now)
    headquarters.accept_branch(by=_owner_of(group), branch_id=clinic.pk, now=now)
    _links(my_studio, desk, my_clinic, dental)
    fill_crm(studio, tomas)
    rooms.switch(workspace=clinic, on=True)
    _session_soon(my_clinic, ines)


def _session_soon(owner: Owner, user: User) -> None:
    """A telehealth session that can be entered at once."""
    connection = UserCalendarConnection.objects.get(user=user, workspace=owner.workspace)
    calendar = connection.calendars.select_related("workspace").get(is_primary=True)
    start = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=10)
    draft = EventDraft(
        title="Video session: J.M.",
        description="Bring the exercise sheet.",
        start=start,
        end=start + timedelta(minutes=45),
        timezone=ZONE,
        attendees=(Attendee("jo.murray@patients.example", "Jo Murray"),),
        conference=Conference.AUTO,
    )
    events.create_event(calendar=calendar, draft=draft, actor=task_actor("demo"))


def _links(studio: Owner, desk: Owner, clinic: Owner, dental: Owner) -> None:
    intro = LinkData(
        title="Intro call",
        slug="amara-intro",
        durations=(30, 45, 60),
        description="Bring one booking problem. We will look at your week together and you leave "
        "with a plan, whether or not we work on it.",
        notice_minutes=120,
        reminders=(1440, 60),
        follow_up_text="Thank you for your time, {{ name }}. Something came to mind since? "
        "Answer this mail.",
    )
    save_link(owner=studio, link=None, data=intro)
    session = LinkData(
        title="Working session",
        slug="amara-session",
        durations=(90,),
        buffer_before_minutes=15,
        buffer_after_minutes=15,
        max_per_day=2,
        conference=Conference.MEET,
        hue="moss",
    )
    save_link(owner=studio, link=None, data=session)
    review = LinkData(
        title="Project review with Osprey Rail",
        slug="osprey-review",
        durations=(30, 60),
        description="A look at where the project stands.",
        hue="clay",
    )
    save_link(owner=desk, link=None, data=review)
    consult = LinkData(title="Consultation", slug="ines-consultation", durations=(45,), hue="plum")
    save_link(owner=clinic, link=None, data=consult)
    checkup = LinkData(
        title="Dental check-up call",
        slug="larkfield-dental",
        durations=(15, 30),
        conference=Conference.NONE,
        location="By telephone",
    )
    save_link(owner=dental, link=None, data=checkup)
    _special_links(studio, clinic)
    make_address(studio)
    for owner, slug in (
        (studio, "amara-okafor"), (desk, "osprey-rail"), (clinic, "ines"), (dental, "larkfield"),
    ):  # fmt: skip
        name_owner(owner=owner, slug=slug)


def _special_links(studio: Owner, clinic: Owner) -> None:
    """A group that shares its slots, and a link for one person and one booking."""
    group = LinkData(
        title="Back school, small group",
        slug="ines-back-school",
        durations=(60,),
        description="An hour of exercises for up to six. Wear something you can move in.",
        seats=6,
        step_minutes=60,
        hue="iris",
    )
    save_link(owner=clinic, link=None, data=group)
    personal = LinkData(
        title="Catch up with Amara",
        slug="amara-catch-up",
        durations=(45,),
        is_private=True,
        is_one_time=True,
        hue="ochre",
    )
    save_link(owner=studio, link=None, data=personal)


def _sign_up(email: str, name: str) -> User:
    user = User.objects.create_user(email, PASSWORD, name=name)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _workspace(owner: User, name: str, tier: Tier) -> Workspace:
    return join.found_workspace(
        user=owner, name=owner.name, workspace_name=name, timezone=ZONE, tier=tier
    )


def _owner_of(workspace: Workspace) -> Membership:
    return workspace.memberships.select_related("workspace").get(role=Role.OWNER)


def _client(workspace: Workspace, name: str, contact: str, email: str) -> Client:
    return Client.objects.create(
        workspace=workspace,
        name=name,
        primary_contact_name=contact,
        primary_contact_email=email,
        timezone=ZONE,
    )


def _connect(owner: Owner, user: User, provider: str, email: str) -> None:
    """Through the consent page, as a person would."""
    now, binding = timezone.now(), f"demo-{owner.id}"
    page = oauth.start_flow(
        provider=provider, owner=owner, user=user, binding=binding, next_page="", now=now
    )
    with requests.Session() as browser:
        back = grant_consent(browser, page, email=email)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    finished = oauth.finish_flow(
        provider=provider,
        answer=oauth.Answer(
            state=asked.get("state", ""), code=asked.get("code", ""), error=asked.get("error", "")
        ),
        user=user,
        binding=binding,
        actor=task_actor("demo"),
        now=datetime.now(UTC),
    )
    connection = finished.kept.connection
    if isinstance(connection, CalendarConnectionBase):
        sync.sync_connection(
            connection=connection, actor=task_actor("demo"), now=timezone.now(), calendar_ids=None
        )

"""`manage.py verify_provider`: try the providers with a test event, and say how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from audit.enums import ConnectionState, Provider
from audit.oauth_apps import oauth_app
from calendars.owners import calendars_of, connections_of
from calendars.paused import paused_words
from calendars.providers.registry import OAUTH
from calendars.services.verifying import Step, Verification
from calendars.sidebar import is_booking_calendar
from common.errors import PlanRequired
from conferencing.enums import Conference
from conferencing.services import check_zoom_plan, has_zoom
from workspaces.enums import Tier
from workspaces.models import Client, Membership, Workspace
from workspaces.owners import ClientOwner, owner_of_user

if TYPE_CHECKING:
    from calendars.models import Calendar
    from workspaces.owners import Owner

ALL: Final = "all"
PROVIDERS: Final = {
    "google": Provider.GOOGLE,
    "microsoft": Provider.OUTLOOK,
    "outlook": Provider.OUTLOOK,
    "zoom": Provider.ZOOM,
}
DAYS_AHEAD: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Target:
    """What is tried: a calendar, and whether its meeting is to be a Zoom one."""

    label: str
    calendar: Calendar
    is_zoom: bool


class Command(BaseCommand):
    help = (
        "Make a test event with its meeting link at a provider, read it back, change it, delete it "
        "and look whether it is gone. Nobody is invited; the event shows as free."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", required=True)
        parser.add_argument(
            "--owner",
            "--user",
            metavar="WHO",
            required=True,
            help="whose accounts: a member's e-mail address, or a client's name",
        )
        parser.add_argument("--provider", choices=[ALL, *PROVIDERS], default=ALL)
        parser.add_argument("--calendar", metavar="ID", type=UUID, help="only this calendar")
        parser.add_argument(
            "--conference",
            choices=Conference.values,
            default=Conference.AUTO.value,
            help="auto takes the calendar's own link, and Zoom where Zoom is checked",
        )
        parser.add_argument(
            "--at",
            metavar="TIME",
            help="when the event stands, such as 2026-12-24T03:00Z; in a week when left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        owner = _owner(options["workspace"], options["owner"])
        wanted = Conference(options["conference"])
        targets = self._targets(owner, options["provider"], options["calendar"], wanted)
        failed = 0
        for target in targets:
            calendar = target.calendar
            self.stdout.write(f"{target.label}: {calendar.connection.connected_email}, {calendar}")
            run = Verification(
                calendar,
                wanted=wanted,
                start=_when(options["at"]),
                tell=self._tell,
                preferred=Conference.ZOOM if target.is_zoom else None,
            )
            try:
                failed += not run.run()
            except KeyboardInterrupt:
                left = "What had been made was cleaned up."
                if not run.is_clean:
                    left = "What may be left is said above."
                raise CommandError(f"Interrupted. {left}") from None
        if failed:
            raise CommandError(f"{failed} of {len(targets)} checks failed.")
        self.stdout.write(self.style.SUCCESS(f"{len(targets)} of {len(targets)} checks are good."))

    def _tell(self, step: Step) -> None:
        mark = self.style.SUCCESS("ok  ") if step.is_good else self.style.ERROR("FAIL")
        self.stdout.write(f"  {mark} {step.name}: {step.words} ({step.seconds:.1f} s)")

    def _targets(
        self, owner: Owner, provider: str, calendar_id: UUID | None, wanted: Conference
    ) -> list[Target]:
        """What to try. Raises CommandError with what is missing, and what would change it."""
        if provider != ALL:
            return [_target(owner, PROVIDERS[provider], calendar_id)]
        found = []
        for one in (*OAUTH, Provider.ZOOM):
            try:
                found.append(_target(owner, Provider(one), calendar_id))
            except CommandError as missing:
                self.stdout.write(f"Left out: {missing}")
        if wanted not in {Conference.AUTO, Conference.ZOOM}:
            found = [target for target in found if not target.is_zoom]
        if not found:
            raise CommandError("There is nothing to check.")
        return found


def _owner(slug: str, who: str) -> Owner:
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {slug}.")
    members = Membership.objects.filter(workspace=workspace, user__email__iexact=who)
    member = members.select_related("user").first()
    if member is not None:
        return owner_of_user(member.user, workspace)
    client = Client.objects.filter(workspace=workspace, name__iexact=who).first()
    if client is None:
        raise CommandError(f"{workspace} has no member with the address {who} and no such client.")
    return ClientOwner(workspace=workspace, client=client)


def _target(owner: Owner, provider: Provider, calendar_id: UUID | None) -> Target:
    is_zoom = provider == Provider.ZOOM
    label = oauth_app(provider).spec.label
    if is_zoom:
        _require_zoom(owner)
    rows = list(calendars_of(owner).filter(gone_at__isnull=True))
    if calendar_id is not None:
        rows = [row for row in rows if row.pk == calendar_id]
        if not rows:
            raise CommandError(f"{owner.name} has no calendar {calendar_id} in {owner.workspace}.")
    mine = [row for row in rows if is_zoom or row.connection.provider == provider]
    usable = [
        row for row in mine if row.is_writable and row.connection.state == ConnectionState.ACTIVE
    ]
    if not usable:
        raise CommandError(_why_none(owner, provider, mine))
    usable.sort(key=lambda row: (not is_booking_calendar(row), not row.is_primary))
    return Target(label, usable[0], is_zoom)


def _require_zoom(owner: Owner) -> None:
    try:
        check_zoom_plan(Tier(owner.workspace.tier))
    except PlanRequired as refusal:
        raise CommandError(f"{refusal.message} {owner.workspace} is on {_plan(owner)}.") from None
    if not has_zoom(owner):
        raise CommandError(_connect("Zoom", owner))


def _why_none(owner: Owner, provider: Provider, mine: list[Calendar]) -> str:
    label = "calendar" if provider == Provider.ZOOM else oauth_app(provider).spec.label
    for connection in connections_of(owner):
        if provider not in {connection.provider, Provider.ZOOM}:
            continue
        if connection.is_paused_by_plan:
            return f"{paused_words(connection)} {owner.workspace} is on {_plan(owner)}."
        if connection.state != ConnectionState.ACTIVE:
            state = connection.get_state_display().lower()
            return f"{connection.connected_email}: {state}. {_connect(label, owner)}"
    if mine:
        return f"{owner.name} can only read the calendars of {label}."
    return _connect(label, owner)


def _connect(label: str, owner: Owner) -> str:
    page = f"{settings.PUBLIC_URL}/calendar/connections"
    return f"No {label} account of {owner.name} is usable in {owner.workspace}. Connect it: {page}"


def _plan(owner: Owner) -> str:
    return str(Tier(owner.workspace.tier).label)


def _when(given: str | None) -> datetime:
    if given is None:
        ahead = (timezone.now() + DAYS_AHEAD).astimezone(UTC)
        return ahead.replace(minute=0, second=0, microsecond=0)
    try:
        found = parse_datetime(given)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{given} is no time. Write it as 2026-12-24T03:00Z.")
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(second=0, microsecond=0)

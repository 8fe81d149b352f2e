"""Who a workspace takes no bookings from: kept by its owners and admins, asked at every submit."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from booking.booker import clean_email
from booking.enums import BlockKind
from booking.errors import BookerRefused, GuestsRefused
from booking.models import BookingBlock
from booking.plain import CONTROLS
from common.errors import InvalidInput, NotFound
from common.mailboxes import domains_of, mailbox_of
from workspaces.zones import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from workspaces.models import Workspace

MAX_BLOCKS = 2_000
MAX_REASON = 300
# A network wider than these is a country or a carrier: pausing the link is meant then.
_WIDEST = {4: 16, 6: 32}
_NOT_A_DOMAIN = "Give a domain such as mailinator.example."
_NOT_A_NETWORK = "Give an internet address or a range, such as 203.0.113.7 or 203.0.113.0/24."


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a block is for, in its canonical spelling."""

    kind: BlockKind
    value: str


def read_target(typed: str) -> Target:
    """An e-mail address, a domain or a network, told apart by its looks. Raises InvalidInput."""
    said = typed.strip()
    if not said:
        raise InvalidInput("value", "Give an e-mail address, a domain or an internet address.")
    if "@" in said.lstrip("@"):
        try:
            return Target(BlockKind.EMAIL, mailbox_of(clean_email(said)))
        except InvalidInput as error:
            raise InvalidInput("value", error.message) from None
    network = _network(said)
    return Target(BlockKind.NETWORK, network) if network else _domain(said)


def block(
    *,
    workspace: Workspace,
    target: Target,
    added_by: str,
    reason: str = "",
    ends_on: date | None = None,
    today: date,
) -> BookingBlock:
    """Refuse bookings of the target from now on, to the end of `ends_on` if given.

    The same target once more changes reason, end and who said so. Raises InvalidInput naming the
    field.
    """
    if ends_on is not None and ends_on < today:
        raise InvalidInput("ends_on", "This day is over. Choose today or later, or leave it empty.")
    reason = reason.strip()
    if len(reason) > MAX_REASON or CONTROLS.search(reason):
        raise InvalidInput("reason", f"Use one line of at most {MAX_REASON} characters.")
    mine = BookingBlock.objects.filter(workspace=workspace)
    said: dict[str, Any] = {"reason": reason, "ends_on": ends_on, "added_by": added_by}
    named: dict[str, Any] = {
        "workspace": workspace,
        "kind": target.kind,
        "value": target.value,
    }
    if not mine.filter(**named).exists() and mine.count() >= MAX_BLOCKS:
        raise InvalidInput("value", f"At most {MAX_BLOCKS} can be blocked. Remove old ones first.")
    try:
        with transaction.atomic():
            return BookingBlock.objects.update_or_create(**named, defaults=said)[0]
    except IntegrityError:
        # A colleague blocked the same one at this moment; theirs stands.
        return mine.get(**named)


def unblock(*, workspace: Workspace, block_id: UUID) -> BookingBlock:
    """Take bookings of that target again. Raises NotFound."""
    found = BookingBlock.objects.filter(workspace=workspace, pk=block_id).first()
    if found is None:
        raise NotFound
    gone = BookingBlock(pk=found.pk, kind=found.kind, value=found.value)
    found.delete()
    return gone


def blocks_of(workspace: Workspace) -> QuerySet[BookingBlock]:
    """All of the workspace's blocks, the newest first, those that have ended too."""
    return BookingBlock.objects.filter(workspace=workspace).order_by("-created_at")


def refuse_blocked(*, workspace: Workspace, email: str, address: str, now: datetime) -> None:
    """Raise BookerRefused when the workspace blocks the mailbox, its domain or the address.

    Days end by the workspace's clock, an hour or two late elsewhere.
    """
    here = _address(address)
    for kind, value in _blocks_now(workspace, [email], now, with_networks=True):
        if kind != BlockKind.NETWORK or (here and here in ipaddress.ip_network(value)):
            raise BookerRefused


def refuse_blocked_guests(*, workspace: Workspace, emails: Sequence[str], now: datetime) -> None:
    """Raise GuestsRefused when the workspace blocks one of the mailboxes, or a domain of theirs."""
    if emails and _blocks_now(workspace, emails, now).exists():
        raise GuestsRefused


def _blocks_now(
    workspace: Workspace, emails: Sequence[str], now: datetime, *, with_networks: bool = False
) -> QuerySet[BookingBlock, tuple[str, str]]:
    today = now.astimezone(zone(workspace.timezone)).date()
    holds = Q(ends_on__isnull=True) | Q(ends_on__gte=today)
    domains = {domain for email in emails for domain in domains_of(email)}
    named = Q(kind=BlockKind.EMAIL, value__in={mailbox_of(email) for email in emails})
    named |= Q(kind=BlockKind.DOMAIN, value__in=domains)
    if with_networks:
        named |= Q(kind=BlockKind.NETWORK)
    rows = BookingBlock.objects.filter(holds, named, workspace=workspace)
    return rows.values_list("kind", "value")


def _address(said: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return None
    return (address.version == 6 and address.ipv4_mapped) or address


def _network(said: str) -> str:
    """The network in canonical spelling; blank when it is none. Raises InvalidInput."""
    if not set(said) <= set("0123456789abcdefABCDEF.:/") or not {".", ":"} & set(said):
        return ""
    try:
        network = ipaddress.ip_network(said, strict=False)
    except ValueError:
        if set(said) <= set("0123456789./") or ":" in said:
            raise InvalidInput("value", _NOT_A_NETWORK) from None
        return ""
    if network.prefixlen < _WIDEST[network.version]:
        widest = _WIDEST[network.version]
        raise InvalidInput(
            "value", f"This is too wide: give /{widest} or narrower, or switch the link off."
        )
    if network.version == 6 and network.prefixlen > 64:
        # Whoever has one address of such a network has all of them.
        network = network.supernet(new_prefix=64)
    return str(network)


def _domain(said: str) -> Target:
    name = said.lstrip("@").removeprefix("*.").rstrip(".").lower()
    try:
        # What holds for an address's domain holds for a domain.
        name = clean_email(f"a@{name}").rpartition("@")[2].lower()
    except InvalidInput:
        raise InvalidInput("value", _NOT_A_DOMAIN) from None
    if "." not in name:
        raise InvalidInput("value", _NOT_A_DOMAIN)
    return Target(BlockKind.DOMAIN, name)

"""Accounts and calendars: how they come to be, and who may do what in them."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from sandbox.server.instants import any_zone
from sandbox.server.records import Record, Records, random_text

PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
PROVIDERS = ("google", "microsoft", "zoom")
ROLES = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
_NAMESPACE = uuid.UUID("6f1f6c1e-4b0f-5a57-9d57-0d6f5f9b1a10")


class BadSeed(Exception):
    """An account, calendar or event that cannot be made as told."""


def account_id(provider: str, email: str) -> str:
    return f"{provider}:{email.strip().lower()}"


def find_account(store: Records, provider: str, email: str) -> Record | None:
    return store.get("account", account_id(provider, email))


def add_account(
    store: Records,
    provider: str,
    *,
    email: str,
    name: str = "",
    kind: str = "work",
    timezone: str = "UTC",
) -> Record:
    """The account with its default calendar; the one that exists already comes back as it is.

    Raises BadSeed.
    """
    email = email.strip().lower()
    key = account_id(provider, email)
    known = store.get("account", key)
    if known:
        return known
    if provider not in PROVIDERS or "@" not in email or kind not in {"work", "personal"}:
        raise BadSeed(f"no such account: {provider} {email} {kind}")
    if any_zone(timezone) is None:
        raise BadSeed(f"no such zone: {timezone}")
    local, _, domain = email.partition("@")
    tenant = str(uuid.uuid5(_NAMESPACE, domain))
    account = {
        "id": key,
        "provider": provider,
        "email": email,
        "name": name or local.replace(".", " ").title(),
        "kind": kind,
        "timezone": timezone,
        "sub": str(int(hashlib.sha256(key.encode()).hexdigest()[:17], 16)).rjust(21, "1"),
        "oid": str(uuid.uuid5(_NAMESPACE, key)),
        "tid": PERSONAL_TENANT if kind == "personal" else tenant,
    }
    store.put("account", key, account)
    if provider == "google":
        add_calendar(store, account, name=email, id=email, primary=True)
    if provider == "microsoft":
        add_calendar(store, account, name="Calendar", primary=True)
    return account


def add_calendar(
    store: Records,
    account: Record,
    *,
    name: str,
    id: str = "",  # noqa: A002 -- the provider's word for it
    role: str = "owner",
    timezone: str = "",
    color: str = "",
    primary: bool = False,
    meet: bool = True,
    hidden: bool = False,
) -> Record:
    """A calendar that this account sees with that role.

    A role below writer makes it someone else's calendar. `meet=False` allows no conference in
    it. Raises BadSeed.
    """
    zone = timezone or account["timezone"]
    if role not in ROLES or any_zone(zone) is None or account["provider"] == "zoom":
        raise BadSeed(f"no such calendar: {role} {zone}")
    calendar: Record = {
        "id": id or _calendar_id(account["provider"]),
        "account": account["id"],
        "provider": account["provider"],
        "name": name,
        "role": role,
        "timezone": zone,
        "color": color,
        "primary": primary,
        "meet": meet,
        "hidden": hidden,
        "shares": {},
        "generation": 1,
        "freebusy_error": "",
        "changed": store.next_revision(),
    }
    if store.get("calendar", calendar["id"]):
        raise BadSeed(f"the calendar exists: {calendar['id']}")
    return store.put("calendar", calendar["id"], calendar)


def _calendar_id(provider: str) -> str:
    if provider == "google":
        return f"c_{random_text(52)}@group.calendar.google.com"
    return f"AAMkAD{random_text(108)}AAA="


def calendars_of(store: Records, account: Record) -> list[Record]:
    """The calendars the account sees, its default first."""
    mine = [
        calendar
        for calendar in store.all("calendar")
        if calendar["account"] == account["id"] or account["id"] in calendar["shares"]
    ]
    return sorted(mine, key=lambda calendar: not is_primary(calendar, account))


def is_primary(calendar: Record, account: Record) -> bool:
    return bool(calendar["primary"]) and calendar["account"] == account["id"]


def role_in(calendar: Record, account: Record) -> str:
    """The account's role in the calendar, "" when it does not see it."""
    if calendar["account"] == account["id"]:
        return str(calendar["role"])
    return str(calendar["shares"].get(account["id"], ""))


def primary_of(store: Records, account: Record) -> Record:
    return next(c for c in calendars_of(store, account) if is_primary(c, account))


def at_least(role: str, wanted: str) -> bool:
    """Is the role as strong as the wanted one?"""
    return bool(role) and ROLES.index(role) >= ROLES.index(wanted)


def bump_generation(store: Records, calendar: Record) -> None:
    """Make every sync cursor of this calendar unknown (410)."""
    calendar["generation"] += 1
    store.put("calendar", calendar["id"], calendar)


def change_calendar(store: Records, calendar: Record, **changes: Any) -> Record:
    """Set fields of a calendar. Raises BadSeed for a field that may not change."""
    allowed = {"name", "role", "timezone", "color", "meet", "hidden", "freebusy_error", "shares"}
    if not set(changes) <= allowed:
        raise BadSeed(f"these cannot change: {sorted(set(changes) - allowed)}")
    calendar |= changes
    calendar["changed"] = store.next_revision()
    return store.put("calendar", calendar["id"], calendar)

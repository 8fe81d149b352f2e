"""The store that tests and the demo hold: seeding, changes behind the clients' backs, a file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from sandbox.server import accounts, faults, oauth
from sandbox.server.accounts import BadSeed
from sandbox.server.close import access as close
from sandbox.server.google import seeding as google
from sandbox.server.http import Json
from sandbox.server.microsoft import seeding as microsoft
from sandbox.server.records import Record, Records, system_clock
from sandbox.server.seed import Seed

ALL_SCOPES = {
    "google": ["openid", "email", "https://www.googleapis.com/auth/calendar"],
    "microsoft": ["openid", "email", "offline_access", "User.Read", "Calendars.ReadWrite"],
    "zoom": ["meeting:write", "meeting:read", "user:read"],
}


class Side(Protocol):
    """A provider's own side: `google.seeding` and `microsoft.seeding`."""

    def add_event(self, store: Records, calendar: Record, seed: Seed) -> Record: ...
    def change_event(self, store: Records, calendar: Record, event_id: str, sent: Json) -> Json: ...
    def delete_event(self, store: Records, calendar: Record, event_id: str) -> None: ...


def _side(calendar: Record) -> Side:
    return google if calendar["provider"] == "google" else microsoft


class Store(Records):
    """In memory. Every method may be called from any thread."""

    def add_account(
        self,
        provider: str,
        *,
        email: str,
        name: str = "",
        kind: str = "work",
        timezone: str = "UTC",
    ) -> Record:
        """An account (`work` or `personal`) with its default calendar. Raises BadSeed."""
        with self.transaction():
            return accounts.add_account(
                self, provider, email=email, name=name, kind=kind, timezone=timezone
            )

    def add_calendar(self, account: Record, **fields: Any) -> Record:
        """One more calendar; fields as in `accounts.add_calendar`. Raises BadSeed."""
        with self.transaction():
            return accounts.add_calendar(self, account, **fields)

    def primary_calendar(self, account: Record) -> Record:
        return accounts.primary_of(self, account)

    def share_calendar(self, calendar: Record, account: Record, role: str = "reader") -> None:
        """Let another Google account see the calendar with that role."""
        with self.transaction():
            shares = {**calendar["shares"], account["id"]: role}
            accounts.change_calendar(self, calendar, shares=shares)

    def add_event(
        self,
        calendar: Record,
        *,
        title: str,
        start: datetime | date,
        end: datetime | date,
        **fields: Any,
    ) -> Record:
        """An event; aware datetimes, or dates for all-day ones (end exclusive). More in `Seed`.

        Raises BadSeed, or Refusal where the provider would refuse it.
        """
        for name in ("attendees", "recurrence"):
            fields[name] = tuple(fields.get(name, ()))
        if isinstance(start, datetime) and (start.tzinfo is None or not isinstance(end, datetime)):
            raise BadSeed("start and end have to be aware")
        with self.transaction():
            seed = Seed(title=title, start=start, end=end, **fields)
            return _side(calendar).add_event(self, calendar, seed)

    def change_event(self, calendar: Record, event_id: str, sent: Json) -> Json:
        """Change an event, or one occurrence, on the provider's side; `sent` is its own JSON."""
        with self.transaction():
            return _side(calendar).change_event(self, calendar, event_id, sent)

    def delete_event(self, calendar: Record, event_id: str) -> None:
        """Delete an event, or one occurrence, on the provider's side."""
        with self.transaction():
            _side(calendar).delete_event(self, calendar, event_id)

    def forget_sync(self, calendar: Record) -> None:
        """Every sync cursor of the calendar becomes unknown: its next use is answered 410."""
        with self.transaction():
            accounts.bump_generation(self, calendar)

    def change_calendar(self, calendar: Record, **changes: Any) -> Record:
        """name, role, timezone, color, meet, hidden, freebusy_error (a reason, or "")."""
        with self.transaction():
            return accounts.change_calendar(self, calendar, **changes)

    def add_close_key(self, key: str, *, email: str, organization: str) -> Record:
        """A key to the organisation's Close, which is made if it is new."""
        with self.transaction():
            return close.add_key(self, key=key, email=email, organization=organization)

    def add_fault(self, operation: str, **fault: Any) -> Record:
        """Something to go wrong; see `faults.add_fault`. Raises BadFault."""
        return faults.add_fault(self, operation=operation, **fault)

    def clear_faults(self) -> None:
        faults.clear_faults(self)

    def revoke(self, account: Record) -> int:
        """Withdraw every consent the account has given; how many there were."""
        with self.transaction():
            live = [g for g in self.where("grant", account=account["id"]) if not g["revoked"]]
            for grant in live:
                oauth.revoke_grant(self, grant)
            return len(live)

    def token_for(self, account: Record, scopes: list[str] | None = None) -> str:
        """An access token of the account, as if it had consented; for calls past the app."""
        provider = account["provider"]
        wanted = scopes or ALL_SCOPES[provider]
        with self.transaction():
            grant = oauth.open_grant(
                self, provider=provider, account=account["id"], client_id="sandbox", scopes=wanted
            )
            return oauth.issue_access(self, grant, wanted, "sandbox-")[0]


class FileStore(Store):
    """The same, kept in one SQLite file.

    What a request changed is committed before it is answered, so a killed process loses
    nothing. One process at a time.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], datetime] = system_clock) -> None:
        super().__init__(clock=clock)
        self._dirty: set[tuple[str, str]] = set()
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS record"
            " (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;"
        )
        with closing(self._file.execute("SELECT kind, key, body FROM record")) as rows:
            for kind, key, body in rows:
                super().put(kind, key, json.loads(body))
        self._dirty.clear()

    def put(self, kind: str, key: str, record: Record) -> Record:
        with self.transaction():
            return super().put(kind, key, record)

    def drop(self, kind: str, key: str) -> None:
        with self.transaction():
            super().drop(kind, key)

    def _touched(self, kind: str, key: str) -> None:
        self._dirty.add((kind, key))

    def _flush(self) -> None:
        if not self._dirty:
            return
        self._file.execute("BEGIN IMMEDIATE")
        for kind, key in self._dirty:
            record = self.get(kind, key)
            if record is None:
                self._file.execute("DELETE FROM record WHERE kind=? AND key=?", (kind, key))
            else:
                row = (kind, key, json.dumps(record))
                self._file.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", row)
        self._file.execute("COMMIT")
        self._dirty.clear()

    def close(self) -> None:
        with self._lock:
            self._flush()
            self._file.close()

"""Leads, contacts and notes of one workspace's Close. https://developer.close.com

Close has no idempotency key and lets two leads have one address: what must not be made twice is
looked for first, by whoever calls this (`booking.services.crm_leads`).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from booking.close_errors import UNREADABLE, CloseGone, error_for, names_another_lead
from common.errors import BadReply
from common.http import ProviderSession

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from common.secrets import Secret

_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_PAGE: Final = 100
# More contacts with one address, or notes on one lead, than there can be.
_PAGES: Final = 20
_NAME_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """Whose key it is. `organization_id` is what leads belong to."""

    email: str
    organization_id: str
    organization_name: str


@dataclass(frozen=True, slots=True)
class LeadStatus:
    """One of the organisation's own statuses of leads."""

    remote_id: str
    label: str
    organization_id: str = ""


@dataclass(frozen=True, slots=True)
class KnownContact:
    """A person in Close, with the lead they are of; addresses in small letters."""

    remote_id: str
    lead_id: str
    emails: frozenset[str]
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class LeadDraft:
    """A lead to make, with its one contact. `status_id` blank: what Close takes first."""

    name: str
    email: str
    description: str
    status_id: str = ""


class CloseClient:
    """One workspace's Close, for the length of one operation. Every method raises UpstreamError."""

    def __init__(self, key: Secret, *, api_url: str, time_limit: timedelta) -> None:
        self._key = key
        self._api_url = api_url.rstrip("/")
        self._session = ProviderSession("Close", time_limit=time_limit)

    def account(self, statuses: Sequence[LeadStatus] = ()) -> CloseAccount:
        """Whose key this is. Raises ReconnectNeeded for one that Close does not know.

        A key is of one organisation, and its user may be in several: the `statuses` that it reads
        say which. Where nothing does, the user stands for it.
        """
        me = _object(self._call("GET", "me"))
        user, email = _id_of(me), me.get("email")
        if not isinstance(email, str):
            raise BadReply(UNREADABLE)
        known = {
            _id_of(one): _text(one, "name")
            for one in _records(me, "organizations")
            if _is_named(one)
        }
        here = {one.organization_id for one in statuses if one.organization_id} or set(known)
        if len(here) != 1:
            return CloseAccount(email, user, email)
        organization_id = here.pop()
        return CloseAccount(email, organization_id, known.get(organization_id, email))

    def lead_statuses(self) -> list[LeadStatus]:
        """The statuses a lead can have, in Close's order."""
        answer = _object(self._call("GET", "status/lead"))
        return [
            LeadStatus(_id_of(one), _text(one, "label"), _id_in(one, "organization_id"))
            for one in _records(answer, "data")
        ]

    def find_by_email(self, email: str) -> list[KnownContact]:
        """Everybody who has exactly this address, the oldest first.

        Close searches for words in an index that runs behind: it finds more than what was asked
        for, and may not yet find what was made a moment ago.
        """
        wanted = email.strip().lower()
        found = [_contact(one) for one in self._search(_by_email(wanted), _CONTACT_FIELDS)]
        exact = [one for one in found if wanted in one.emails]
        return sorted(exact, key=lambda one: (one.made_at, one.remote_id))

    def find_by_mark(self, mark: str) -> str:
        """The lead whose description holds the mark; blank where the index has none (yet)."""
        for one in self._search(_by_description(mark), _LEAD_FIELDS):
            if mark in _text(one, "description"):
                return _id_of(one)
        return ""

    def create_lead(self, draft: LeadDraft) -> KnownContact:
        """Make a lead with its contact. Without an answer it may be there all the same.

        Raises LeadStatusGone.
        """
        name = _named(draft.name, draft.email)
        body: dict[str, object] = {
            "name": name,
            "description": draft.description,
            "contacts": [{"name": name, "emails": [_office(draft.email)]}],
        }
        if draft.status_id:
            body["status_id"] = draft.status_id
        made = _object(self._call("POST", "lead", body))
        contacts = [_contact(one, lead_id=_id_of(made)) for one in _records(made, "contacts")]
        if len(contacts) != 1:
            raise BadReply(UNREADABLE)
        return contacts[0]

    def contacts_of(self, lead_id: str) -> list[KnownContact]:
        """The people of a lead, from the lead itself and no index. Raises CloseGone."""
        fields = {"_fields": "id,contacts"}
        lead = _object(self._call("GET", f"lead/{_part(lead_id)}", params=fields))
        return [_contact(one, lead_id=_id_of(lead)) for one in _records(lead, "contacts")]

    def create_contact(self, lead_id: str, *, name: str, email: str) -> str:
        """Add somebody to a lead; their id. Raises CloseGone for a lead that is no more."""
        body = {
            "lead_id": _part(lead_id),
            "name": _named(name, email),
            "emails": [_office(email)],
        }
        return _id_of(_object(self._call("POST", "contact", body)))

    def find_note(self, lead_id: str, mark: str) -> str:
        """The note of that lead with the mark as a line of its own; blank where there is none."""
        for skip in range(0, _PAGE * _PAGES, _PAGE):
            params = {"lead_id": lead_id, "_fields": "id,note"}
            params |= {"_skip": str(skip), "_limit": str(_PAGE)}
            page = _object(self._call("GET", "activity/note", params=params))
            for one in _records(page, "data"):
                if mark in map(str.strip, _text(one, "note").splitlines()):
                    return _id_of(one)
            if page.get("has_more") is not True:
                return ""
        raise BadReply(UNREADABLE)

    def note(self, note_id: str) -> str:
        """What the note says. Raises CloseGone."""
        return _text(_object(self._call("GET", f"activity/note/{_part(note_id)}")), "note")

    def create_note(self, lead_id: str, *, contact_id: str, text: str) -> str:
        """Write a note on a lead; its id. Raises CloseGone for a lead that is no more."""
        body = {"lead_id": _part(lead_id), "note": text}
        if contact_id:
            body["contact_id"] = _part(contact_id)
        return _id_of(_object(self._call("POST", "activity/note", body)))

    def update_note(self, note_id: str, *, text: str) -> None:
        """Replace what a note says. Raises CloseGone."""
        self._call("PUT", f"activity/note/{_part(note_id)}", {"note": text})

    def delete_note(self, note_id: str) -> None:
        """Delete a note; one already gone is a success."""
        try:
            self._call("DELETE", f"activity/note/{_part(note_id)}")
        except CloseGone:
            return

    def _search(self, query: dict[str, Any], fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """https://developer.close.com/api/resources/advanced-filtering"""
        body: dict[str, Any] = {"query": query, "_fields": fields, "_limit": _PAGE}
        for _ in range(_PAGES):
            page = _object(self._call("POST", "data/search", body))
            yield from _records(page, "data")
            cursor = page.get("cursor")
            if not cursor:
                return
            if not isinstance(cursor, str):
                raise BadReply(UNREADABLE)
            body["cursor"] = cursor
        raise BadReply(UNREADABLE)

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        params: dict[str, str] | None = None,
    ) -> Any:
        pair = base64.b64encode(f"{self._key.reveal()}:".encode()).decode()
        answer = self._session.send(
            method,
            f"{self._api_url}/{path}/",
            json=body,
            params=params,
            headers={"Authorization": f"Basic {pair}"},
        )
        if answer.ok:
            return answer.data
        if method == "GET" and names_another_lead(answer):
            raise CloseGone
        raise error_for(answer)


_CONTACT_FIELDS: Final = {"contact": ["id", "lead_id", "emails", "date_created"]}
_LEAD_FIELDS: Final = {"lead": ["id", "description"]}


def _by_email(email: str) -> dict[str, Any]:
    related = _says("contact_email", "email", email)
    return _all(
        {"type": "object_type", "object_type": "contact"},
        {
            "type": "has_related",
            "this_object_type": "contact",
            "related_object_type": "contact_email",
            "related_query": related,
        },
    )


def _by_description(mark: str) -> dict[str, Any]:
    kind = {"type": "object_type", "object_type": "lead"}
    return _all(kind, _says("lead", "description", mark))


def _all(*queries: dict[str, Any]) -> dict[str, Any]:
    return {"type": "and", "queries": list(queries)}


def _says(kind: str, field: str, value: str) -> dict[str, Any]:
    where = {"type": "regular_field", "object_type": kind, "field_name": field}
    condition = {"type": "text", "mode": "phrase", "value": value}
    return {"type": "field_condition", "field": where, "condition": condition}


def _office(email: str) -> dict[str, str]:
    return {"type": "office", "email": email}


def _named(name: str, email: str) -> str:
    return " ".join(name.split())[:_NAME_LENGTH] or email


def _part(remote_id: str) -> str:
    """An id goes into an address: it has to be one."""
    if not _ID.match(remote_id):
        raise CloseGone
    return remote_id


def _object(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise BadReply(UNREADABLE)
    return data


def _records(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = data.get(name)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadReply(UNREADABLE)
    return found


def _id_of(record: dict[str, Any]) -> str:
    found = record.get("id")
    if not isinstance(found, str) or not _ID.match(found):
        raise BadReply(UNREADABLE)
    return found


def _id_in(record: dict[str, Any], name: str) -> str:
    found = _text(record, name)
    return found if _ID.match(found) else ""


def _text(record: dict[str, Any], name: str) -> str:
    found = record.get(name)
    return found if isinstance(found, str) else ""


def _is_named(record: dict[str, Any]) -> bool:
    return bool(_text(record, "id")) and bool(_text(record, "name"))


def _contact(record: dict[str, Any], *, lead_id: str = "") -> KnownContact:
    emails = (_text(one, "email").strip().lower() for one in _records(record, "emails"))
    lead = lead_id or _text(record, "lead_id")
    if not _ID.match(lead):
        raise BadReply(UNREADABLE)
    return KnownContact(_id_of(record), lead, frozenset(emails), _text(record, "date_created"))

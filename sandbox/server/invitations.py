"""A guest's answer reaches the organizer's copy of the event, at whichever provider that is."""

from __future__ import annotations

from sandbox.server.records import Record, Records

_GOOGLE = {
    "accepted": "accepted",
    "tentativelyAccepted": "tentative",
    "declined": "declined",
    "notResponded": "needsAction",
}
_MICROSOFT = {google: microsoft for microsoft, google in _GOOGLE.items()}


def tell_organizer(store: Records, *, uid: str, organizer: str, guest: str, said: str) -> None:
    """Write `said`, in either provider's word, into the organizer's copies that have the guest.

    An organizer without an account here has no copy.
    """
    for provider in ("google", "microsoft"):
        if store.get("account", f"{provider}:{organizer}") is None:
            continue
        for calendar in store.where("calendar", account=f"{provider}:{organizer}"):
            for record in store.events_of(calendar["id"]):
                if _uid(record) == uid and _note(record, guest, said):
                    record["changed"] = store.next_revision()
                    store.put("event", record["key"], record)


def _uid(record: Record) -> str:
    return str(record.get("uid") or record["body"].get("iCalUID") or "")


def _note(record: Record, guest: str, said: str) -> bool:
    """Whether the guest is one of its own, with another answer so far."""
    for one in record["body"].get("attendees", []):
        if record["provider"] == "google" and one["email"] == guest:
            word = _GOOGLE.get(said, said)
            if one["responseStatus"] != word:
                one["responseStatus"] = word
                return True
        elif record["provider"] == "microsoft" and one["emailAddress"]["address"] == guest:
            word = _MICROSOFT.get(said, said)
            if one["status"]["response"] != word:
                one["status"] = {**one["status"], "response": word}
                return True
    return False

"""Teams meetings of an event: there at once on work accounts unless told otherwise, silently absent
elsewhere.
"""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.server.http import Json
    from sandbox.server.microsoft.access import Caller
    from sandbox.server.records import Record, Records

TEAMS = "teamsForBusiness"
SETTING = "teams"
DEFAULT = {"mode": "immediate", "reads": 0}
MODES = ("immediate", "pending", "absent")


def providers_of(calendar: Record, account: Record) -> list[str]:
    """allowedOnlineMeetingProviders of the calendar."""
    return [TEAMS] if account["kind"] == "work" and calendar["meet"] else []


def plan(store: Records) -> dict[str, Any]:
    """How new meetings go: `immediate`, which ends the waiting of former ones at the next read,
    too; `pending` without a link for that many further reads of the mailbox; `absent`, left out
    without a word.
    """
    return {**DEFAULT, **store.setting(SETTING, {})}


def settle(store: Records) -> None:
    """Count one read: links that waited long enough are there."""
    for waiting in list(store.all("pending_teams")):
        record = store.get("event", waiting["key"])
        if record is None or record["deleted"] or record["body"]["onlineMeeting"]:
            store.drop("pending_teams", waiting["key"])
        elif waiting["reads"] > 0 and plan(store)["mode"] != "immediate":
            store.put("pending_teams", waiting["key"], {**waiting, "reads": waiting["reads"] - 1})
        else:
            make_meeting(record, waiting["base_url"])
            record["changed"] = store.next_revision()
            store.put("event", record["key"], record)
            store.drop("pending_teams", waiting["key"])


def apply(who: Caller, record: Record, calendar: Record, sent: Json) -> None:
    """Make the meeting that was asked for; what is not allowed is left out without an error.

    A meeting once made cannot be taken away or changed, except that a new body without its
    join link switches it off.
    """
    body = record["body"]
    meeting = body["onlineMeeting"]
    if meeting:
        if "body" in sent and meeting["joinUrl"] not in body["body"]["content"]:
            body |= {"isOnlineMeeting": False, "onlineMeetingProvider": "unknown"}
            body["onlineMeeting"] = None
        return
    if str(sent.get("isOnlineMeeting") or "").lower() != "true":
        return
    named = sent.get("onlineMeetingProvider") or ""
    allowed = named in {"", "unknown", TEAMS} and bool(providers_of(calendar, who.account))
    if who.account["kind"] == "personal" and not named:
        allowed = bool(who.store.setting("microsoft.personal_teams"))
    how = plan(who.store)
    if allowed and how["mode"] == "pending":
        body |= {"isOnlineMeeting": True, "onlineMeetingProvider": TEAMS}
        waiting = {"reads": int(how["reads"]), "base_url": who.request.base_url}
        who.store.put("pending_teams", record["key"], {"key": record["key"], **waiting})
    elif allowed and how["mode"] != "absent":
        make_meeting(record, who.request.base_url)
    else:
        body |= {"isOnlineMeeting": False, "onlineMeetingProvider": None}


def make_meeting(record: Record, base_url: str) -> None:
    """Give the event a Teams meeting, and its body the blob with the join link."""
    body = record["body"]
    code = hashlib.sha256(record["id"].encode()).hexdigest()
    link = f"{base_url}/teams/l/meetup-join/19%3ameeting_{code[:32]}%40thread.v2/0"
    body |= {"isOnlineMeeting": True, "onlineMeetingProvider": TEAMS}
    body["onlineMeeting"] = {"joinUrl": link, "conferenceId": str(int(code[:8], 16))}
    text = body["body"]["content"]
    if body["body"]["contentType"] == "text":
        text = escape(text).replace("\n", "<br>\n")
    blob = (
        '<div class="me-email-text"><hr><b>Microsoft Teams meeting</b><br>'
        f'<a href="{escape(link)}">Join the meeting now</a></div>'
    )
    body["body"] = {"contentType": "html", "content": f"{text}<br>\n{blob}"}

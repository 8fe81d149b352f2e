"""The front page: every account, its calendars and the events of this week and the next."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.server import accounts
from sandbox.server.consent import NAMES
from sandbox.server.google import events as google
from sandbox.server.google.seeding import place_of
from sandbox.server.http import Request, Response
from sandbox.server.instants import any_zone, to_utc, to_wall
from sandbox.server.microsoft.events import span_of
from sandbox.server.microsoft.listing import view_records
from sandbox.server.microsoft.seeding import caller_of
from sandbox.server.pages.layout import page, text
from sandbox.server.records import Record

Row = tuple[datetime, datetime, str, str, bool]


def overview(request: Request) -> Response:
    shown = "".join(_account(request, a) for a in _sorted(request.store.all("account")))
    if not shown:
        shown = "<div><p>No pretend account yet. The consent page makes one.</p></div>"
    leads = f'<a href="{text(request.base_url)}/close/leads">Leads in Close</a>'
    head = (
        '<div class="stack-s"><h1 class="t-20">What the providers hold, this week and next</h1>'
        '<p class="soft">Google, Microsoft, Zoom, LiveKit and Close as this computer plays '
        f"them. Nothing leaves it. {leads}</p></div>"
    )
    tape = "SANDBOX. None of this is real."
    return page(request, title="Sandbox", tape=tape, body=head + shown, wide=True)


def _sorted(found: list[Record]) -> list[Record]:
    return sorted(found, key=lambda account: (account["email"], account["provider"]))


def _account(request: Request, account: Record) -> str:
    head = (
        f"<section><h2>{text(NAMES[account['provider']])}: {text(account['email'])}</h2>"
        f'<p class="mute">{text(account["name"])}, {text(account["kind"])}, '
        f"{text(account['timezone'])}</p>"
    )
    if account["provider"] == "zoom":
        return f"{head}{_meetings(request, account)}</section>"
    mine = accounts.calendars_of(request.store, account)
    return head + "".join(_calendar(request, account, c) for c in mine) + "</section>"


def _meetings(request: Request, account: Record) -> str:
    found = request.store.where("meeting", account=account["id"])
    rows = "".join(
        f"<li><span>{text(m['start_time'] or 'no fixed time')}</span><span>{text(m['topic'])} "
        f'<a href="{text(request.base_url)}/zoom/j/{m["id"]}">{m["id"]}</a></span></li>'
        for m in sorted(found, key=lambda m: m["start_time"] or "")
    )
    rows = rows or "<li><span></span><span>No meeting</span></li>"
    return f'<div class="calendar"><h3>Meetings</h3><ul>{rows}</ul></div>'


def _calendar(request: Request, account: Record, calendar: Record) -> str:
    zone = any_zone(calendar["timezone"]) or ZoneInfo("UTC")
    today = to_wall(request.store.now(), zone).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    after, before = to_utc(monday, zone), to_utc(monday + timedelta(days=14), zone)
    rows = _google_rows if calendar["provider"] == "google" else _microsoft_rows
    found = sorted(rows(request, calendar, after, before))
    shown = "".join(_row(row, zone) for row in found)
    shown = shown or "<li><span></span><span>Nothing this week or the next</span></li>"
    role = "" if accounts.at_least(accounts.role_in(calendar, account), "writer") else ", read only"
    return f'<div class="calendar"><h3>{text(calendar["name"])}{role}</h3><ul>{shown}</ul></div>'


def _google_rows(
    request: Request, calendar: Record, after: datetime, before: datetime
) -> list[Row]:
    where = place_of(request.store, calendar)
    zone = google.zone_of(where)
    rows = []
    for record in request.store.events_of(calendar["id"]):
        body = record["body"]
        if body["status"] == "cancelled":
            continue
        made = [body]
        if google.is_series(body):
            replaced = google.exceptions_of(where, body["id"])
            series = google.occurrences(record, after, before, zone)
            made = [one for one in series if one["id"] not in replaced]
        for one in made:
            span = google.bounds(one, zone)
            if google.overlaps(span, after, before):
                title = one.get("summary", "(no title)")
                rows.append((*span, title, body.get("hangoutLink", ""), "date" in one["start"]))
    return rows


def _microsoft_rows(
    request: Request, calendar: Record, after: datetime, before: datetime
) -> list[Row]:
    who = caller_of(request.store, calendar)
    rows = []
    for record in view_records(who, calendar, after, before):
        meeting = record["body"]["onlineMeeting"] or {}
        title = record["body"]["subject"] or "(no title)"
        rows.append((*span_of(record), title, meeting.get("joinUrl", ""), record["all_day"]))
    return rows


def _row(row: Row, zone: ZoneInfo) -> str:
    begins, ends, title, link, all_day = row
    start, end = to_wall(begins, zone), to_wall(ends, zone)
    when = f"{start:%a %d %b}" if all_day else f"{start:%a %d %b %H:%M}\N{EN DASH}{end:%H:%M}"
    join = f' <a href="{text(link)}">join</a>' if link else ""
    return f"<li><span>{text(when)}</span><span>{text(title)}{join}</span></li>"

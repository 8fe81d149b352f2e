"""What Close holds, for people: each organisation's leads with their contacts and notes."""

from __future__ import annotations

from sandbox.server.http import Request, Response
from sandbox.server.pages.layout import page, text
from sandbox.server.records import Record


def leads(request: Request) -> Response:
    found = request.store.all("close_organization")
    shown = "".join(_organization(request, one) for one in found)
    return _page(request, shown or "<div><p>No pretend organisation yet.</p></div>")


def lead(request: Request) -> Response:
    """One lead, where the real one opens it for whoever is signed in there."""
    found = request.store.get("close_lead", request.params["lead"])
    if found is None:
        return _page(request, "<div><p>This lead was deleted, or never made.</p></div>")
    return _page(request, f"<section>{_lead(request, found)}</section>")


def _page(request: Request, shown: str) -> Response:
    head = (
        '<div class="stack-s"><h1 class="t-20">What Close holds</h1>'
        '<p class="soft">Leads that bookings made, and what was noted on them. '
        f'<a href="{text(request.base_url)}/">The other providers</a></p></div>'
    )
    tape = "SANDBOX. This is not Close."
    return page(request, title="Pretend Close", tape=tape, body=head + shown, wide=True)


def _organization(request: Request, organization: Record) -> str:
    keys = request.store.where("close_key", organization=organization["id"])
    shown_keys = ", ".join(f"<code>{text(one['key'])}</code>" for one in keys)
    found = request.store.where("close_lead", organization=organization["id"])
    shown = "".join(_lead(request, one) for one in reversed(found))
    shown = shown or '<p class="mute">No lead yet. Book a meeting, and look again.</p>'
    return (
        f"<section><h2>{text(organization['name'])}</h2>"
        f'<p class="mute">Keys that it takes: {shown_keys or "none"}</p>{shown}</section>'
    )


def _lead(request: Request, lead: Record) -> str:
    status = (request.store.get("close_status", lead["status"]) or {}).get("label", "")
    people = request.store.where("close_contact", lead=lead["id"])
    notes = request.store.where("close_note", lead=lead["id"])
    rows = "".join(
        f"<li><span>Contact</span><span>{text(one['name'])}, "
        f"{text(', '.join(given['email'] for given in one['emails']))}</span></li>"
        for one in people
    )
    rows += "".join(
        f'<li><span>Note</span><span class="lines">{text(one["note"])}</span></li>' for one in notes
    )
    return (
        f'<div class="calendar" id="{text(lead["id"])}"><h3>{text(lead["name"])}, {text(status)}'
        f'</h3><p class="hint">{text(lead["description"])}</p><ul>{rows}</ul></div>'
    )

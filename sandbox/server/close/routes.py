"""Close's addresses."""

from __future__ import annotations

from sandbox.server.close import page, records, searching
from sandbox.server.http import route

API = "/close/api/v1"
NOTE = f"{API}/activity/note/{{note}}/"

ROUTES = [
    route("GET", f"{API}/me/", records.me, "close.me"),
    route("GET", f"{API}/status/lead/", records.statuses, "close.statuses.list"),
    route("POST", f"{API}/data/search/", searching.search, "close.search"),
    route("POST", f"{API}/lead/", records.create_lead, "close.leads.create"),
    route("GET", f"{API}/lead/{{lead}}/", records.get_lead, "close.leads.get"),
    route("POST", f"{API}/contact/", records.create_contact, "close.contacts.create"),
    route("GET", f"{API}/activity/note/", records.list_notes, "close.notes.list"),
    route("POST", f"{API}/activity/note/", records.create_note, "close.notes.create"),
    route("GET", NOTE, records.get_note, "close.notes.get"),
    route("PUT", NOTE, records.update_note, "close.notes.update"),
    route("DELETE", NOTE, records.delete_note, "close.notes.delete"),
    route("GET", "/close/leads", page.leads, "pages.close"),
    route("GET", "/close/lead/{lead}/", page.lead, "pages.close.lead"),
]

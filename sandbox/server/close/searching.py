"""Close's search: by words, in an index that runs behind by `close.search_lag` seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.server.close.access import body_of, caller, refusal
from sandbox.server.close.records import shown_contact
from sandbox.server.http import Json, Request, Response, json_response
from sandbox.server.records import Record

_WORD = re.compile(r"[a-z0-9]+")
_KINDS = {"contact": "close_contact", "lead": "close_lead"}


def search(request: Request) -> Response:
    key, sent = caller(request), body_of(request)
    kind, value = _asked(sent.get("query"))
    found = [
        one
        for one in request.store.where(_KINDS[kind], organization=key["organization"])
        if _is_indexed(request, one) and any(_holds(text, value) for text in _texts(kind, one))
    ]
    begin, limit = int(sent.get("cursor") or 0), int(sent.get("_limit") or 100)
    rest = len(found) > begin + limit
    fields = (sent.get("_fields") or {}).get(kind) or ["id"]
    shown = [_shown(kind, one, fields) for one in found[begin : begin + limit]]
    return json_response({"data": shown, "cursor": str(begin + limit) if rest else None})


def _is_indexed(request: Request, record: Record) -> bool:
    lag = timedelta(seconds=float(request.store.setting("close.search_lag", 0)))
    return bool(request.store.now() >= datetime.fromisoformat(record["at"]) + lag)


def _shown(kind: str, record: Record, fields: list[str]) -> Json:
    whole = shown_contact(record) if kind == "contact" else record
    return {"__object_type": kind, **{name: whole[name] for name in fields if name in whole}}


def _texts(kind: str, record: Record) -> list[str]:
    if kind == "lead":
        return [record["description"]]
    return [one["email"] for one in record["emails"]]


def _holds(text: str, value: str) -> bool:
    """Whether the words of `value` stand in the text one after the other."""
    here, wanted = _WORD.findall(text.lower()), _WORD.findall(value.lower())
    places = range(len(here) - len(wanted) + 1)
    return bool(wanted) and any(here[at : at + len(wanted)] == wanted for at in places)


def _asked(query: Any) -> tuple[str, str]:
    """Which kind is looked for, and the words. Refuses what Close has no field for."""
    kind, condition = "", None
    for one in _parts(query):
        if one.get("type") == "object_type":
            kind = str(one.get("object_type"))
        if one.get("type") == "field_condition":
            condition = one
    if kind not in _KINDS or condition is None:
        raise refusal(400, error="This query is not supported.")
    field, said = condition.get("field") or {}, condition.get("condition") or {}
    known = {"contact": ("contact_email", "email"), "lead": ("lead", "description")}[kind]
    if (field.get("object_type"), field.get("field_name")) != known or said.get("type") != "text":
        raise refusal(400, error="This field cannot be searched.")
    return kind, str(said.get("value", ""))


def _parts(query: Any) -> Iterator[Json]:
    if not isinstance(query, dict):
        return
    yield query
    for inner in (*(query.get("queries") or []), query.get("related_query")):
        yield from _parts(inner)

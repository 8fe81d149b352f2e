"""Answers about people as the documentation shows them."""

from __future__ import annotations

from typing import Final

from drf_spectacular.utils import OpenApiExample

PEOPLE: Final = [
    OpenApiExample(
        "Who is meant by “to”",
        value=[
            {
                "email": "tomas@finchharbour.example",
                "name": "Tomas Brandt",
                "kind": "member",
                "organisation": "",
            },
            {
                "email": "tom.achebe@mail.example",
                "name": "Tom Achebe",
                "kind": "contact",
                "organisation": "Osprey Rail",
            },
        ],
        response_only=True,
        status_codes=["200"],
    ),
]

FREE_BUSY: Final = [
    OpenApiExample(
        "Half an hour with two colleagues and a guest",
        value={
            "people": [
                {
                    "email": "amara@finchharbour.example",
                    "name": "Amara Okafor",
                    "known": True,
                    "why": "",
                    "asOf": "2026-11-19T08:59:30Z",
                    "timeZone": "Europe/Dublin",
                    "busy": [{"start": "2026-11-19T09:00:00Z", "end": "2026-11-19T09:30:00Z"}],
                    "working": [{"start": "2026-11-19T09:00:00Z", "end": "2026-11-19T17:30:00Z"}],
                },
                {
                    "email": "tomas@finchharbour.example",
                    "name": "Tomas Brandt",
                    "known": False,
                    "why": "stale",
                    "asOf": "2026-11-19T07:05:00Z",
                    "timeZone": "Europe/Berlin",
                    "busy": [],
                    "working": [{"start": "2026-11-19T08:00:00Z", "end": "2026-11-19T16:00:00Z"}],
                },
                {
                    "email": "kim@ospreyrail.example",
                    "name": "",
                    "known": False,
                    "why": "outside",
                    "asOf": None,
                    "timeZone": "",
                    "busy": [],
                    "working": [],
                },
            ],
            "suggestions": [
                {
                    "start": "2026-11-19T09:30:00Z",
                    "end": "2026-11-19T10:00:00Z",
                    "outsideHours": [],
                    "notKnown": ["tomas@finchharbour.example", "kim@ospreyrail.example"],
                },
            ],
        },
        response_only=True,
        status_codes=["200"],
    ),
]

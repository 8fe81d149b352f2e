"""JSON logs with request ids that never hold a path, a query, a token or a mail address.

A path can hold a booker's manage token and a query an OAuth code, so requests are named by their
route pattern.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import structlog
from django.dispatch import receiver
from django.urls import Resolver404, resolve
from django_structlog import signals

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from django.http import HttpRequest

_ADDRESS = re.compile(r"[^\s<>\"'(),;:=\[\]{}]+@[^\s<>\"'(),;:=\[\]{}]+")
# PostgreSQL quotes the row that it does not take.
_ROW = re.compile(
    r"^(DETAIL|CONTEXT):.*?(?=^(?:DETAIL|CONTEXT|Traceback|The above|During) |^ {2}File |^$|\Z)",
    re.MULTILINE | re.DOTALL,
)
# What lines of ours name besides their words. What libraries add to theirs is left out: it holds
# what they were working on, such as the arguments of a task.
_OURS = frozenset(
    {"audit", "booking", "calendars", "common", "conferencing", "patients", "workspaces"}
)
_NAMED = ("kind", "attempt", "error", "code", "room", "fates")
_PRIVATE = frozenset({"request", "path", "query", "user_agent", "ip", "email", "exc_info_locals"})


def route_of(request: HttpRequest) -> str:
    """`GET book/<slug>/m/<token>`: the pattern, never what it matched."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return f"{request.method} (no route)"
    return f"{request.method} {match.route}"


@receiver(signals.bind_extra_request_metadata)
def name_the_route(
    sender: Any, request: HttpRequest, logger: structlog.BoundLogger, **kwargs: Any
) -> None:
    structlog.contextvars.bind_contextvars(route=route_of(request))


def add_named(
    logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """What a line of ours was given as `extra`: which kind of message failed, and of what."""
    record = event_dict.get("_record")
    if isinstance(record, logging.LogRecord) and record.name.partition(".")[0] in _OURS:
        for name in _NAMED:
            if name in record.__dict__:
                event_dict[name] = record.__dict__[name]
    return event_dict


def drop_private(
    logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Remove what django-structlog adds of the address line."""
    for key in _PRIVATE & event_dict.keys():
        del event_dict[key]
    return event_dict


def hide_content(
    logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take out of an error that was not foreseen what it quotes of people. A library that logs it
    may have it in its own words, too.
    """
    for name in ("event", "exception"):
        text = event_dict.get(name)
        if isinstance(text, str) and ("@" in text or "DETAIL" in text):
            event_dict[name] = _ADDRESS.sub("(address)", _ROW.sub(r"\1: (a row)\n", text))
    return event_dict


def _processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_named,
        drop_private,
    ]


def json_formatter() -> logging.Formatter:
    """The formatter of every handler."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_processors(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            hide_content,
            structlog.processors.JSONRenderer(),
        ],
    )


def configure() -> None:
    """Set structlog up; called once when the app is ready."""
    structlog.configure(
        processors=[*_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

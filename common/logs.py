"""JSON logs with request ids that never hold a path, a query, a token or a mail address.

A path can hold a booker's manage token and a query an OAuth code, so requests are named by their
route pattern.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import structlog
from django.dispatch import receiver
from django.urls import Resolver404, resolve
from django_structlog import signals

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from django.http import HttpRequest

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


def drop_private(
    logger: Any, method_name: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Remove what django-structlog adds of the address line."""
    for key in _PRIVATE & event_dict.keys():
        del event_dict[key]
    return event_dict


def _processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_private,
    ]


def json_formatter() -> logging.Formatter:
    """The formatter of every handler."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_processors(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
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

"""Answers to htmx, and the same answers for a browser without scripts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asked (and not a whole-page history restore)."""
    return bool(getattr(request, "htmx", False)) and not request.htmx.history_restore_request  # type: ignore[attr-defined]


def render_partial(
    request: HttpRequest,
    template: str,
    partial: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """The named partial for htmx, the whole page otherwise."""
    name = f"{template}#{partial}" if is_htmx(request) else template
    response = render(request, name, dict(context), status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def dialog_done(
    request: HttpRequest, event: str, *, to: str, message: str = "", level: str = "ok", **more: Any
) -> HttpResponse:
    """Close the dialog and tell the page what happened; a redirect without htmx.

    `to` is a path or URL name for browsers without scripts. `more` goes into the event's detail.
    """
    if not is_htmx(request):
        if message:
            messages.success(request, message)
        return redirect(to)
    triggers: dict[str, Any] = {event: more or True}
    if message:
        triggers["toast"] = {"message": message, "level": level}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(triggers)})


def replaced(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, to: str, message: str
) -> HttpResponse:
    """The piece of the page that was acted on, as it is now, and a toast; a redirect to page `to`
    without htmx.
    """
    if not is_htmx(request):
        messages.success(request, message)
        return redirect(to)
    response = render(request, template, dict(context))
    response.headers["HX-Trigger"] = json.dumps({"toast": {"message": message, "level": "ok"}})
    return response


def refused(request: HttpRequest, *, to: str, message: str) -> HttpResponse:
    """Say why a small button changed nothing: a lasting toast, on page `to` without htmx."""
    if not is_htmx(request):
        messages.error(request, message)
        return redirect(to)
    triggers = {"toast": {"message": message, "level": "error"}}
    return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(triggers)})


def go_to(request: HttpRequest, to: str) -> HttpResponse:
    """A redirect that htmx follows as a whole page."""
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return redirect(to)

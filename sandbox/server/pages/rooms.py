"""Where the links of the sandbox lead: pretend meeting rooms and pretend events."""

from __future__ import annotations

from sandbox.server.http import Request, Response
from sandbox.server.pages.layout import page, text


def _room(request: Request, name: str, code: str) -> Response:
    body = (
        f'<div class="stack-s"><h1 class="t-20">This would be the {text(name)} room</h1>'
        f"<p>Meeting <code>{text(code)}</code></p>"
        '<p class="soft">In the real world people would now see each other.</p></div>'
    )
    tape = f"SANDBOX. This is not {name}."
    return page(request, title=f"Pretend {name} room", tape=tape, body=body)


def meet(request: Request) -> Response:
    return _room(request, "Google Meet", request.params["code"])


def teams(request: Request) -> Response:
    return _room(request, "Microsoft Teams", request.params["code"])


def zoom(request: Request) -> Response:
    return _room(request, "Zoom", request.params["code"])


def event(request: Request) -> Response:
    body = (
        '<div class="stack-s"><h1 class="t-20">The provider would show this event here</h1>'
        f'<p><a href="{text(request.base_url)}/">See the events of this week and next</a></p></div>'
    )
    tape = "SANDBOX. This is not the provider."
    return page(request, title="Pretend event", tape=tape, body=body)

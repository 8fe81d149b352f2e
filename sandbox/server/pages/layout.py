"""The frame of every page: plainly a stand-in, with no script, no inline style and no cookie."""

from __future__ import annotations

from html import escape

from sandbox.server.http import Request, Response

_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
_ICONS = (
    '<svg hidden><symbol id="i-alert" viewBox="0 0 24 24">'
    '<path d="M12 4 2.8 19.5h18.4z"/><path d="M12 10v4.5M12 17h.01"/></symbol>'
    '<symbol id="i-right" viewBox="0 0 24 24"><path d="m9.5 5.5 6.5 6.5-6.5 6.5"/></symbol></svg>'
)


def text(value: object) -> str:
    """The value, safe inside HTML text and attributes."""
    return escape(str(value), quote=True)


def icon(name: str) -> str:
    return f'<svg class="i" aria-hidden="true"><use href="#i-{name}"/></svg>'


def page(
    request: Request, *, title: str, tape: str, body: str, status: int = 200, wide: bool = False
) -> Response:
    """A whole page; `body` is HTML, title and tape are text."""
    card = "standin-card wide" if wide else "standin-card"
    html = (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8">'
        f"<title>{text(title)}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="stylesheet" href="{text(request.base_url)}/static/sandbox.css"></head>'
        f'<body class="public"><div class="standin"><main class="{card}">'
        f'<p class="tape">{icon("alert")} {text(tape)}</p>{body}</main></div>{_ICONS}</body></html>'
    )
    return Response(status, html.encode(), _HEADERS)


def problem(request: Request, *, name: str, code: str, message: str, status: int = 400) -> Response:
    """The error page that a provider shows when it cannot send the person back."""
    body = (
        f'<div class="stack-s"><h1 class="t-20">{text(name)} would stop here</h1>'
        f"<p><code>Error {status}: {text(code)}</code></p><p>{text(message)}</p></div>"
    )
    tape = f"SANDBOX. This is not {name}."
    return page(request, title=f"{code}, not {name}", tape=tape, body=body, status=status)

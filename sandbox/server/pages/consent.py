"""The consent page: which account, what it may do, and what should go wrong."""

from __future__ import annotations

from sandbox.server.consent import FIXED_SCOPES, SCOPE_WORDS, TROUBLES, Ask
from sandbox.server.http import Request, Response
from sandbox.server.pages.layout import icon, page, text
from sandbox.server.records import Record


def consent_page(request: Request, ask: Ask, accounts: list[Record], error: str = "") -> Response:
    """The form; it posts to its own address and carries what was asked, so it needs no cookie."""
    body = (
        f'<div class="stack-s"><h1 class="t-20">Meridian asks for access to a pretend '
        f"{text(ask.name)} account</h1>"
        '<p class="soft">Nothing here leaves this computer and no password is asked. '
        f"The page stands where {text(ask.name)}'s consent would.</p></div>"
        f'<form class="fields" method="post" action="{text(request.base_url + request.path)}">'
        f'<input type="hidden" name="ask" value="{text(ask.query)}">'
        f"{_problem(error)}{_accounts(ask, accounts)}{_scopes(ask)}{_troubles(ask)}"
        '<div class="row"><button class="btn primary" type="submit">Allow</button>'
        '<button class="btn" type="submit" name="deny" value="yes">Deny</button></div></form>'
    )
    tape = f"SANDBOX. This is not {ask.name}."
    return page(request, title=f"Sandbox consent, not {ask.name}", tape=tape, body=body)


def _problem(error: str) -> str:
    return f'<p class="error" role="alert">{text(error)}</p>' if error else ""


def _accounts(ask: Ask, accounts: list[Record]) -> str:
    hinted = next((a for a in accounts if a["email"] == ask.login_hint), None)
    chosen = hinted or (accounts[0] if accounts and not ask.login_hint else None)
    rows = [
        f'<label class="check"><input type="radio" name="account" value="{text(a["email"])}"'
        f"{' checked' if a is chosen else ''}> <span>{text(a['email'])} "
        f'<span class="mute">{text(a["name"])}, {text(a["kind"])}</span></span></label>'
        for a in accounts
    ]
    typed = ask.login_hint if ask.login_hint and not hinted else ""
    rows.append(
        '<label class="check"><input type="radio" name="account" value=""'
        f"{'' if chosen else ' checked'}> <span>A new pretend account</span></label>"
        '<label class="label" for="new-email">Its e-mail address</label>'
        '<input class="input" id="new-email" name="new_email" type="email" autocomplete="off" '
        f'value="{text(typed)}" placeholder="someone@example.test">'
        f"{_kinds(ask)}"
    )
    return f'<fieldset class="field"><legend>Account</legend>{"".join(rows)}</fieldset>'


def _kinds(ask: Ask) -> str:
    if ask.provider == "zoom":
        return ""
    return (
        '<label class="check"><input type="checkbox" name="new_kind" value="personal"> '
        "<span>It is a personal account, not one of a company</span></label>"
    )


def _scopes(ask: Ask) -> str:
    rows = []
    for scope in ask.scopes:
        if scope in FIXED_SCOPES:
            continue
        words = SCOPE_WORDS.get(scope, "Use")
        short = scope.removeprefix("https://www.googleapis.com/auth/")
        rows.append(
            f'<label class="check"><input type="checkbox" name="scope" value="{text(scope)}" '
            f'checked> <span>{text(words)} <code class="mute">{text(short)}</code></span></label>'
        )
    fixed = [scope for scope in ask.scopes if scope in FIXED_SCOPES]
    if fixed:
        rows.append(f'<p class="hint">Always given: <code>{text(" ".join(fixed))}</code></p>')
    rows.append('<p class="hint">Untick one to see what Meridian does with half a consent.</p>')
    return f'<fieldset class="field"><legend>What it may do</legend>{"".join(rows)}</fieldset>'


def _troubles(ask: Ask) -> str:
    rows = "".join(
        f'<label class="check"><input type="checkbox" name="trouble" value="{key}"> '
        f"<span>{text(words)}</span></label>"
        for key, words in TROUBLES.items()
    )
    return (
        f'<details class="more"><summary>{icon("right")} Make something go wrong</summary>'
        f"<div>{rows}</div></details>"
    )

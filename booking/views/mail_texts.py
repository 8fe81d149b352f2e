"""What a workspace's mails to bookers say: the list, one kind's words, their preview and a test."""

from __future__ import annotations

from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from booking.enums import TextKind
from booking.languages import LANGUAGES
from booking.mail_text_forms import SenderForm, WordsForm
from booking.own_text import PLACEHOLDERS
from booking.services import limits
from booking.services.mail_examples import example
from booking.services.mail_texts import (
    MAX_OPENING,
    MAX_SUBJECT,
    Words,
    checked,
    given_up,
    history_of,
    own_kinds,
    save_sender,
    save_words,
    sender_of,
    words_of,
)
from common.errors import DomainError, InvalidInput
from common.mail import send
from workspaces.access import MAY_MANAGE
from workspaces.guards import member_required
from workspaces.owners import owner_of_member

if TYPE_CHECKING:
    from common.mail_form import Letter
    from workspaces.guards import StaffRequest

_SHOWN_CHANGES: Final = 20
_TYPED: Final = "mail_text_typed"
_CODES: Final = {language.code: language for language in LANGUAGES}
# Above the mail, as mail programs show it; in the mail's own classes, so that it is dark with it.
_HEAD: Final = (
    '<div class="m-body" style="padding:16px 12px 0;background:#f4f3f0"><div class="m-soft" '
    'style="max-width:560px;margin:0 auto;overflow-wrap:anywhere;color:#444f56;font:13px/20px '
    '-apple-system,Segoe UI,Roboto,Inter,Helvetica,Arial,sans-serif">'
    "{sender}<br><b>{subject}</b></div></div>"
)
_BARE: Final = (
    '<!doctype html><meta name="color-scheme" content="light dark"><pre style="margin:0;'
    "padding:16px;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/20px ui-monospace,"
    'SFMono-Regular,Menlo,Consolas,monospace">{text}</pre>'
)
# The preview is a page of its own that can do nothing and be framed by nobody else.
_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox"
)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_MANAGE)
def mail_texts(request: StaffRequest) -> HttpResponse:
    """All kinds with the languages that have own words, the sender, and who changed what."""
    workspace = request.membership.workspace
    kept = sender_of(workspace.pk)
    form = SenderForm(
        request.POST or None, initial={"name": kept.name, "signature": kept.signature}
    )
    if form.is_valid():
        try:
            save_sender(workspace=workspace, sender=form.sender(), by=request.user)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
        else:
            messages.success(request, "Sender and signature are saved.")
            return redirect("booking:mail_texts")
    own = own_kinds(workspace)
    kinds = [
        (kind, [(one, (kind.value, one.code) in own) for one in LANGUAGES]) for kind in TextKind
    ]
    context = {
        "form": form,
        "kinds": kinds,
        "changes": history_of(workspace)[:_SHOWN_CHANGES],
    }
    status = 422 if form.is_bound else 200
    return render(request, "booking/staff/mail_texts.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_MANAGE)
def mail_text(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """One kind's words in one language. POST keeps them, or mails them to whoever asks."""
    text_kind, code = _named(kind, language)
    workspace = request.membership.workspace
    kept = words_of(workspace.pk, text_kind, code)
    form = WordsForm(
        request.POST or None, initial={"subject": kept.subject, "opening": kept.opening}
    )
    if form.is_valid():
        try:
            if "test" in request.POST:
                _mail_it(request, text_kind, code, form.words())
            else:
                save_words(
                    workspace=workspace,
                    kind=text_kind,
                    language=code,
                    words=form.words(),
                    by=request.user,
                )
                messages.success(request, f"{text_kind.label}, {_CODES[code].name}: saved.")
                return redirect(request.path)
        except DomainError as error:
            named = error.field if isinstance(error, InvalidInput) else None
            form.add_error(named if named in form.fields else None, error.message)
    is_wrong = form.is_bound and bool(form.errors)
    if form.is_bound:
        _keep_typed(request, text_kind, code)
    return _page(request, text_kind, code, form, status=422 if is_wrong else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_required(roles=MAY_MANAGE)
def mail_text_preview(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """The mail with what is typed, or was typed when the page was answered, or is kept: as a page
    for a frame.
    """
    text_kind, code = _named(kind, language)
    typed = request.POST if request.method == "POST" else _kept_typed(request, text_kind, code)
    status = 200
    try:
        words = (
            words_of(request.membership.workspace_id, text_kind, code)
            if typed is None
            else checked(Words(typed.get("subject", ""), typed.get("opening", "")))
        )
        content = _shown(_example(request, text_kind, code, words), request)
    except InvalidInput as error:
        content, status = format_html(_BARE, text=error.message), 422
    answer = HttpResponse(content, status=status)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@require_POST
@member_required(roles=MAY_MANAGE)
def mail_text_reset(request: StaffRequest, kind: str, language: str) -> HttpResponse:
    """Say Meridian's words again."""
    text_kind, code = _named(kind, language)
    workspace = request.membership.workspace
    save_words(workspace=workspace, kind=text_kind, language=code, words=Words(), by=request.user)
    said = f"{text_kind.label}, {_CODES[code].name}: Meridian's words again. Yours can be put back."
    messages.success(request, said)
    return redirect("booking:mail_text", kind=text_kind.value, language=code)


def _named(kind: str, language: str) -> tuple[TextKind, str]:
    if kind not in TextKind.values or language not in _CODES:
        raise Http404
    return TextKind(kind), language


def _page(
    request: StaffRequest, kind: TextKind, code: str, form: WordsForm, *, status: int
) -> HttpResponse:
    address = [kind.value, code]
    preview = reverse("booking:mail_text_preview", args=address)
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "language": _CODES[code],
        "languages": LANGUAGES,
        "placeholders": PLACEHOLDERS,
        "is_own": (kind.value, code) in own_kinds(request.membership.workspace),
        "given_up": None if form.is_bound else given_up(request.membership.workspace, kind, code),
        "preview_url": preview,
        "shown_url": f"{preview}?typed=1" if form.is_bound else preview,
        "reset_url": reverse("booking:mail_text_reset", args=address),
    }
    return render(request, "booking/staff/mail_text.html", context, status=status)


def _keep_typed(request: StaffRequest, kind: TextKind, code: str) -> None:
    """Remember it for the frame of the page that answers, which asks without a form."""
    subject, opening = (request.POST.get(name, "") for name in ("subject", "opening"))
    request.session[_TYPED] = {
        "of": f"{kind.value} {code}",
        # More than there may be, browsers sending two signs for the end of a line: then it is too
        # long in the frame, too.
        "subject": subject[: MAX_SUBJECT + 1],
        "opening": opening[: 2 * MAX_OPENING + 1],
    }


def _kept_typed(request: StaffRequest, kind: TextKind, code: str) -> dict[str, str] | None:
    found: dict[str, str] = request.session.get(_TYPED, {})
    is_asked = "typed" in request.GET and found.get("of") == f"{kind.value} {code}"
    return found if is_asked else None


def _example(request: StaffRequest, kind: TextKind, code: str, words: Words) -> Letter:
    owner = owner_of_member(request.membership)
    return example(kind, owner, words, language=code, now=timezone.now())


def _shown(letter: Letter, request: StaffRequest) -> str:
    name, address = parseaddr(letter.from_email)
    sender = f"{make_header(decode_header(name))} <{address}>"
    if request.GET.get("as") == "text":
        head = f"From: {sender}\nSubject: {letter.subject}\n\n"
        return format_html(_BARE, text=f"{head}{letter.body}")
    ((html, _kind),) = letter.alternatives
    before, body, rest = str(html).partition('<table class="m-body"')
    head = format_html(_HEAD, sender=sender, subject=letter.subject)
    return f"{before}{head}{body}{rest}"


def _mail_it(request: StaffRequest, kind: TextKind, code: str, words: Words) -> None:
    """Send the example to whoever asks. Raises DomainError."""
    limits.use(limits.TESTS_PER_MEMBER, str(request.user.pk), timezone.now())
    letter = _example(request, kind, code, checked(words))
    letter.to, letter.subject = [request.user.email], f"Test: {letter.subject}"
    send(
        letter,
        kind="booking.test",
        key=f"booking:test:{uuid4()}",
        workspace_id=request.membership.workspace_id,
    )
    messages.success(request, f"A test is on its way to {request.user.email}. Nothing is saved.")

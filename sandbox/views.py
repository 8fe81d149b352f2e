"""The demo's guide and its mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from booking.models import BookingLink
from common.errors import UpstreamUnavailable
from sandbox.demo import mailbox as kept
from sandbox.demo import outside
from sandbox.demo.crm import KEYS
from sandbox.demo.scene import AMARA, NILS, OPERATOR, PASSWORD, PEOPLE, UNCONNECTED

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest


@require_GET
def guide(request: HttpRequest) -> HttpResponse:
    """Everything there is to try."""
    links = BookingLink.objects.filter(is_active=True).select_related("client", "user", "workspace")
    context = {
        "people": PEOPLE,
        "password": PASSWORD,
        "operator": OPERATOR,
        "watcher": NILS,
        "crm_owner": AMARA,
        "crm_key": KEYS[1],
        "links": links.order_by("workspace__name", "title"),
        "unconnected": UNCONNECTED,
        "sandbox_url": settings.SANDBOX_URL,
        "mails": _count(),
    }
    return render(request, "sandbox/guide.html", context)


@require_GET
def mailbox(request: HttpRequest) -> HttpResponse:
    """Every mail the demo sent."""
    try:
        context: dict[str, object] = {"mails": kept.all_mails()}
    except UpstreamUnavailable as error:
        context = {"mails": [], "trouble": error.message}
    return render(request, "sandbox/mailbox.html", context)


def _count() -> int | None:
    try:
        return len(kept.all_mails())
    except UpstreamUnavailable:
        return None


def mail_or_404(key: UUID) -> kept.KeptMail:
    found = kept.mail_of(str(key))
    if found is None:
        raise Http404
    return found


@require_GET
def mail(request: HttpRequest, key: UUID) -> HttpResponse:
    """One mail: text, HTML and files, and what its reader's calendar can answer."""
    found = mail_or_404(key)
    said = request.GET.get("said", "")
    context = {
        "mail": found,
        "asked": outside.asked_in(found),
        "said": said if said in list(outside.Said) else "",
    }
    return render(request, "sandbox/mail.html", context)


@require_GET
@xframe_options_sameorigin
@csp(  # type: ignore[arg-type]  # its types know only views without arguments
    {
        "default-src": ["'none'"],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "frame-ancestors": [SELF],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
def mail_html(request: HttpRequest, key: UUID) -> HttpResponse:
    """The HTML body alone, without the right to run or load anything."""
    return HttpResponse(mail_or_404(key).html)


@require_GET
def mail_file(request: HttpRequest, key: UUID, index: int) -> HttpResponse:
    """A file that came with a mail."""
    files = mail_or_404(key).attachments
    if index >= len(files):
        raise Http404
    file = files[index]
    safe_name = "".join(letter for letter in file.name if letter.isalnum() or letter in "._-")
    is_shown = bool(request.GET.get("show"))
    content_type = "text/plain; charset=utf-8" if is_shown else file.content_type.split(";")[0]
    place = "inline" if is_shown else "attachment"
    headers = {"Content-Disposition": f'{place}; filename="{safe_name}"'}
    return HttpResponse(file.content, content_type=content_type, headers=headers)

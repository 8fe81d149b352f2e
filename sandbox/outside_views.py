"""The demo's pages on which a visitor is somebody outside with a calendar of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from common.errors import UpstreamUnavailable
from sandbox.demo import outside
from sandbox.demo.outside_forms import InviteForm
from sandbox.demo.scene import ZONE
from sandbox.views import mail_or_404

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest


@require_POST
def mail_answer(request: HttpRequest, key: UUID) -> HttpResponse:
    """Answer the invitation in a mail as its reader's mail program does."""
    asked = outside.asked_in(mail_or_404(key))
    said = request.POST.get("said", "")
    if asked is None or said not in list(outside.Said):
        raise Http404
    outside.answer(asked, outside.Said(said), request.POST.get("comment", "").strip()[:1000])
    return redirect(f"{reverse('demo:mail', args=[key])}?{urlencode({'said': said})}#answer")


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite one of the demo's people, and see what was sent."""
    form = InviteForm(request.POST or None, today=timezone.now().astimezone(ZoneInfo(ZONE)).date())
    if form.is_valid():
        said = form.cleaned_data
        outside.invite(form.to_meeting(), said["words"], is_forged=said["is_forged"])
        return redirect(f"{reverse('demo:invite')}?sent=1#sent")
    context: dict[str, object] = {"form": form, "is_sent": "sent" in request.GET, "zone": ZONE}
    try:
        context["meetings"] = outside.invited()
    except UpstreamUnavailable as error:
        context["trouble"] = error.message
    return render(request, "sandbox/invite.html", context, status=422 if form.is_bound else 200)


@require_POST
def invite_change(request: HttpRequest) -> HttpResponse:
    """Move what one invited to by an hour, or call it off."""
    changes = {"later": outside.later, "off": outside.called_off}
    change = changes.get(request.POST.get("do", ""))
    uid = request.POST.get("uid", "")
    found = next((one for one in outside.invited() if one.uid == uid), None)
    if change is None or found is None:
        raise Http404
    if found.method != "CANCEL":
        outside.invite(change(found), "")
    return redirect(f"{reverse('demo:invite')}?sent=1#sent")

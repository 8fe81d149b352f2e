"""The page behind the link in reminders and follow-ups that stops them.

The signed address is the authority: no account, no cookie, so POST is exempt from CSRF. GET shows
and changes nothing, for programs follow links; mail programs that offer to unsubscribe send the
POST of RFC 8058.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from booking.services.stopping import read_token, resume, stop
from booking.views.manage import see_other
from booking.views.visit import private_page, show, visit_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private_page
def mail_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask; POST stops reminders and follow-ups, or has them sent again."""
    choice = read_token(token)
    if request.method != "POST":
        context = {
            "workspace_name": choice.workspace.name,
            "is_stopped": choice.is_stopped,
            "action": visit_of(request).url(request.path, given=False),
        }
        return show(request, "booking/public/mail_stop.html", context)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        stop(choice)
        return HttpResponse(status=200, content_type="text/plain; charset=utf-8")
    (resume if request.POST.get("do") == "resume" else stop)(choice)
    return see_other(visit_of(request).url(request.path, given=False))

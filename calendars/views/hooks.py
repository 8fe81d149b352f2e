"""Where providers tell of changes. A notice only has the changes read; it says nothing itself.

Providers hold no session and send no CSRF token: the secret of the channel is the authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from calendars.providers.google.adapter import GoogleCalendar
from calendars.providers.google.notices import read_notice
from calendars.providers.microsoft.adapter import OutlookCalendar
from calendars.providers.microsoft.notices import read_notices
from calendars.services.notices_in import receive
from common.errors import BadReply

if TYPE_CHECKING:
    from django.http import HttpRequest

LONGEST_TOKEN: Final = 2048


@csrf_exempt
@never_cache
@require_POST
def google(request: HttpRequest) -> HttpResponse:
    """204 for a notice of an open channel, 404 for anything else: Google then stops sending it."""
    notice = read_notice(request.headers)
    accepted = notice and receive(provider=GoogleCalendar.key, notices=[notice])
    return HttpResponse(status=204 if accepted else 404)


@csrf_exempt
@never_cache
@require_POST
def microsoft(request: HttpRequest) -> HttpResponse:
    """The handshake's token as it came, as plain text; 202 for notices, known or not.

    Lifecycle notices come to an address of their own and are read alike.
    """
    token = request.GET.get("validationToken")
    if token is not None:
        if len(token) > LONGEST_TOKEN:
            return HttpResponse(status=400)
        headers = {"X-Content-Type-Options": "nosniff"}
        return HttpResponse(token, content_type="text/plain; charset=utf-8", headers=headers)
    try:
        notices = read_notices(request.body)
    except BadReply:
        return HttpResponse(status=400)
    receive(provider=OutlookCalendar.key, notices=notices)
    return HttpResponse(status=202)

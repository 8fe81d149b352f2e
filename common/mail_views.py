"""Where the mail service tells what became of mails."""

from __future__ import annotations

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common import tracking, webhooks
from common.errors import DomainError

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def resend_tracking(request: HttpRequest) -> HttpResponse:
    """Resend's events; the signature is the authority. An event of no mail of ours is taken, too,
    or it would be sent again for days.
    """
    now = timezone.now()
    try:
        event = webhooks.read_event(
            request, secrets=settings.RESEND_SIGNING_SECRET.split(","), now=now
        )
    except DomainError as error:
        logger.warning("mail event refused", extra={"error": error.code})
        return JsonResponse({"ok": False, "code": error.code}, status=error.status)
    tracking.note_event(event, now=now)
    return HttpResponse(status=204)

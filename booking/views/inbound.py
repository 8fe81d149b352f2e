"""Where a mail service says that a mail came in. The notice only has the mail fetched, by a worker.

The service holds no session and sends no CSRF token: its signature is the authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from booking import inbound
from booking.services.mail_fetch import expect_mail
from common import webhooks
from common.errors import DomainError

if TYPE_CHECKING:
    from django.http import HttpRequest

RECEIVED: Final = "email.received"


@csrf_exempt
@never_cache
@require_POST
def resend_inbound(request: HttpRequest) -> HttpResponse:
    """204 once the notice is kept, or was; 404 where no mail comes in."""
    now = timezone.now()
    secrets = settings.RESEND_INBOUND_SECRET.split(",") if inbound.is_on() else []
    try:
        event = webhooks.read_event(request, secrets=secrets, now=now)
        email_id = event.data.get("email_id")
        if event.kind != RECEIVED or not isinstance(email_id, str):
            raise webhooks.NotReadable
        with transaction.atomic():
            if webhooks.is_new(event, now=now):
                expect_mail(email_id)
    except DomainError as refusal:
        return HttpResponse(refusal.message, status=refusal.status, content_type="text/plain")
    return HttpResponse(status=204)

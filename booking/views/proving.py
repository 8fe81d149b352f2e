"""The page between form and booking: the code that was mailed, and everything that was typed.

The page itself carries what was typed, in hidden fields: no cookie, and nothing of it is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from booking.tokens import CODE_DIGITS
from booking.views.visit import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest, HttpResponse

    from booking.errors import EmailUnproven

# Fields and buttons of this page, and those that the form's page says anew.
_OWN = frozenset({"code", "another", "edit", "pick", "start", "form"})


def verify_page(
    request: HttpRequest, context: Mapping[str, Any], unproven: EmailUnproven, *, status: int = 0
) -> HttpResponse:
    """Ask for the code. `context` is that of the form's page: the time, its token, its address."""
    typed = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _OWN
        for value in values
    ]
    page = {
        **context,
        "typed": [*typed, ("start", context["start"]), ("form", context["token"])],
        "words": unproven.message,
        "is_wrong": unproven.is_wrong,
        "digits": CODE_DIGITS,
    }
    status = status or (422 if unproven.is_wrong else 200)
    return show(request, "booking/public/book_verify.html", page, status=status)

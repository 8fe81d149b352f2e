"""Refusals of services as a browser sees them."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import Http404

from common.errors import Forbidden, NotFound, PlanRequired

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse


def refusals_as_pages(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """What does not exist for this member is a 404, what they or their plan may not do a 403."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(*args, **kwargs)
        except NotFound as error:
            raise Http404 from error
        except (Forbidden, PlanRequired) as error:
            raise PermissionDenied(error.message) from error

    return answered

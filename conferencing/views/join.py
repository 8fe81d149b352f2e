"""The page behind a join link, for people without an account.

Nothing happens on GET, so that whatever opens the links of a mail opens no room. No session has
power here: the link itself is the authority, and its POST is exempt from CSRF on purpose.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_noop
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from audit.actors import client_address
from common.errors import InvalidInput, RateLimited, UpstreamError
from common.languages import known_language, language_asked, speaking, switches
from common.limits import Limit, use
from conferencing.enums import EntrantKind
from conferencing.telehealth import door
from conferencing.telehealth.links import read_token
from conferencing.telehealth.rooms import room_with
from conferencing.telehealth.words import door_words

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

    from conferencing.models import TelehealthRoom
    from workspaces.guards import StaffRequest

_WORDS: Final = gettext_noop(
    "Too many people tried to enter from here. Wait a few minutes, then try again."
)
PER_ADDRESS: Final = Limit("telehealth-address", 60, timedelta(minutes=10), _WORDS)
PER_ROOM: Final = Limit("telehealth-room", 200, timedelta(minutes=10), _WORDS)
_PRIVATE: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """When the room opens, and the way in once it is open; POST lets in."""
    code = language_asked(request)
    with speaking(code):
        answer = _join(request, token)
    answer.headers["Content-Language"] = code
    return answer


def _join(request: HttpRequest, token: str) -> HttpResponse:
    link = read_token(token)
    room = room_with(link.room_id) if link is not None else None
    if link is None or room is None:
        context = _spoken(request)
        return private(render(request, "conferencing/join_unknown.html", context, status=404))
    kind = EntrantKind(link.kind.value)
    if request.method != "POST":
        return join_page(request, room, kind)
    return enter(request, room, kind, name=request.POST.get("name", ""))


def _spoken(request: HttpRequest) -> dict[str, Any]:
    """The switch of languages, and the page's own address in the chosen one."""
    chosen = request.GET.get("lang", "")[:16]
    kept = f"?lang={chosen}" if known_language(chosen) else ""
    languages = switches(request, language_asked(request))
    return {"languages": languages, "here": f"{request.path}{kept}"}


def enter(
    request: HttpRequest,
    room: TelehealthRoom,
    kind: EntrantKind,
    *,
    name: str,
    user_id: UUID | None = None,
    is_host: bool = False,
) -> HttpResponse:
    """On to the meeting page, or the page again with the reason why not."""
    now = timezone.now()
    try:
        use(PER_ADDRESS, client_address(request), now)
        if user_id is None:
            # Whoever has the link could shut the host out by pressing often.
            use(PER_ROOM, str(room.pk), now)
        page = door.admit(
            room=room, kind=kind, name=name, now=now, user_id=user_id, is_host=is_host
        )
    except InvalidInput as refusal:
        return join_page(request, room, kind, name=name, name_error=refusal.message, status=422)
    except door.DoorShut as shut:
        return join_page(request, room, kind, name=name, status=shut.status)
    except UpstreamError as error:
        status = 429 if isinstance(error, RateLimited) else 503
        words = door.in_words(error)
        return join_page(request, room, kind, name=name, trouble=words, status=status)
    # The address holds the token: nobody else is to see it.
    return private(HttpResponseRedirect(page.reveal(), status=303))


def enter_as_staff(request: StaffRequest, room: TelehealthRoom, *, is_host: bool) -> HttpResponse:
    """The same for a member of the workspace, by their own name."""
    user = request.user
    name = (user.name or user.email.partition("@")[0])[: door.LONGEST_NAME]
    kind = EntrantKind.STAFF
    return enter(request, room, kind, name=name, user_id=user.pk, is_host=is_host)


def join_page(
    request: HttpRequest,
    room: TelehealthRoom,
    kind: EntrantKind,
    *,
    name: str = "",
    name_error: str = "",
    trouble: str = "",
    status: int = 200,
) -> HttpResponse:
    """How the door stands, in words, and the form that opens it."""
    now = timezone.now()
    standing = door.standing_of(room, kind, now)
    context = {
        "door": standing.door.value,
        "words": door_words(standing, now),
        "workspace_name": room.workspace.name,
        "fallback_url": standing.fallback_url,
        "is_staff": kind is EntrantKind.STAFF,
        "name": name or standing.name,
        "name_error": name_error,
        "trouble": trouble,
        "longest_name": door.LONGEST_NAME,
        "here": request.path,
        **({} if kind is EntrantKind.STAFF else _spoken(request)),
    }
    answer = private(render(request, "conferencing/join.html", context, status=status))
    if kind is EntrantKind.STAFF:
        # Its form is guarded by CSRF, which refuses the `Origin: null` that browsers send from a
        # page that tells nobody. Its address holds no secret.
        answer["Referrer-Policy"] = "same-origin"
    return answer


def private(answer: HttpResponse) -> HttpResponse:
    """Kept by nobody, listed nowhere, and no address of it told to the next page."""
    for name, value in _PRIVATE.items():
        answer[name] = value
    return answer

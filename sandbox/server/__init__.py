"""One WSGI callable that stands for Google, Microsoft, Zoom, LiveKit, Close and Resend."""

from __future__ import annotations

from sandbox.server.app import SandboxApp
from sandbox.server.livekit.access import KEY, SECRET
from sandbox.server.push import Post
from sandbox.server.records import Records
from sandbox.server.resend import access as resend


def create_app(store: Records, base_url: str | None = None, post: Post | None = None) -> SandboxApp:
    """The sandbox over that store.

    Links in answers and pages begin with `base_url`; without it, with the Host of the request.
    `post` carries what providers send by themselves, in place of HTTP.
    """
    if base_url:
        store.set_setting("base_url", base_url.rstrip("/"))
    return SandboxApp(store, base_url, post)


def endpoints(base_url: str) -> dict[str, str]:
    """The settings that put the sandbox at that address in the providers' place.

    Of LiveKit and Resend also the keys and secrets: they belong to the server.
    """
    base = base_url.rstrip("/")
    identity = f"{base}/microsoft/common/oauth2/v2.0"
    return {
        "GOOGLE_AUTH_URL": f"{base}/google/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"{base}/google/token",
        "GOOGLE_REVOKE_URL": f"{base}/google/revoke",
        "GOOGLE_JWKS_URL": f"{base}/google/oauth2/v3/certs",
        "GOOGLE_ISSUER": f"{base}/google",
        "GOOGLE_API_URL": f"{base}/google/calendar/v3",
        "MICROSOFT_AUTH_URL": f"{identity}/authorize",
        "MICROSOFT_TOKEN_URL": f"{identity}/token",
        "MICROSOFT_JWKS_URL": f"{base}/microsoft/common/discovery/v2.0/keys",
        "MICROSOFT_ISSUER": f"{base}/microsoft/{{tenantid}}/v2.0",
        "MICROSOFT_API_URL": f"{base}/microsoft/graph/v1.0",
        "ZOOM_AUTH_URL": f"{base}/zoom/oauth/authorize",
        "ZOOM_TOKEN_URL": f"{base}/zoom/oauth/token",
        "ZOOM_REVOKE_URL": f"{base}/zoom/oauth/revoke",
        "ZOOM_API_URL": f"{base}/zoom/v2",
        "CLOSE_API_URL": f"{base}/close/api/v1",
        "CLOSE_APP_URL": f"{base}/close",
        "LIVEKIT_URL": f"{base}/livekit",
        "LIVEKIT_API_KEY": KEY,
        "LIVEKIT_API_SECRET": SECRET,
        "LIVEKIT_MEETING_URL": f"{base}/livekit/room#url={{url}}&token={{token}}",
        "RESEND_API_URL": f"{base}/resend/",
        "RESEND_API_KEY": resend.KEY,
        "RESEND_SIGNING_SECRET": resend.SIGNING_SECRET,
        "RESEND_INBOUND_SECRET": resend.INBOUND_SECRET,
    }

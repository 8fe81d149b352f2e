"""Addresses of a client's own pages, which a visit by invitation opens."""

from __future__ import annotations

from django.urls import URLPattern, path

from booking.views import portal, portal_calendars, portal_meetings

app_name = "portal"

urlpatterns: list[URLPattern] = [
    path("client", portal.home, name="home"),
    path("client/open/<str:token>", portal.open_page, name="open"),
    path("client/leave", portal.leave, name="leave"),
    path("client/hours", portal.hours, name="hours"),
    path("client/calendars", portal_calendars.calendars, name="calendars"),
    path("client/connect/<str:provider>", portal_calendars.connect, name="connect"),
    path(
        "client/calendars/<uuid:connection_id>/disconnect",
        portal_calendars.disconnect,
        name="disconnect",
    ),
    path("client/meetings", portal_meetings.meetings, name="meetings"),
    path("client/meetings/<uuid:meeting_id>", portal_meetings.meeting, name="meeting"),
    *(
        path(
            f"client/meetings/<uuid:meeting_id>/{said}",
            portal_meetings.answer,
            {"said": said},
            name=f"meeting_{said}",
        )
        for said in ("approve", "decline", "cancel")
    ),
]

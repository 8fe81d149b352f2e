"""Addresses of a client's own pages, which a visit by invitation opens."""

from __future__ import annotations

from django.urls import URLPattern, path

from booking.views import portal, portal_calendars, portal_meetings
from booking.views.portal_frame import spoken

app_name = "portal"

urlpatterns: list[URLPattern] = [
    path("client", spoken(portal.home), name="home"),
    path("client/open/<str:token>", spoken(portal.open_page), name="open"),
    path("client/leave", spoken(portal.leave), name="leave"),
    path("client/hours", spoken(portal.hours), name="hours"),
    path("client/calendars", spoken(portal_calendars.calendars), name="calendars"),
    path("client/connect/<str:provider>", spoken(portal_calendars.connect), name="connect"),
    path(
        "client/calendars/<uuid:connection_id>/disconnect",
        spoken(portal_calendars.disconnect),
        name="disconnect",
    ),
    path("client/meetings", spoken(portal_meetings.meetings), name="meetings"),
    path(
        "client/meetings/<uuid:meeting_id>",
        spoken(portal_meetings.meeting_or_staff_page),
        name="meeting",
    ),
    *(
        path(
            f"client/meetings/<uuid:meeting_id>/{said}",
            spoken(portal_meetings.answer),
            {"said": said},
            name=f"meeting_{said}",
        )
        for said in ("approve", "decline", "cancel")
    ),
]

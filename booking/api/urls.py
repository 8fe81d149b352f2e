"""Addresses of the booking API."""

from __future__ import annotations

from django.urls import URLPattern, path

from booking.api import changes, links, meetings, views

app_name = "booking_api"

_MEETING = "meetings/<uuid:meeting_id>"

urlpatterns: list[URLPattern] = [
    path("availability", views.AvailabilityView.as_view(), name="availability"),
    path("links", links.LinksView.as_view(), name="links"),
    path("links/<uuid:link_id>", links.LinkView.as_view(), name="link"),
    path("meetings", meetings.MeetingsView.as_view(), name="meetings"),
    path(_MEETING, meetings.MeetingView.as_view(), name="meeting"),
    path(f"{_MEETING}/cancel", changes.CancelView.as_view(), name="cancel"),
    path(f"{_MEETING}/move", changes.MoveView.as_view(), name="move"),
    path(f"{_MEETING}/guests", changes.GuestsView.as_view(), name="guests"),
    path(f"{_MEETING}/approve", changes.ApproveView.as_view(), name="approve"),
    path(f"{_MEETING}/decline", changes.DeclineView.as_view(), name="decline"),
    path(f"{_MEETING}/no-show", changes.NoShowView.as_view(), name="no_show"),
    path(f"{_MEETING}/reassign", changes.ReassignView.as_view(), name="reassign"),
    path("calendar-events", views.CalendarEventsView.as_view(), name="calendar_events"),
    path("notifications", views.NotificationsView.as_view(), name="notifications"),
]

"""Addresses of the booking API."""

from __future__ import annotations

from django.urls import URLPattern, path

from booking.api.views import (
    AvailabilityView,
    CalendarEventsView,
    MeetingsView,
    NotificationsView,
)

app_name = "booking_api"

urlpatterns: list[URLPattern] = [
    path("availability", AvailabilityView.as_view(), name="availability"),
    path("meetings", MeetingsView.as_view(), name="meetings"),
    path("calendar-events", CalendarEventsView.as_view(), name="calendar_events"),
    path("notifications", NotificationsView.as_view(), name="notifications"),
]

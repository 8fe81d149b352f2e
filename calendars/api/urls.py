"""Addresses of the calendars API."""

from __future__ import annotations

from django.urls import path

from calendars.api import capabilities, freebusy, link_views, people, views

app_name = "calendars_api"

urlpatterns = [
    path("calendars", views.CalendarsView.as_view(), name="calendars"),
    path("capabilities", capabilities.CapabilitiesView.as_view(), name="capabilities"),
    path("events", views.EventsView.as_view(), name="events"),
    path("events/conference", link_views.LinkView.as_view(), name="event_link"),
    path("people", people.PeopleView.as_view(), name="people"),
    path("free-busy", freebusy.FreeBusyView.as_view(), name="free_busy"),
]

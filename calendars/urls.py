"""Addresses of calendars pages."""

from __future__ import annotations

from django.urls import path

from calendars.views import changes, oauth

app_name = "calendars"

urlpatterns = [
    path("calendar/changes", changes.changes, name="changes"),
    path(
        "calendar/connections/<uuid:connection_id>/disconnect", oauth.disconnect, name="disconnect"
    ),
    path("oauth/<str:provider>/start", oauth.oauth_start, name="oauth_start"),
    path("oauth/<str:provider>/callback", oauth.oauth_callback, name="oauth_callback"),
]

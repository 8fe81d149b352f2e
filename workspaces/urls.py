"""Addresses of workspace pages."""

from __future__ import annotations

from django.urls import path

from workspaces.views import settings

app_name = "workspaces"

urlpatterns = [
    path("workspaces/switch", settings.switch, name="switch"),
    path("theme", settings.theme, name="theme"),
]

"""Addresses of the calendars API."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "calendars_api"

urlpatterns: list[URLPattern] = []

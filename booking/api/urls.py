"""Addresses of the booking API."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "booking_api"

urlpatterns: list[URLPattern] = []

"""Addresses of the plans."""

from __future__ import annotations

from django.urls import path

from conferencing import views

app_name = "conferencing"

urlpatterns = [path("plans", views.plans, name="plans")]

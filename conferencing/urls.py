"""Addresses of the plans, and of the doors of telehealth rooms."""

from __future__ import annotations

from django.urls import path

from conferencing.views import join, plans, telehealth

app_name = "conferencing"

urlpatterns = [
    path("plans", plans.plans, name="plans"),
    path("workspace/telehealth", telehealth.telehealth, name="telehealth"),
    path("join/<str:token>", join.join, name="join"),
]

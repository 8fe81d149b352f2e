"""Every address of the installation. Apps' own routes come before the admin's."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from common.mail_views import resend_tracking
from config import views
from workspaces.views.home import home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("anymail/resend/tracking/", resend_tracking, name="resend_tracking"),
    path("", include("workspaces.urls")),
    path("", include("audit.urls")),
    path("", include("conferencing.urls")),
    path("", include("calendars.urls")),
    path("", include("booking.urls")),
    path("", include("booking.portal_urls")),
    path("api/v1/calendar/", include("calendars.api.urls")),
    path("api/v1/booking/", include("booking.api.urls")),
    path("api/v1/schema", SpectacularAPIView.as_view(), name="api_schema"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include("sandbox.urls")))

handler400 = "config.views.bad_request"
handler403 = "config.views.forbidden"
handler404 = "config.views.not_found"
handler500 = "config.views.server_error"

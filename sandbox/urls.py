"""Addresses of the demo's own pages; included only when DEMO is on."""

from __future__ import annotations

from django.urls import path

from sandbox import views

app_name = "demo"


urlpatterns = [
    path("", views.guide, name="guide"),
    path("mail", views.mailbox, name="mailbox"),
    path("mail/<uuid:key>", views.mail, name="mail"),
    path("mail/<uuid:key>/html", views.mail_html, name="mail_html"),
    path("mail/<uuid:key>/files/<int:index>", views.mail_file, name="mail_file"),
]

"""Addresses of the demo's own pages; included only when DEMO is on."""

from __future__ import annotations

from django.urls import path

from sandbox import outside_views, views

app_name = "demo"


urlpatterns = [
    path("", views.guide, name="guide"),
    path("mail", views.mailbox, name="mailbox"),
    path("mail/<uuid:key>", views.mail, name="mail"),
    path("mail/<uuid:key>/answer", outside_views.mail_answer, name="mail_answer"),
    path("mail/<uuid:key>/html", views.mail_html, name="mail_html"),
    path("mail/<uuid:key>/files/<int:index>", views.mail_file, name="mail_file"),
    path("invite", outside_views.invite, name="invite"),
    path("invite/change", outside_views.invite_change, name="invite_change"),
]

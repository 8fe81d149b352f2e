"""Addresses of the demo's own pages; included only when DEMO is on."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from sandbox import views

app_name = "demo"


class MailKeyConverter(StringConverter):
    """The key of a kept mail: never a way to another file."""

    regex = "[0-9]{8}-[0-9]{6}-[0-9]{6}-[0-9a-f]{8}"


register_converter(MailKeyConverter, "mailkey")

urlpatterns = [
    path("", views.guide, name="guide"),
    path("mail", views.mailbox, name="mailbox"),
    path("mail/<mailkey:key>", views.mail, name="mail"),
    path("mail/<mailkey:key>/html", views.mail_html, name="mail_html"),
    path("mail/<mailkey:key>/files/<int:index>", views.mail_file, name="mail_file"),
]

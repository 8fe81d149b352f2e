"""The Celery app: the kick for the outbox and the beat for what is due."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery
from celery.signals import setup_logging

from config import file_broker, redis_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

file_broker.use()
redis_broker.use()
app = Celery("meridian")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: object) -> None:
    """Celery would replace the handlers; ours redact and write JSON."""


@app.on_after_configure.connect
def make_queue_folders(sender: Celery, **kwargs: object) -> None:
    """The file broker does not make its folders itself."""
    options = sender.conf.broker_transport_options or {}
    for name in ("data_folder_in", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(parents=True, exist_ok=True)

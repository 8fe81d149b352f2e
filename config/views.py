"""Health probes and error pages."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django_prometheus.exports import ExportToDjangoView

from common.outbox.metrics import exposition
from config.celery import app as celery_app

if TYPE_CHECKING:
    from django.http import HttpRequest


def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Ready: database, migrations and broker. 503 names what is not."""
    checks = {"database": _database_answers(), "migrations": False, "broker": _broker_answers()}
    if checks["database"]:
        checks["migrations"] = _migrations_are_applied()
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics, for who holds METRICS_TOKEN; for everybody else there is no such page."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    wanted = settings.METRICS_TOKEN
    if not wanted or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Http404
    answer: HttpResponse = ExportToDjangoView(request)
    answer.content += exposition()
    return answer


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # noqa: BLE001 -- a probe reports, whatever it was
        return False
    return True


def _migrations_are_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _broker_answers() -> bool:
    if settings.CELERY_BROKER_URL.startswith("filesystem://"):
        return True
    try:
        broker_url = settings.CELERY_BROKER_URL
        with celery_app.connection_for_write(broker_url, connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
    except Exception:  # noqa: BLE001 -- a probe reports, whatever it was
        return False
    return True


def _page(request: HttpRequest, status: int) -> HttpResponse:
    if request.path.startswith("/api/"):
        code = {400: "invalid", 403: "forbidden", 404: "not_found"}.get(status, "error")
        message = {
            400: "This request cannot be read.",
            403: "You may not do this.",
            404: "This does not exist, or not for you.",
        }.get(status, "Something broke on our side. Nothing you sent is lost on yours.")
        return JsonResponse({"ok": False, "code": code, "message": message}, status=status)
    return render(request, f"{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without context processors: they might be what broke."""
    if request.path.startswith("/api/"):
        return _page(request, 500)
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that was open too long, or came from elsewhere."""
    if request.path.startswith("/api/"):
        return _page(request, 403)
    return render(request, "403_csrf.html", status=403)

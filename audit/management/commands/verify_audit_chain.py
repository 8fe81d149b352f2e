"""`manage.py verify_audit_chain`: prove that no log row was changed, removed or cut off."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.models import AuditChainHead, OAuthTokenAccessLog
from audit.queries import verify_chain


class Command(BaseCommand):
    help = "Recompute every workspace's chain and name the first broken row."

    def handle(self, *args: Any, **options: Any) -> None:
        known = set(AuditChainHead.objects.values_list("workspace_id", flat=True))
        known |= set(
            OAuthTokenAccessLog.objects.order_by().values_list("workspace_id", flat=True).distinct()
        )
        broken = 0
        for workspace_id in sorted(known):
            report = verify_chain(workspace_id)
            if report.is_whole:
                self.stdout.write(f"{workspace_id}: whole, {report.rows} rows")
            else:
                broken += 1
                self.stdout.write(
                    f"{workspace_id}: BROKEN at row {report.broken_seq}: {report.problem}"
                )
        if broken:
            raise CommandError(f"{broken} of {len(known)} chains are broken")
        self.stdout.write(f"{len(known)} chains are whole")

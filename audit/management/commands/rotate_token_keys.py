"""`manage.py rotate_token_keys`: seal everything with the ring's first key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from audit.services import vault


class Command(BaseCommand):
    help = "Re-seal tokens and credentials with the active key, in batches, while in use."

    def handle(self, *args: Any, **options: Any) -> None:
        done = 0
        for moved in vault.reseal_batches():
            done += moved
            self.stdout.write(f"{done} sealed with {vault.key_ring().active}")
        self.stdout.write(f"Every value is sealed with {vault.key_ring().active}")

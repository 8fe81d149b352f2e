"""Turns at an account whose provider bears only a few requests at once."""

from __future__ import annotations

from django.db import models

from common.fields import LeasedModel


class AccountTurn(LeasedModel):
    """One of the few requests that may be under way at an account, free or leased.

    `account` is a digest of the provider and its id of the account: several workspaces may have
    connected the same mailbox, which counts them all together.
    """

    account = models.CharField(max_length=64)
    number = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "account_turns"
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="account_turn_number")
        ]

    def __str__(self) -> str:
        return f"turn {self.number} at {self.account[:8]}"

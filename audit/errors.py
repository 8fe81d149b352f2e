"""Refusals of the vault."""

from __future__ import annotations

from common.errors import NotFound


class TokenDenied(NotFound):
    """The connection is not of the workspace that asked. The answer does not say that it exists."""

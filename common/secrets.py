"""A value that must not be seen: it shows itself as stars everywhere but where it is used."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def hash_token(token: str) -> str:
    """What is stored of a random token.

    A plain hash suffices: our tokens are random and long, so there is nothing to guess from it.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class Secret:
    """A token, password or key on its way to where it is needed; `reveal()` gives the text.

    Printing, formatting and pickling never show it, so that it cannot reach a log line, an
    error page or a task's arguments by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself; call it where it is sent or sealed, nowhere else."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is not pickled.")


class RenewableSecret(Secret):
    """A token with a way to another one, taken once, when a service refuses it before its time.

    `renewed` gives the other one, or None where that cannot be done.
    """

    __slots__ = ("_renewed",)

    def __init__(self, value: str, renewed: Callable[[], Secret | None]) -> None:
        super().__init__(value)
        self._renewed: Callable[[], Secret | None] | None = renewed

    def renew(self) -> bool:
        """Become the other one; False when there is none, or it was taken already.

        Raises what getting it raises.
        """
        ask, self._renewed = self._renewed, None
        other = ask() if ask is not None else None
        if other is None:
            self._renewed = ask
            return False
        self._value = other.reveal()
        return True

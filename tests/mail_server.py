"""A real mail server on a free port of this machine, which does what a test tells it to."""

from __future__ import annotations

import asyncio
import email
import email.policy
import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Received:
    """What the server took."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def mail(self) -> Any:
        return email.message_from_bytes(self.raw, policy=email.policy.default)


@dataclass
class MailServer:
    """`says` are answers by command (`MAIL`, `RCPT`, `DATA`), each used once, oldest first.

    `thinks` is for how many seconds it looks at a mail before it answers, `drops` how many
    connections end after the mail was taken and before that is said.
    """

    port: int = 0
    received: list[Received] = field(default_factory=list)
    says: dict[str, list[str]] = field(default_factory=dict)
    drops: int = 0
    thinks: float = 0

    def _answer(self, command: str) -> str | None:
        waiting = self.says.get(command)
        return waiting.pop(0) if waiting else None

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = self._answer("MAIL")
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self._answer("RCPT")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self._answer("DATA")
        if answer is not None:
            return answer
        await asyncio.sleep(self.thinks)
        raw = envelope.content
        self.received.append(Received(envelope.mail_from, list(envelope.rcpt_tos), raw))
        if self.drops:
            self.drops -= 1
            server.transport.abort()
        return "250 OK"


class _Controller(Controller):
    """Closes its connections when it stops: asyncio warns of each that is left to the collector.

    It listens on the socket that it is given, whose port nobody can take meanwhile.
    """

    def __init__(self, listener: socket.socket, *args: Any, **more: Any) -> None:
        host, port = listener.getsockname()
        super().__init__(*args, hostname=host, port=port, **more)
        self.listener = listener
        self.spoken_to: list[Any] = []

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.listener)

    def factory(self) -> Any:
        self.spoken_to.append(super().factory())
        return self.spoken_to[-1]

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(20)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        # Who was let in this moment has a transport a few turns of the loop later (none at all once
        # the server is closed, and its socket stays), and each is told a turn after it was closed.
        for _turn in range(5):
            for one in self.spoken_to:
                if one.transport is not None:
                    one.transport.abort()
            await asyncio.sleep(0.01)


@contextmanager
def mail_server():
    """A server that takes every mail unless told otherwise."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = MailServer(port=listener.getsockname()[1])
    controller = _Controller(listener, server, ready_timeout=60)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()

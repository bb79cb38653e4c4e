"""Load over HTTP/1.1: connections that are kept open, each with one request under way.

Written on bare asyncio protocols, so that it costs little beside the server.
"""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any, cast

from erp_facade.bench.answering import Command, answer_commands, run_child
from erp_facade.bench.latency import Recording

_MOST_CALLS = 500_000
_ANSWER_SECONDS = 9.0


class BadAnswer(Exception):
    """The server answered with something else than 200 and a body of stated length."""


class _Connection(asyncio.Protocol):
    """One connection; `call` sends a request and returns the body of its answer."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank or self._answer is None:
            return
        try:
            length = _content_length(head)
        except BadAnswer as error:
            self._answer.set_exception(error)
            self._answer = None
            return
        if len(body) >= length:
            self._received = b""
            self._answer.set_result(body)
            self._answer = None

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None:
            self._answer.set_exception(BadAnswer("the server closed the connection"))

    def call(self, request: bytes) -> asyncio.Future[bytes]:
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    status, *headers = head.split(b"\r\n")
    if status.split(b" ")[1:2] != [b"200"]:
        raise BadAnswer(f"the server answered {status.decode('latin-1')}")
    for header in headers:
        name, _, value = header.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise BadAnswer("the answer does not state its length")


class HttpLoad:
    """Posts one JSON body again and again to whichever port a command names."""

    def __init__(self, path: str, body: bytes, token: str) -> None:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._request = head.encode("ascii") + body

    async def once(self, command: Command) -> dict[str, Any]:
        """Make one call and return the answer's body in base64."""
        connection = await _connect(command["port"])
        try:
            answer = await asyncio.wait_for(connection.call(self._request), _ANSWER_SECONDS)
        finally:
            connection.close()
        return {"answer": base64.b64encode(answer).decode()}

    async def closed(self, command: Command) -> dict[str, Any]:
        """Keep `in_flight` calls under way for `seconds`, each on a connection of its own."""
        seconds = command["seconds"]
        connections = [await _connect(command["port"]) for _ in range(command["in_flight"])]
        try:
            recording = Recording()
            latencies = recording.latencies
            end = time.perf_counter() + seconds

            async def caller(connection: _Connection) -> None:
                while (started := time.perf_counter()) < end and len(latencies) < _MOST_CALLS:
                    answer = await connection.call(self._request)
                    latencies.append(time.perf_counter() - started)
                    recording.answer_bytes += len(answer)

            async with asyncio.timeout(seconds + _ANSWER_SECONDS):
                await asyncio.gather(*(caller(connection) for connection in connections))
            return recording.report()
        finally:
            for connection in connections:
                connection.close()


async def _connect(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection


async def main(given: dict[str, Any]) -> None:
    load = HttpLoad(given["path"], base64.b64decode(given["body"]), given["token"])
    await answer_commands({}, {"once": load.once, "closed": load.closed})


if __name__ == "__main__":
    run_child(main)

"""uvicorn inside the running event loop: serves an ASGI application until the block is left."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from erp_facade.rest.app import AsgiApp
from erp_facade.rest.http_protocol import LimitedConfig, LimitedProtocol, ServerLimits


class _EmbeddedServer(uvicorn.Server):
    """A server that leaves signals to the process around it and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        self._stopping.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        """Wake once a second, for the date header, and at once to stop."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1.0)


@contextlib.asynccontextmanager
async def serve_http(
    app: AsgiApp, host: str, port: int, *, limits: ServerLimits | None = None, reuse_port: bool = False
) -> AsyncIterator[int]:
    """Serve an application and yield the bound port; port 0 takes a free one.

    On leaving, the listener closes at once, calls under way have `grace_seconds` to end, and then every connection
    is closed. Raises OSError when the address cannot be bound.
    """
    limits = limits or ServerLimits()
    config = LimitedConfig(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.keep_alive_seconds,
        timeout_graceful_shutdown=limits.grace_seconds,
    )
    config.limits = limits
    listener = _bind(host, port, reuse_port=reuse_port)
    server = _EmbeddedServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    started = asyncio.create_task(server.listening.wait())
    try:
        await asyncio.wait({serving, started}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        yield listener.getsockname()[1]
    finally:
        started.cancel()
        server.stop()
        await serving
        listener.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()


def _bind(host: str, port: int, *, reuse_port: bool) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener

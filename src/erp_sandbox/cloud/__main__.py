"""The process of the stand-in: reads its setup from standard input, serves until standard input ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage

from erp_sandbox.cloud.books import Books
from erp_sandbox.cloud.jobs import ship_and_invoice
from erp_sandbox.cloud.server import Server
from erp_sandbox.cloud.setup import SETUP, Setup
from erp_sandbox.cloud.store import Store

_STDIN = 0
_SHUTDOWN_SECONDS = 0.5
_LARGEST_BODY = 16 * 1024 * 1024


async def serve(setup: Setup) -> None:
    """Serve until standard input ends; the port is told on standard output as soon as requests are taken."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(_STDIN, lambda: None if os.read(_STDIN, 4096) else stop.set())
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # Ctrl-C is for the parent, which then closes standard input.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    store = Store(Path(setup.directory))
    books = Books(setup, store)
    # Requests that are held or late do not keep the process from ending.
    runner = web.ServerRunner(
        web.Server(Server(setup, store, books).handle, request_factory=_request),
        access_log=None,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", setup.port, backlog=1024)
    await site.start()
    jobs = asyncio.create_task(ship_and_invoice(books, setup))
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await stop.wait()
    loop.remove_reader(_STDIN)
    jobs.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await jobs
    await runner.cleanup()
    store.close()


def _request(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: web.RequestHandler,
    writer: AbstractStreamWriter,
    task: asyncio.Task[None],
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_BODY)


def _first_line() -> bytes:
    """Read one line without reading ahead: what follows is watched by the event loop."""
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(_STDIN, 65536)
        if not chunk:
            sys.exit("the setup is missing on standard input")
        line += chunk
    return bytes(line)


if __name__ == "__main__":
    uvloop.run(serve(SETUP.validate_json(_first_line())))

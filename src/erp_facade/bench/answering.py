"""The child's side: one JSON line on standard output for each on standard input, until that ends."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import uvloop

Command = dict[str, Any]
Handler = Callable[[Command], Awaitable[dict[str, Any]]]


def run_child(main: Callable[[dict[str, Any]], Coroutine[Any, Any, None]]) -> None:
    """Run a child's coroutine on uvloop with what it was given on its command line."""
    uvloop.run(main(json.loads(sys.argv[1])))


async def answer_commands(ready: Mapping[str, Any], handlers: Mapping[str, Handler] | None = None) -> None:
    """Say that the process is ready, then answer commands. Every child knows the command `cpu`."""
    known: dict[str, Handler] = {"cpu": _cpu, **(handlers or {})}
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    try:
        _say(ready)
        while line := await reader.readline():
            command = json.loads(line)
            try:
                _say(await known[command["do"]](command))
            except Exception as error:
                _say({"error": f"{type(error).__name__}: {error}"})
    finally:
        transport.close()


async def _cpu(_: Command) -> dict[str, Any]:
    return {"seconds": time.process_time()}


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(dict(answer)) + "\n")
    sys.stdout.flush()

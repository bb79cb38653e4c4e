"""The FastAPI endpoint in a process of its own: uvicorn on uvloop and httptools, without access log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import structlog
import uvicorn

from erp_facade.bench.answering import answer_commands, run_child
from erp_facade.bench.fastapi_app import Site, build_app
from erp_ports.memory import InMemoryConfig, InMemoryErp


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: the process ends when its standard input does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.contextmanager
def json_log(path: Path) -> Iterator[structlog.typing.FilteringBoundLogger]:
    """Give a logger as structlog's own advice on performance has it: cached, orjson, bytes to the file."""
    with path.open("ab") as file:
        yield structlog.wrap_logger(
            structlog.BytesLogger(file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(serializer=orjson.dumps),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            cache_logger_on_first_use=True,
        )


async def main(given: dict[str, Any]) -> None:
    wanted = given["site"]
    site = Site(
        business_unit=wanted["business_unit"],
        currencies=frozenset(wanted["currencies"]),
        plants=frozenset(wanted["plants"]),
        units=frozenset(wanted["units"]),
        token_sha256=given["token_sha256"],
    )
    erp = InMemoryErp(InMemoryConfig.model_validate(given["erp"]))
    # The listener takes connections from here on; they wait until uvicorn serves them.
    with json_log(Path(given["log_file"])) as log, socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            build_app(erp, site, log), http="httptools", ws="none", log_config=None, access_log=False
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await answer_commands({"http": listener.getsockname()[1]})
        finally:
            server.should_exit = True
            await serving


if __name__ == "__main__":
    run_child(main)

"""The demo: two stand-in ERPs, the facade, real order traffic, and every plant moved to the cloud ERP meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import uvloop

from erp_facade.demo.run import Demo, DemoInput, InputError, load_input
from erp_facade.demo.telling import Telling

EXIT_INPUT = 2
EXIT_WRONG = 5


def run_demo(
    *, data: Path | None, divergences: Path | None, exit_after: bool, as_json: bool, today: dt.date | None
) -> int:
    """Run the demo and return the exit code: 0 when every order was booked exactly once and the comparison found what
    it should, 5 when not, 2 when the input cannot be used."""
    telling = Telling(as_json=as_json)
    day = today or dt.datetime.now(dt.UTC).date()
    try:
        given: DemoInput = load_input(data, divergences, day, stays=not exit_after)
    except InputError as error:
        for problem in error.problems:
            telling.complain(problem)
        return EXIT_INPUT
    except OSError as error:
        telling.complain(f"{error.filename or 'the input'} cannot be read: {error.strerror}")
        return EXIT_INPUT
    summary = uvloop.run(_run(given, telling, exit_after))
    return 0 if summary else EXIT_WRONG


async def _run(given: DemoInput, telling: Telling, exit_after: bool) -> bool:
    async with Demo(given, telling) as demo:
        good = await demo.run()
        if not exit_after:
            telling.what_next(demo.grpc_address, demo.http_address, demo.sample_order)
            await asyncio.Event().wait()
        return good

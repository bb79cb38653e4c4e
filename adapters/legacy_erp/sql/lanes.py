"""Blocking work in threads of our own: a few for reads, for look-ups and for writes, each with its deadline.

Look-ups have threads of their own, so that neither questions nor orders can keep an order in doubt from being found.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from erp_ports.call import Call
from erp_ports.errors import OutcomeUnknown, Throttled, Unavailable

log = logging.getLogger(__name__)

T = TypeVar("T")

_CLOSED = "the adapter is being closed"


class Lane(enum.StrEnum):
    """Which threads, and so which share of the connections, a piece of work runs on."""

    READ = "read"
    LOOKUP = "lookup"
    WRITE = "write"


class Lanes:
    """Bounded thread pools, one for each lane; work that cannot begin before its deadline never begins."""

    def __init__(self, sizes: Mapping[Lane, int]) -> None:
        self._executors = {
            lane: ThreadPoolExecutor(max_workers=size, thread_name_prefix=f"legacy-sql-{lane}")
            for lane, size in sizes.items()
        }
        self._under_way: set[asyncio.Future[Any]] = set()

    async def run(self, lane: Lane, work: Callable[[], T], call: Call) -> T:
        """Return what the work returns.

        At the deadline work that is still queued is dropped and Throttled is raised; work that runs is left to end by
        itself and OutcomeUnknown is raised. A cancelled call drops queued work too.
        """
        try:
            future = self._executors[lane].submit(work)
        except RuntimeError as error:  # the pool was shut down
            raise Unavailable(_CLOSED) from error
        waiting = asyncio.wrap_future(future)
        self._under_way.add(waiting)
        waiting.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait({waiting}, timeout=call.remaining())
        except asyncio.CancelledError:
            future.cancel()
            raise
        if waiting.cancelled():
            raise Unavailable(_CLOSED)
        if done:
            return waiting.result()
        if future.cancel():
            raise Throttled("all connections to the ERP's database are in use")
        raise OutcomeUnknown("the ERP's database did not answer in time", timed_out=True)

    def _ended(self, waiting: asyncio.Future[Any]) -> None:
        self._under_way.discard(waiting)
        if not waiting.cancelled():
            waiting.exception()  # whoever still waits has it; marking it seen keeps the loop from reporting it

    async def close(self, last: Callable[[], None]) -> None:
        """Drop what is queued, wait for what runs, then do the last piece of work in a thread and end."""
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
        if self._under_way:
            await asyncio.wait(set(self._under_way))
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="legacy-sql-close") as closing:
            await asyncio.wrap_future(closing.submit(last))


async def to_its_outcome(operation: Coroutine[Any, Any, T], name: str) -> T:
    """Run a write; when the caller is cancelled, wait until the write has ended, then be cancelled."""
    task = asyncio.ensure_future(operation)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        error = task.exception()
        log.warning(
            "legacy_sql.write_ended_after_cancellation",
            extra={"operation": name, "outcome": type(error).__name__ if error else "executed"},
        )
        raise asyncio.CancelledError
    return task.result()

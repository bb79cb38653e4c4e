"""What the dual run asks of one ERP: few jobs at a time, a bounded queue, and nothing that has waited too long."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Work for one ERP. `drop` is called when the job is shed, and when `run` did not come to its end."""

    run: Callable[[], Awaitable[None]]
    drop: Callable[[], None]


class Lane:
    """Runs jobs off the caller's path.

    A job starts `linger_seconds` after it was offered, so that the caller's answer has left before its shadow takes
    any time of the event loop.
    """

    def __init__(self, *, in_flight: int, bound: int, longest_wait_seconds: float, linger_seconds: float) -> None:
        self._in_flight = in_flight
        self._bound = bound
        self._longest_wait = longest_wait_seconds
        self._linger = linger_seconds
        self._waiting: deque[tuple[float, Job]] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._start: asyncio.TimerHandle | None = None
        self._closed = False

    def offer(self, job: Job, *, at_once: bool = False) -> bool:
        """Queue a job; return False, having called nothing, when full or closed. `at_once` puts it first."""
        if self._closed or len(self._waiting) >= self._bound:
            return False
        if at_once:
            self._waiting.appendleft((time.monotonic(), job))
            self._start_workers()
            return True
        self._waiting.append((time.monotonic(), job))
        if self._start is None and len(self._workers) < self._in_flight:
            self._start = asyncio.get_running_loop().call_later(self._linger, self._start_workers)
        return True

    async def close(self) -> None:
        """Drop what waits and cancel what runs."""
        self._closed = True
        if self._start is not None:
            self._start.cancel()
        while self._waiting:
            self._waiting.popleft()[1].drop()
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    def _start_workers(self) -> None:
        self._start = None
        for _ in range(min(len(self._waiting), self._in_flight - len(self._workers))):
            worker = asyncio.get_running_loop().create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._worker_ended)

    def _worker_ended(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if self._waiting and not self._closed:
            self._start_workers()

    async def _work(self) -> None:
        while self._waiting:
            offered, job = self._waiting.popleft()
            if time.monotonic() - offered > self._longest_wait:
                job.drop()
                continue
            try:
                await job.run()
            except asyncio.CancelledError:
                job.drop()
                raise
            except Exception:
                _log.exception("dual_run.job_failed")
                job.drop()
            # A candidate that answers without waiting must not keep the loop from serving callers.
            await asyncio.sleep(0)

"""Works on their way between the event loop and the store's threads, taken and answered in groups.

Waking a thread or a loop costs more than most works; a group costs it once.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from erp_facade.store.errors import StoreUnavailable

Work = Callable[..., Any]


@dataclass(slots=True)
class Job:
    """A work, the future that waits for it, and what became of it."""

    work: Work
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


Jobs = queue.SimpleQueue[Job | None]
"""Jobs in the order of submission; None ends the thread that takes it."""


def submit(jobs: Jobs, work: Work, args: tuple[Any, ...]) -> asyncio.Future[Any]:
    """Queue a work; the future belongs to the running loop."""
    future = asyncio.get_running_loop().create_future()
    jobs.put(Job(work, args, future))
    return future


def next_group(jobs: Jobs, size: int) -> tuple[list[Job], bool]:
    """Wait for a job, then take what else is queued; the flag says that the thread is to end after them."""
    job = jobs.get()
    group: list[Job] = []
    while job is not None:
        group.append(job)
        if len(group) == size:
            return group, False
        try:
            job = jobs.get_nowait()
        except queue.Empty:
            return group, False
    return group, True


def deliver(group: list[Job]) -> None:
    """Resolve the futures of a group, in its order; a loop that is closed by now waits for nothing."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in group:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, resolved in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, resolved)


def _resolve(group: list[Job]) -> None:
    for job in group:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


def translated(error: Exception) -> Exception:
    """Return a failure of the database as StoreUnavailable; a broken rule or a fault of the work as it is."""
    if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | ProgrammingError):
        return unavailable(f"the store cannot be used: {error.orig}", error)
    if isinstance(error, sqlite3.OperationalError):
        return unavailable(f"the store cannot be used: {error}", error)
    return error


def unavailable(text: str, cause: Exception) -> StoreUnavailable:
    """Return StoreUnavailable with its cause, for an error that is raised in another thread."""
    failure = StoreUnavailable(text)
    failure.__cause__ = cause
    return failure

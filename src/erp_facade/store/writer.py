"""The writer: one thread, one connection, many works in one commit."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Connection as DriverConnection
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from erp_facade.store import journal
from erp_facade.store.errors import StoreUnavailable

Work = Callable[..., Any]

_GROUP = 256


class _TransactionLost(Exception):
    """SQLite rolled the whole transaction back on its own, as it does when the disk is full."""


@dataclass(slots=True)
class _Job:
    work: Work
    args: tuple[Any, ...]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs works one after the other and commits all that wait at once.

    Each work stands in a savepoint: one that raises leaves no trace and does not disturb the others. A future is
    resolved only after COMMIT; if COMMIT fails, every work of the group gets StoreUnavailable.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work, args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Queue a work; the future belongs to the running loop. Works are run in the order of submission."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        future = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(work, args, future))
        return future

    async def close(self) -> None:
        """Run what is queued, then end the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while True:
                jobs, last = self._next_group()
                if jobs:
                    self._commit(connection, jobs)
                    _deliver(jobs)
                if last:
                    return

    def _next_group(self) -> tuple[list[_Job], bool]:
        """Wait for a job, then take what else is queued; the flag says that the writer is to end after it."""
        job = self._queue.get()
        jobs: list[_Job] = []
        while job is not None:
            jobs.append(job)
            if len(jobs) == _GROUP:
                return jobs, False
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, connection: Connection, jobs: list[_Job]) -> None:
        try:
            with connection.begin():
                driver = connection.connection.driver_connection
                assert isinstance(driver, DriverConnection)
                for job in jobs:
                    _run_isolated(connection, driver, job)
                journal.flush(connection)
        except Exception as error:
            # What was derived from the lost transaction (a journal, a memoised route table) goes with it.
            connection.info.clear()
            for job in jobs:
                failure = StoreUnavailable(f"the store could not commit: {error}")
                failure.__cause__ = error
                job.result, job.error = None, failure


def _run_isolated(connection: Connection, driver: DriverConnection, job: _Job) -> None:
    # Savepoints go straight to the driver: SQLAlchemy's nested transactions cost as much as a whole statement.
    driver.execute("SAVEPOINT work")
    place = journal.mark(connection)
    try:
        job.result = job.work(connection, *job.args)
    except Exception as error:
        if not driver.in_transaction:
            raise _TransactionLost(str(error)) from error
        driver.execute("ROLLBACK TO work")
        kept = journal.journal_of(connection)
        journal.rewind(connection, place)
        connection.info.clear()
        connection.info[journal.KEY] = kept
        job.error = translated(error)
    driver.execute("RELEASE work")


def translated(error: Exception) -> Exception:
    """Return a failure of the database as StoreUnavailable, anything else as it is."""
    if isinstance(error, DBAPIError) and not _is_broken_rule(error):
        failure = StoreUnavailable(f"the store cannot be used: {error.orig}")
        failure.__cause__ = error
        return failure
    return error


def _is_broken_rule(error: DBAPIError) -> bool:
    return isinstance(error, IntegrityError | ProgrammingError)


def _deliver(jobs: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, resolved in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, resolved)


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)

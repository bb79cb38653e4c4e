"""The readers: a few threads, each with a connection of its own that it keeps."""

from __future__ import annotations

import asyncio
import threading
from sqlite3 import Connection as DriverConnection
from typing import Any

from sqlalchemy import Connection, Engine

from erp_facade.store.errors import StoreUnavailable
from erp_facade.store.jobs import Job, Jobs, Work, deliver, next_group, submit, translated

_GROUP = 16
"""Few enough that a long read does not keep many others waiting."""


class Readers:
    """Runs works on snapshots of what is committed; works that wait together share a snapshot."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._jobs = Jobs()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"store-reader-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Work, args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Queue a work."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return submit(self._jobs, work, args)

    async def close(self) -> None:
        """Run what is queued, then end the threads."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _run(self) -> None:
        with self._engine.connect() as connection:
            last = False
            while not last:
                group, last = next_group(self._jobs, _GROUP)
                if group:
                    _read(connection, group)
                    if any(job.error is not None for job in group):
                        # The error's traceback may hold a result that is not read to its end, and with it the
                        # snapshot: on this connection later works would not see what was committed since.
                        connection.invalidate()
                    deliver(group)


def _read(connection: Connection, group: list[Job]) -> None:
    try:
        with connection.begin():
            driver = connection.connection.driver_connection
            assert isinstance(driver, DriverConnection)
            driver.execute("BEGIN")
            for job in group:
                try:
                    job.result = job.work(connection, *job.args)
                except Exception as error:
                    job.error = translated(error)
    except Exception as error:
        for job in group:
            job.error = job.error or translated(error)

"""The writer: one thread, one connection, many works in one commit."""

from __future__ import annotations

import asyncio
import threading
from sqlite3 import Connection as DriverConnection
from typing import Any

from sqlalchemy import Connection, Engine

from erp_facade.store import journal
from erp_facade.store.errors import StoreUnavailable
from erp_facade.store.jobs import Job, Jobs, Work, deliver, next_group, submit, translated, unavailable

_GROUP = 256


class _TransactionLost(Exception):
    """SQLite rolled the whole transaction back on its own, as it does when the disk is full."""


class Writer:
    """Runs works one after the other and commits all that wait at once.

    Each work stands in a savepoint: one that raises leaves no trace and does not disturb the others. A future is
    resolved only after COMMIT; if COMMIT fails, every work of the group gets StoreUnavailable.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs = Jobs()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work, args: tuple[Any, ...]) -> asyncio.Future[Any]:
        """Queue a work. Works are run in the order of submission."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return submit(self._jobs, work, args)

    async def close(self) -> None:
        """Run what is queued, then end the thread."""
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with self._engine.connect() as connection:
            last = False
            while not last:
                group, last = next_group(self._jobs, _GROUP)
                if group:
                    _commit(connection, group)
                    deliver(group)


def _commit(connection: Connection, group: list[Job]) -> None:
    try:
        with connection.begin():
            driver = connection.connection.driver_connection
            assert isinstance(driver, DriverConnection)
            # Not by an event of the engine: one listener would slow down every statement.
            driver.execute("BEGIN IMMEDIATE")
            for job in group:
                _run_isolated(connection, driver, job)
            journal.flush(connection)
    except Exception as error:
        # What was derived from the lost transaction (a journal, a memoised route table) goes with it.
        connection.info.clear()
        for job in group:
            job.result, job.error = None, unavailable(f"the store could not commit: {error}", error)


def _run_isolated(connection: Connection, driver: DriverConnection, job: Job) -> None:
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

"""The store: opening, writing, reading, closing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from erp_facade.store.errors import StoreUnavailable
from erp_facade.store.lock import StoreLock
from erp_facade.store.migrate import upgrade
from erp_facade.store.readers import Readers
from erp_facade.store.writer import Writer

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


class Store:
    """The facade's own database, opened by one process at a time.

    A work is a plain function over a SQLAlchemy connection; it builds no statement per call, awaits nothing and
    leaves BEGIN and COMMIT to the store.
    """

    def __init__(self, *, lock: StoreLock, writing: Engine, reading: Engine, readers: int) -> None:
        self._lock = lock
        self._writing = writing
        self._reading = reading
        self._writer = Writer(writing)
        self._readers = Readers(reading, readers)
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, readers: int = 4, busy_timeout: float = 5.0) -> Store:
        """Lock the store of the URL `sqlite:///path`, bring its tables up to date and start its threads.

        Raises ValueError for another kind of URL, StoreLocked when another process holds the store, StoreUnavailable
        when the file is no database. The folder is made when it is missing. `busy_timeout` is in seconds.
        """
        path = _path_of(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = StoreLock(path)
        writing = _engine(path, busy_timeout=busy_timeout, connections=1)
        try:
            await asyncio.to_thread(upgrade, writing)
        except BaseException as error:
            writing.dispose()
            lock.release()
            if isinstance(error, DBAPIError):
                raise StoreUnavailable(f"the store {path} cannot be opened: {error.orig}") from error
            raise
        reading = _engine(path, busy_timeout=busy_timeout, connections=readers, read_only=True)
        return cls(lock=lock, writing=writing, reading=reading, readers=readers)

    async def write(self, work: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run the work in a transaction and return its result once that is durable.

        What the work raises is raised here, with its changes undone; StoreUnavailable says that nothing was kept.
        The work is carried out even when the caller is cancelled meanwhile.
        """
        result: T = await self._writer.submit(work, args)
        return result

    async def read(self, work: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Run the work on a snapshot of what is committed and return its result; it cannot write."""
        result: T = await self._readers.submit(work, args)
        return result

    async def close(self) -> None:
        """Commit what is queued, end the threads and give the lock free."""
        if self._closed:
            return
        self._closed = True
        await self._writer.close()
        await self._readers.close()
        self._reading.dispose()
        self._writing.dispose()
        self._lock.release()


def _path_of(url: str) -> Path:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise ValueError(f"the store must be a file, sqlite:///path, not a {parsed.get_backend_name()} database")
    # Resolved, so that a store reached by two paths has one lock.
    return Path(parsed.database).resolve()


def _engine(path: Path, *, busy_timeout: float, connections: int, read_only: bool = False) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        connect_args={"timeout": busy_timeout, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def configure(driver: Any, _record: object) -> None:
        driver.isolation_level = None  # who uses the connection begins its transactions, the driver never does
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("PRAGMA synchronous = FULL")
        driver.execute("PRAGMA foreign_keys = ON")
        if read_only:
            driver.execute("PRAGMA query_only = ON")

    return engine

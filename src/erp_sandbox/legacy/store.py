"""The stand-in's own way into its database: one writer at a time, short transactions, a clock and numbers."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from erp_sandbox.legacy.words import from_cyyddd

_BUSY_SECONDS = 10.0


def connect(path: Path) -> sqlite3.Connection:
    """Open the database in autocommit mode; rows are addressed by column name."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    # A stand-in need not survive a power cut; a killed process loses nothing either way.
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block as one transaction that holds the write lock from its beginning."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def today(connection: sqlite3.Connection) -> dt.date:
    """Return this ERP's date: where its clock stands still, else the day in UTC."""
    stands_at: int = connection.execute("SELECT STANDS_AT FROM SANDBOX_CLOCK").fetchone()[0]
    return from_cyyddd(stands_at) if stands_at else dt.datetime.now(dt.UTC).date()


def time_of_day() -> int:
    """Return the time as HHMMSS."""
    return int(dt.datetime.now(dt.UTC).strftime("%H%M%S"))


def next_number(connection: sqlite3.Connection, name: str, first: int) -> int:
    """Return the next number of a series that begins with `first`."""
    row = connection.execute(
        "INSERT INTO SANDBOX_NUMBER VALUES (?, ?) ON CONFLICT (NAME) DO UPDATE SET LAST = LAST + 1 RETURNING LAST",
        (name, first),
    ).fetchone()
    return int(row[0])

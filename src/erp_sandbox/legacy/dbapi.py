"""The stand-in's database driver (PEP 249), shaped like pyodbc, over SQLite.

It checks user and password, lets the shadow user read only and the live user insert only into the interface tables,
suffers from the faults it is told, and shows seeded tables to the calls that a seed is about. Time limits of SQL are
imitated, not proven: SQLite has none of its own, so nothing that passes here says anything about a real database's.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from erp_sandbox.legacy.control import Control
from erp_sandbox.legacy.dbapi_errors import DatabaseError as DatabaseError
from erp_sandbox.legacy.dbapi_errors import DataError as DataError
from erp_sandbox.legacy.dbapi_errors import Error as Error
from erp_sandbox.legacy.dbapi_errors import IntegrityError as IntegrityError
from erp_sandbox.legacy.dbapi_errors import InterfaceError as InterfaceError
from erp_sandbox.legacy.dbapi_errors import InternalError as InternalError
from erp_sandbox.legacy.dbapi_errors import NotSupportedError as NotSupportedError
from erp_sandbox.legacy.dbapi_errors import OperationalError as OperationalError
from erp_sandbox.legacy.dbapi_errors import ProgrammingError as ProgrammingError
from erp_sandbox.legacy.dbapi_errors import Warning as Warning  # noqa: A004 (PEP 249)
from erp_sandbox.legacy.dbapi_errors import error, from_sqlite
from erp_sandbox.legacy.seeded_tables import Preparation, SeededTables

apilevel = "2.0"
threadsafety = 1
paramstyle = "named"
sqlite_version_info = sqlite3.sqlite_version_info
Binary = memoryview

LIVE_USER = "FACADE"
SHADOW_USER = "FACADE_SHADOW"
CONTROL_SUFFIX = ".control"

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_INTERFACE_TABLES = frozenset({"F47011", "F47012", "F47131"})
_SEEDED_TIMEOUT_SECONDS = 30.0
_BUSY_SECONDS = 10.0
_Result = TypeVar("_Result")
Row = tuple[object, ...]
Parameters = Mapping[str, object]


def connect(database: str, *, user: str, password: str) -> Connection:
    """Open a connection; raise 08001 when there is no database or it is down, 28000 for a wrong sign-in."""
    path = Path(database)
    control_path = Path(database + CONTROL_SUFFIX)
    if not path.exists() or not control_path.exists():
        raise error("08001", f"There is no database {path.name}")
    control = Control(control_path)
    try:
        if control.faults.down:
            raise error("08001", "Connection refused")
        if user not in (LIVE_USER, SHADOW_USER) or password != control.get("password"):
            raise error("28000", f"Login failed for user {user}")
        return Connection(path, control, shadow=user == SHADOW_USER)
    except Error:
        control.close()
        raise


class Connection:
    """One session. `timeout` limits a statement in seconds as pyodbc's does (0 = none); `autocommit` likewise."""

    def __init__(self, path: Path, control: Control, *, shadow: bool) -> None:
        self.timeout = 0
        self.autocommit = False
        self._control = control
        self._shadow = shadow
        self._in_transaction = False
        self._broken = False
        self._closed = False
        self._given_up = threading.Event()
        mode = "ro" if shadow else "rw"
        self._sqlite = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        self._sqlite.execute("PRAGMA temp_store=MEMORY")
        self._seeded = SeededTables(self._sqlite, control, shadow=shadow)
        self._sqlite.set_authorizer(_authorizer(shadow=shadow))

    def cursor(self) -> Cursor:
        self._check_usable()
        return Cursor(self)

    def commit(self) -> None:
        """End the transaction; with a dropped reply it is committed and the connection is gone all the same."""
        self._check_usable()
        if not self._in_transaction:
            return
        faults = self._control.faults
        if faults.down:
            self._break()
        self._translated(lambda: self._sqlite.execute("COMMIT"))
        self._in_transaction = False
        if faults.drop_replies and self._control.take("drop_replies"):
            self._break()

    def rollback(self) -> None:
        """Undo the transaction; a connection that is gone has nothing to undo."""
        if self._in_transaction and not (self._broken or self._closed):
            self._sqlite.execute("ROLLBACK")
        self._in_transaction = False

    def close(self) -> None:
        """Close the session from any thread; a statement that waits gives up."""
        self._given_up.set()
        if not self._closed:
            self._closed = True
            self._sqlite.close()
            self._control.close()

    def run(self, cursor: sqlite3.Cursor, sql: str, parameters: Sequence[Parameters], *, many: bool) -> list[Row]:
        """Execute a statement with everything that faults and seeds do to it; return all its rows."""
        self._check_usable()
        self._given_up.clear()
        self._suffer()
        if sql.lstrip()[:7].upper().startswith(_WRITES):
            self._begin()
            self._translated(lambda: cursor.executemany(sql, parameters) if many else cursor.execute(sql, *parameters))
            rows = self._translated(cursor.fetchall)
            if self.autocommit:
                self.commit()
            return rows
        preparation = self._seeded.prepare(sql, parameters[0] if parameters else {})
        if preparation is None:
            return self._translated(lambda: cursor.execute(sql, *parameters).fetchall())
        return self._answer_seeded(cursor, sql, parameters, preparation)

    def give_up(self) -> None:
        """Wake a statement that waits; it raises HY008."""
        self._given_up.set()
        self._sqlite.interrupt()

    def _answer_seeded(
        self, cursor: sqlite3.Cursor, sql: str, parameters: Sequence[Parameters], preparation: Preparation
    ) -> list[Row]:
        if preparation.disturbance is not None:
            first = self._control.log(preparation.disturbance.seed_id, preparation.correlation_id)
            self._disturb(preparation.disturbance.cause, first=first)
            return self._translated(lambda: cursor.execute(sql, *parameters).fetchall())
        try:
            self._seeded.show(preparation)
            rows = self._translated(lambda: cursor.execute(sql, *parameters).fetchall())
        finally:
            self._seeded.hide(preparation)
        for seed in preparation.seeds:
            self._control.log(seed.seed_id, preparation.correlation_id)
        return rows

    def _disturb(self, cause: str, *, first: bool) -> None:
        if cause == "down":
            self._break()
        if cause == "throttle":
            raise error("57033", "Too many requests; retry after 1 s")
        if first:
            self._wait(_SEEDED_TIMEOUT_SECONDS)

    def _suffer(self) -> None:
        faults = self._control.faults
        if faults.down:
            self._break()
        if faults.throttling is not None:
            raise error("57033", f"Too many requests; retry after {faults.throttling:g} s")
        if faults.slow:
            self._wait(faults.slow)

    def _begin(self) -> None:
        """Begin a transaction with its first write, late where told so: then it is executed whoever has given up."""
        if self._in_transaction:
            return
        if not self._shadow:
            faults = self._control.faults
            if faults.late_writes and self._control.take("late_writes"):
                time.sleep(faults.late_seconds)
            self._translated(lambda: self._sqlite.execute("BEGIN IMMEDIATE"))
            self._in_transaction = True

    def _wait(self, seconds: float) -> None:
        limit = min(seconds, self.timeout) if self.timeout else seconds
        if self._given_up.wait(limit):
            raise error("HY008", "Operation canceled")
        if limit < seconds:
            raise error("HYT00", "Query timeout expired")

    def _break(self) -> None:
        """Lose the connection: what was not committed is undone, nobody is told."""
        if self._in_transaction:
            self._sqlite.execute("ROLLBACK")
            self._in_transaction = False
        self._broken = True
        raise error("08S01", "Communication link failure")

    def _check_usable(self) -> None:
        if self._broken or self._closed:
            raise error("08003", "The connection is not open")

    def _translated(self, work: Callable[[], _Result]) -> _Result:
        try:
            return work()
        except sqlite3.Error as cause:
            raise from_sqlite(cause) from cause


class Cursor:
    """Results of one statement at a time, all of them fetched when it is executed."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._cursor = connection._sqlite.cursor()
        self._rows: Iterator[Row] = iter(())

    @property
    def description(self) -> tuple[tuple[str, None, None, None, None, None, None], ...] | None:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    def execute(self, sql: str, parameters: Parameters | None = None) -> Cursor:
        bound = [parameters] if parameters else []
        self._rows = iter(self.connection.run(self._cursor, sql, bound, many=False))
        return self

    def executemany(self, sql: str, parameters: Sequence[Parameters]) -> Cursor:
        self._rows = iter(self.connection.run(self._cursor, sql, parameters, many=True))
        return self

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), self._rows, strict=False)]

    def fetchall(self) -> list[Row]:
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def cancel(self) -> None:
        """End a running statement from another thread."""
        self.connection.give_up()

    def setinputsizes(self, sizes: object) -> None:
        """PEP 249 allows this to do nothing."""

    def setoutputsize(self, size: object, column: object = None) -> None:
        """PEP 249 allows this to do nothing."""

    def close(self) -> None:
        self._rows = iter(())
        self._cursor.close()


def _authorizer(*, shadow: bool) -> Callable[[int, str | None, str | None, str | None, str | None], int]:
    """Return the rights of a user: everyone reads, the live user inserts into the interface tables."""
    writes = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)

    def decide(action: int, name: str | None, _: str | None, database: str | None, trigger: str | None) -> int:
        if action not in writes or database != "main" or trigger is not None:
            return sqlite3.SQLITE_OK
        granted = not shadow and action == sqlite3.SQLITE_INSERT and name in _INTERFACE_TABLES
        return sqlite3.SQLITE_OK if granted else sqlite3.SQLITE_DENY

    return decide

"""The only place that talks to the database: an engine, threads, short transactions, errors translated."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from erp_ports.call import Call
from erp_ports.errors import ErpError, OutcomeUnknown, Throttled, Unavailable
from erp_ports.operations import Effect
from legacy_erp.sql import comments
from legacy_erp.sql.config import SqlConfig
from legacy_erp.sql.errors import Cause, Phase, cause_of, translate
from legacy_erp.sql.lanes import Lane, Lanes

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

_LIST_LENGTHS = (1, 4, 16, 64, 200)
LONGEST_LIST = _LIST_LENGTHS[-1]
"""Oracle takes 1,000 values in a list and SQL Server 2,100 parameters in a statement; both leave room."""


class AlreadyThere(Exception):
    """A row with this key exists; the transaction was undone."""


class Gateway:
    """One database, reached with one credential."""

    def __init__(self, url: str, config: SqlConfig) -> None:
        self._comments = config.statement_comments
        self._lanes = Lanes(
            {
                Lane.READ: config.read_connections,
                Lane.LOOKUP: config.lookup_connections,
                Lane.WRITE: config.write_connections,
            }
        )
        self.engine = build_engine(url, config)

    async def run(
        self, lane: Lane, work: Callable[[Connection], T], call: Call, *, action: str, effect: Effect = Effect.READ
    ) -> T:
        """Run the work in one transaction; a write is committed, anything else rolled back.

        Raises the errors of `erp_ports.errors`, and AlreadyThere for a write whose key exists.
        """
        return await self._lanes.run(lane, lambda: self._transaction(work, call, action, effect), call)

    def _transaction(self, work: Callable[[Connection], T], call: Call, action: str, effect: Effect) -> T:
        if call.remaining() == 0:
            raise Unavailable("there was no time left to ask the ERP")
        phase = Phase.CONNECT
        began = time.monotonic()
        try:
            with self.engine.connect() as connection:
                phase = Phase.STATEMENT
                if self._comments:
                    comments.commented(connection, comments.comment(action, call))
                result = work(connection)
                if effect is Effect.WRITE:
                    if call.remaining() == 0:
                        # Nobody waits any more, and nothing is executed yet: undo it rather than surprise the caller.
                        raise Unavailable("the ERP's database did not take the order in time; nothing was written")
                    phase = Phase.COMMIT
                    connection.commit()
                return result
        except PoolTimeout as error:
            raise Throttled("all connections to the ERP's database are in use", detail=str(error)) from error
        except DBAPIError as error:
            if effect is Effect.WRITE and phase is Phase.STATEMENT and cause_of(error) is Cause.DUPLICATE:
                raise AlreadyThere from error
            raise self._logged(translate(error, phase=phase, effect=effect), action, call, began) from error
        except (SQLAlchemyError, ValueError, ArithmeticError, TypeError, OSError, RuntimeError) as error:
            if phase is Phase.CONNECT:
                unreachable = Unavailable("the ERP's database cannot be reached", detail=repr(error))
                raise self._logged(unreachable, action, call, began) from error
            unreadable = OutcomeUnknown("the ERP's database answered with something unreadable", detail=repr(error))
            raise self._logged(unreadable, action, call, began) from error

    @staticmethod
    def _logged(error: ErpError, action: str, call: Call, began: float) -> ErpError:
        log.warning(
            "legacy_sql.database_failed",
            extra={
                "action": action,
                "correlation_id": call.correlation_id,
                "error": type(error).__name__,
                "detail": error.detail,
                "seconds": round(time.monotonic() - began, 3),
            },
        )
        return error

    async def close(self) -> None:
        """Wait for what is under way and release every connection."""
        await self._lanes.close(self.engine.dispose)


def build_engine(url: str, config: SqlConfig) -> Engine:
    """Return an engine whose pool has a connection for each of our threads; none is opened yet."""
    options: dict[str, Any] = {}
    if config.isolation_level:
        options["isolation_level"] = config.isolation_level
    engine = create_engine(
        url,
        pool_size=config.read_connections + config.lookup_connections + config.write_connections,
        max_overflow=0,
        pool_timeout=config.statement_timeout_seconds,
        pool_pre_ping=True,
        pool_recycle=1800,
        # Values of orders and customers do not belong into logs.
        hide_parameters=True,
        **options,
    )
    _set_up_sessions(engine, config)
    if config.statement_comments:
        comments.install(engine)
    return engine


def _set_up_sessions(engine: Engine, config: SqlConfig) -> None:
    @event.listens_for(engine, "connect")
    def set_up(dbapi_connection: Any, record: object) -> None:
        if hasattr(dbapi_connection, "call_timeout"):  # Oracle's drivers, in milliseconds
            dbapi_connection.call_timeout = round(config.statement_timeout_seconds * 1000)
        elif hasattr(dbapi_connection, "timeout"):  # pyodbc, in whole seconds; the README names who ignores it
            dbapi_connection.timeout = max(1, round(config.statement_timeout_seconds))
        if config.session_statements:
            cursor = dbapi_connection.cursor()
            for statement in config.session_statements:
                cursor.execute(statement)
            cursor.close()


def padded(values: Sequence[T]) -> list[T]:
    """Repeat the last value until the list has one of a few lengths, so that there are few distinct statements."""
    length = next((length for length in _LIST_LENGTHS if length >= len(values)), len(values))
    return [*values, *[values[-1]] * (length - len(values))]


def chunks(values: Sequence[T], size: int = LONGEST_LIST) -> list[Sequence[T]]:
    """Cut a list into pieces that one statement takes."""
    return [values[start : start + size] for start in range(0, len(values), size)]


def fetch(
    connection: Connection, statement: Executable, parameters: Mapping[str, object], row_type: Callable[..., R]
) -> list[R]:
    """Run a statement and return its rows; the labels of its columns are the row type's fields."""
    return [row_type(**row) for row in connection.execute(statement, parameters).mappings()]

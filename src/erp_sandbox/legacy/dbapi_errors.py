"""The exceptions of the stand-in's driver, raised as pyodbc raises them: with SQLSTATE and message as arguments.

Which class a SQLSTATE becomes is pyodbc's own rule; states that it does not list, 57033 among them, are a plain
`Error`.
"""

from __future__ import annotations

import sqlite3


class Warning(Exception):  # noqa: A001 (the name is PEP 249's)
    """Nothing raises it; PEP 249 wants the name."""


class Error(Exception):
    """Base of all errors: `args` are SQLSTATE and message."""


class InterfaceError(Error):
    """The driver, or the sign-in, is at fault."""


class DatabaseError(Error):
    """The database is at fault."""


class DataError(DatabaseError):
    """A value does not fit its column."""


class OperationalError(DatabaseError):
    """The connection broke, was refused or timed out."""


class IntegrityError(DatabaseError):
    """A key is there twice, or a constraint is violated."""


class InternalError(DatabaseError):
    """The database is inconsistent."""


class ProgrammingError(DatabaseError):
    """The statement is wrong or not permitted."""


class NotSupportedError(DatabaseError):
    """The database cannot do it."""


_CLASSES: tuple[tuple[str, type[Error]], ...] = (
    ("08", OperationalError),
    ("0A", NotSupportedError),
    ("22", DataError),
    ("23", IntegrityError),
    ("24", ProgrammingError),
    ("25", ProgrammingError),
    ("28", InterfaceError),
    ("42", ProgrammingError),
    ("HYT", OperationalError),
)
_SQLITE_STATES = (
    ("UNIQUE constraint failed", "23000"),
    ("CHECK constraint failed", "22001"),
    ("constraint failed", "23000"),
    ("no such table", "42S02"),
    ("no such column", "42S22"),
    ("has no column named", "42S22"),
    ("syntax error", "42000"),
    ("not authorized", "42501"),
    ("prohibited", "42501"),
    ("readonly database", "42501"),
    ("database is locked", "40001"),
    ("interrupted", "HY008"),
    ("unable to open database file", "08001"),
    ("binding", "07002"),
)


def error(state: str, message: str) -> Error:
    """Return the exception that pyodbc raises for a SQLSTATE."""
    kind = next((kind for prefix, kind in _CLASSES if state.startswith(prefix)), Error)
    return kind(state, f"[{state}] [JDE sandbox] {message}")


def from_sqlite(cause: sqlite3.Error) -> Error:
    """Return the exception for what SQLite says."""
    text = str(cause)
    return error(next((state for part, state in _SQLITE_STATES if part in text), "HY000"), text)

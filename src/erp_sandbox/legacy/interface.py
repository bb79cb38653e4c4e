"""The interface tables: what waits in them, and how the jobs mark and explain what became of it."""

from __future__ import annotations

import sqlite3

from erp_sandbox.legacy.schema import insert

Key = tuple[str, int, str]


class Refused(Exception):
    """The job cannot do what the interface document asks; `code` and text go to the table of messages."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def waiting(connection: sqlite3.Connection, table: str) -> list[Key]:
    """Return the keys of the documents that no job has processed yet."""
    rows = connection.execute(f"SELECT SYEKCO, SYEDOC, SYEDCT FROM {table} WHERE SYEDSP = '' ORDER BY rowid")  # noqa: S608
    return [(row[0], row[1], row[2]) for row in rows]


def succeed(connection: sqlite3.Connection, table: str, key: Key, order: int) -> None:
    """Mark a document as processed and note the order it became or concerned."""
    connection.execute(
        f"UPDATE {table} SET SYEDSP = 'Y', SYDOCO = ? WHERE SYEKCO = ? AND SYEDOC = ? AND SYEDCT = ?",  # noqa: S608
        (order, *key),
    )
    _mark_lines(connection, key, "Y")


def fail(connection: sqlite3.Connection, table: str, key: Key, refused: Refused) -> None:
    """Mark a document as in error and say why."""
    connection.execute(
        f"UPDATE {table} SET SYEDSP = 'E' WHERE SYEKCO = ? AND SYEDOC = ? AND SYEDCT = ?",  # noqa: S608
        key,
    )
    _mark_lines(connection, key, "E")
    sequence: int = connection.execute(
        "SELECT COUNT(*) FROM F55EDERR WHERE EREKCO = ? AND EREDOC = ? AND EREDCT = ?", key
    ).fetchone()[0]
    insert(
        connection,
        "F55EDERR",
        {
            "EREKCO": key[0],
            "EREDOC": key[1],
            "EREDCT": key[2],
            "ERSEQ": sequence + 1,
            "ERMSGC": refused.code,
            "ERMSGT": str(refused)[:80],
        },
    )


def _mark_lines(connection: sqlite3.Connection, key: Key, mark: str) -> None:
    connection.execute("UPDATE F47012 SET SZEDSP = ? WHERE SZEKCO = ? AND SZEDOC = ? AND SZEDCT = ?", (mark, *key))

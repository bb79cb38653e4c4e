"""The jobs that pick, ship, invoice and update what was booked; lines with a backorder wait in `540`.

Receipts never arrive in the stand-in, so that a backorder stays one for as long as it runs.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Callable

from erp_sandbox.legacy import stock
from erp_sandbox.legacy.lines import line_pieces
from erp_sandbox.legacy.schema import TABLES, insert
from erp_sandbox.legacy.store import next_number, time_of_day, transaction
from erp_sandbox.legacy.words import cyyddd

FIRST_INVOICE = 700_001
_DAYS_TO_PAY = 30

Lines = list[sqlite3.Row]
Step = Callable[[sqlite3.Connection, Lines, dt.date], None]


def advance(connection: sqlite3.Connection, *, whole_way: float, today: dt.date) -> None:
    """Take every order whose time has come one step on; the way from booked to complete takes `whole_way` seconds."""
    due = connection.execute(
        "SELECT DOCO, STEP FROM SANDBOX_PROGRESS WHERE BOOKED_AT + (STEP + 1) * ? <= ?",
        (whole_way / len(_STEPS), time.time()),
    ).fetchall()
    for number, step in due:
        with transaction(connection):
            _advance(connection, number, step, today)


def finish(connection: sqlite3.Connection, *, today: dt.date) -> None:
    """Take every order the whole way at once."""
    for _ in _STEPS:
        advance(connection, whole_way=0.0, today=today)


def _advance(connection: sqlite3.Connection, number: int, step: int, today: dt.date) -> None:
    # Another process may have taken this step since it was found due.
    still_due = connection.execute(
        "SELECT 1 FROM SANDBOX_PROGRESS WHERE DOCO = ? AND STEP = ?", (number, step)
    ).fetchone()
    if still_due is None:
        return
    status, act = _STEPS[step]
    act(connection, _lines(connection, number, status), today)
    if step + 1 == len(_STEPS):
        connection.execute("DELETE FROM SANDBOX_PROGRESS WHERE DOCO = ?", (number,))
    else:
        connection.execute("UPDATE SANDBOX_PROGRESS SET STEP = ? WHERE DOCO = ?", (step + 1, number))


def _lines(connection: sqlite3.Connection, number: int, next_status: str) -> Lines:
    return connection.execute(
        "SELECT rowid, * FROM F4211 WHERE SDDOCO = ? AND SDNXTR = ? AND SDSOBK = 0 ORDER BY SDLNID",
        (number, next_status),
    ).fetchall()


def _set(connection: sqlite3.Connection, lines: Lines, today: dt.date, **columns: int | str) -> None:
    columns |= {"SDUPMJ": cyyddd(today), "SDTDAY": time_of_day()}
    assignments = ", ".join(f"{name} = ?" for name in columns)
    connection.executemany(
        f"UPDATE F4211 SET {assignments} WHERE rowid = ?",  # noqa: S608 (our own column names)
        [(*columns.values(), line["rowid"]) for line in lines],
    )


def _pick(connection: sqlite3.Connection, lines: Lines, today: dt.date) -> None:
    _set(connection, lines, today, SDLTTR="540", SDNXTR="560")


def _ship(connection: sqlite3.Connection, lines: Lines, today: dt.date) -> None:
    for line in lines:
        stock.ship(connection, line["SDITM"], line["SDMCU"], line_pieces(connection, line, "SDSOQS"))
    _set(connection, lines, today, SDLTTR="560", SDNXTR="580", SDADDJ=cyyddd(today))


def _invoice(connection: sqlite3.Connection, lines: Lines, today: dt.date) -> None:
    if not lines:
        return
    first = lines[0]
    number = next_number(connection, "invoice", FIRST_INVOICE)
    amount = sum(line["SDAEXP"] for line in lines)
    currency: str = connection.execute("SELECT SHCRCD FROM F4201 WHERE SHDOCO = ?", (first["SDDOCO"],)).fetchone()[0]
    insert(
        connection,
        "F03B11",
        {
            "RPKCO": first["SDKCOO"],
            "RPDOC": number,
            "RPDCT": "RI",
            "RPSFX": "001",
            "RPAN8": first["SDAN8"],
            "RPDIVJ": cyyddd(today),
            "RPDDJ": cyyddd(today + dt.timedelta(days=_DAYS_TO_PAY)),
            "RPCRCD": currency,
            "RPAG": amount,
            "RPAAP": amount,
            "RPATXN": amount,
            "RPPST": "A",
            "RPSDOC": first["SDDOCO"],
            "RPSDCT": first["SDDCTO"],
            "RPSKCO": first["SDKCOO"],
            "RPVR01": first["SDVR01"],
        },
    )
    _set(connection, lines, today, SDLTTR="600", SDNXTR="620", SDDOC=number, SDDCT="RI")


def _update(connection: sqlite3.Connection, lines: Lines, today: dt.date) -> None:
    """Sales update: the lines are complete and leave for history."""
    _set(connection, lines, today, SDLTTR="620", SDNXTR="999")
    columns = ", ".join(TABLES["F42119"].column_names)
    for line in lines:
        connection.execute(
            f"INSERT INTO F42119 ({columns}) SELECT {columns} FROM F4211 WHERE rowid = ?",  # noqa: S608
            (line["rowid"],),
        )
        connection.execute("DELETE FROM F4211 WHERE rowid = ?", (line["rowid"],))


_STEPS: tuple[tuple[str, Step], ...] = (("540", _pick), ("560", _ship), ("580", _invoice), ("620", _update))
"""Which next status each step takes up."""

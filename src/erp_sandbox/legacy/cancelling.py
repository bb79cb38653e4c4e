"""R47131, the job that applies inbound changes; of these the stand-in knows the cancellation of a whole order."""

from __future__ import annotations

import datetime as dt
import sqlite3

from erp_sandbox.legacy import stock
from erp_sandbox.legacy.interface import Key, Refused, fail, succeed
from erp_sandbox.legacy.lines import CANCELLED, line_pieces
from erp_sandbox.legacy.store import time_of_day, transaction
from erp_sandbox.legacy.words import cyyddd

_CANCEL = "01"
_NOT_SHIPPED = ("540", "560")


def change(connection: sqlite3.Connection, key: Key, *, today: dt.date) -> None:
    """Apply the waiting inbound change with this key in one transaction, or note why it cannot be."""
    with transaction(connection):
        header = connection.execute(
            "SELECT * FROM F47131 WHERE SYEKCO = ? AND SYEDOC = ? AND SYEDCT = ? AND SYEDSP = ''", key
        ).fetchone()
        if header is None:
            return
        try:
            _cancel(connection, header, today)
        except Refused as refused:
            fail(connection, "F47131", key, refused)
        else:
            succeed(connection, "F47131", key, header["SYDOCO"])


def _cancel(connection: sqlite3.Connection, header: sqlite3.Row, today: dt.date) -> None:
    order = (header["SYKCOO"], header["SYDOCO"], header["SYDCTO"])
    if header["SYTPUR"] != _CANCEL:
        raise Refused("TPURUNK", f"Change with purpose {header['SYTPUR']} is not known")
    lines = connection.execute("SELECT * FROM F4211 WHERE SDKCOO = ? AND SDDOCO = ? AND SDDCTO = ?", order).fetchall()
    history: int = connection.execute(
        "SELECT COUNT(*) FROM F42119 WHERE SDKCOO = ? AND SDDOCO = ? AND SDDCTO = ?", order
    ).fetchone()[0]
    if not lines and not history:
        raise Refused("ORDUNK", f"Order {order[1]} does not exist")
    open_lines = [line for line in lines if line["SDLTTR"] != CANCELLED]
    if history or any(line["SDNXTR"] not in _NOT_SHIPPED for line in open_lines):
        raise Refused("SHIPPED", f"Order {order[1]} has shipped and can no longer be cancelled")
    for line in open_lines:
        stock.commit(connection, line["SDITM"], line["SDMCU"], -line_pieces(connection, line, "SDUORG"))
    connection.execute(
        "UPDATE F4211 SET SDSOCN = SDUORG, SDSOQS = 0, SDSOBK = 0, SDLTTR = ?, SDNXTR = '999', SDUPMJ = ?, SDTDAY = ?"
        " WHERE SDKCOO = ? AND SDDOCO = ? AND SDDCTO = ? AND SDLTTR <> ?",
        (CANCELLED, cyyddd(today), time_of_day(), *order, CANCELLED),
    )

"""What several jobs know of order lines."""

from __future__ import annotations

import sqlite3
from fractions import Fraction

from erp_sandbox.legacy.pricing import pieces_per
from erp_sandbox.legacy.words import QUANTITY_DECIMALS

CANCELLED = "980"


def line_pieces(connection: sqlite3.Connection, line: sqlite3.Row, column: str) -> Fraction:
    """Return a quantity of the line in primary units."""
    primary: str = connection.execute("SELECT IMUOM1 FROM F4101 WHERE IMITM = ?", (line["SDITM"],)).fetchone()[0]
    per = pieces_per(connection, line["SDITM"], line["SDUOM"].strip(), primary.strip())
    assert per is not None, "a booked line is in a unit that its item has"
    return Fraction(line[column], 10**QUANTITY_DECIMALS) * per

"""The stand-in's own books, read from its order lines, open and complete."""

from __future__ import annotations

import sqlite3

from erp_sandbox.books import BookLine
from erp_sandbox.legacy.lines import CANCELLED
from erp_sandbox.legacy.words import QUANTITY_DECIMALS, explicit

_LINES = """
  SELECT SDDOCO, SDVR01, SDVR02, SDUORG, SDLTTR, SYEDOC
  FROM (SELECT * FROM F4211 UNION ALL SELECT * FROM F42119)
  LEFT JOIN F47011 ON SYDOCO = SDDOCO AND SYDCTO = SDDCTO AND SYKCOO = SDKCOO
  ORDER BY SDDOCO, SDLNID
"""


def read_book(connection: sqlite3.Connection) -> list[BookLine]:
    """Return every order line; the reference is the number of the interface document that it came in with."""
    return [
        BookLine(
            backend="legacy",
            document=str(document),
            purchase_order_number=purchase_order.strip(),
            line_id=line_id.strip(),
            quantity=explicit(quantity, QUANTITY_DECIMALS),
            live=last_status != CANCELLED,
            reference="" if reference is None else str(reference),
        )
        for document, purchase_order, line_id, quantity, last_status, reference in connection.execute(_LINES)
    ]

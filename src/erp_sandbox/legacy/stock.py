"""Committed stock, and the movements that the two ERPs tell each other.

Every booking commits its whole quantity, backordered or not: free stock may fall below zero, and both ERPs come to the
same sum in whatever order they hear of each other's bookings.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from erp_sandbox.legacy.store import transaction
from erp_sandbox.legacy.words import QUANTITY_DECIMALS, explicit, from_cyyddd, implied

RECEIPTS_BEFORE_STATUS = "400"


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """The free stock of a product in a plant changed by `quantity` pieces: negative when something was booked."""

    movement_id: str
    product: str
    plant: str
    quantity: Decimal


def free_stock(connection: sqlite3.Connection, item: int, branch: str) -> Fraction:
    """Return the pieces on hand that are not committed; below zero when more was booked than is there."""
    row = connection.execute(
        "SELECT COALESCE(SUM(LIPQOH - LIPCOM - LIHCOM), 0) FROM main.F41021 WHERE LIITM = ? AND LIMCU = ?",
        (item, branch),
    ).fetchone()
    return Fraction(row[0], 10**QUANTITY_DECIMALS)


def promised_date(
    connection: sqlite3.Connection, *, item: int, branch: str, pieces: Fraction, wanted: dt.date, today: dt.date
) -> dt.date:
    """Return when the pieces can leave: as wanted from stock, else with a receipt, else after the lead time."""
    free = free_stock(connection, item, branch)
    if free >= pieces:
        return wanted
    receipts = connection.execute(
        "SELECT PDPDDJ, PDUOPN FROM F4311 WHERE PDITM = ? AND PDMCU = ? AND PDNXTR < ? ORDER BY PDPDDJ",
        (item, branch, RECEIPTS_BEFORE_STATUS),
    )
    for day, quantity in receipts.fetchall():
        free += Fraction(quantity, 10**QUANTITY_DECIMALS)
        if free >= pieces:
            return max(wanted, from_cyyddd(day))
    lead_time = connection.execute("SELECT IBLTLV FROM F4102 WHERE IBITM = ? AND IBMCU = ?", (item, branch)).fetchone()[
        0
    ]
    return max(wanted, today + dt.timedelta(days=lead_time))


def commit(connection: sqlite3.Connection, item: int, branch: str, pieces: Fraction) -> None:
    """Commit pieces for an order of this ERP, or release them where negative, and note it for the other ERP."""
    quantity = implied(pieces, QUANTITY_DECIMALS)
    _commit(connection, item, branch, quantity)
    connection.execute(
        "INSERT INTO SANDBOX_STOCK_OUT (PRODUCT, PLANT, QUANTITY)"
        " SELECT PRODUCT, PLANT, ? FROM SANDBOX_ITEM WHERE ITM = ? AND MCU = ?",
        (str(explicit(-quantity, QUANTITY_DECIMALS)), item, branch),
    )


def ship(connection: sqlite3.Connection, item: int, branch: str, pieces: Fraction) -> None:
    """Take pieces that were committed from what is on hand."""
    quantity = implied(pieces, QUANTITY_DECIMALS)
    connection.execute(
        "UPDATE F41021 SET LIPQOH = LIPQOH - ?, LIPCOM = LIPCOM - ? WHERE LIITM = ? AND LIMCU = ?",
        (quantity, quantity, item, branch),
    )


def receive(connection: sqlite3.Connection, movement: Movement) -> bool:
    """Commit what the other ERP booked; return False when this movement was received before.

    A product or plant that this ERP does not have is no concern of its stock.
    """
    with transaction(connection):
        new = connection.execute("INSERT OR IGNORE INTO SANDBOX_STOCK_IN VALUES (?)", (movement.movement_id,)).rowcount
        place = connection.execute(
            "SELECT ITM, MCU FROM SANDBOX_ITEM WHERE PRODUCT = ? AND PLANT = ?", (movement.product, movement.plant)
        ).fetchone()
        if new and place:
            _commit(connection, place[0], place[1], -implied(movement.quantity, QUANTITY_DECIMALS))
    return bool(new)


def waiting_movements(connection: sqlite3.Connection) -> list[tuple[int, Movement]]:
    """Return what the other ERP has not been told yet, oldest first, each with its number."""
    rows = connection.execute("SELECT ID, PRODUCT, PLANT, QUANTITY FROM SANDBOX_STOCK_OUT ORDER BY ID LIMIT 100")
    return [
        (number, Movement(movement_id=f"legacy-{number}", product=product, plant=plant, quantity=Decimal(quantity)))
        for number, product, plant, quantity in rows
    ]


def told(connection: sqlite3.Connection, number: int) -> None:
    """Forget a movement that the other ERP has confirmed."""
    connection.execute("DELETE FROM SANDBOX_STOCK_OUT WHERE ID = ?", (number,))


def _commit(connection: sqlite3.Connection, item: int, branch: str, quantity: int) -> None:
    connection.execute("UPDATE F41021 SET LIPCOM = LIPCOM + ? WHERE LIITM = ? AND LIMCU = ?", (quantity, item, branch))

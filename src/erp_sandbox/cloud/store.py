"""The books on disk: one SQLite file, one transaction per change, so that a booking survives a crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter

from erp_sandbox.cloud.documents import BillingDocument, SalesOrder

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sales_order (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS billing_document (number INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS movement (
    sequence INTEGER PRIMARY KEY, movement_id TEXT NOT NULL UNIQUE, own INTEGER NOT NULL,
    material TEXT NOT NULL, plant TEXT NOT NULL, quantity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS repeated (
    request_id TEXT PRIMARY KEY, created REAL NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
    body BLOB NOT NULL);
"""
_ORDER = TypeAdapter(SalesOrder)
_BILLING = TypeAdapter(BillingDocument)
_FILE = "cloud.sqlite3"


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """A change of free stock in base units, negative when something was booked; `own` when this ERP booked it."""

    sequence: int
    movement_id: str
    own: bool
    material: str
    plant: str
    quantity: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeated:
    """The stored answer to a repeatable request."""

    request_id: str
    created: float
    status: int
    headers: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one transaction writes."""

    orders: Sequence[SalesOrder] = ()
    deleted_orders: Sequence[str] = ()
    billing: Sequence[BillingDocument] = ()
    movements: Sequence[Movement] = ()
    counters: Sequence[tuple[str, int]] = ()


class Store:
    """The file; all writes come from one thread."""

    def __init__(self, directory: Path) -> None:
        self._connection = sqlite3.connect(directory / _FILE, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        # The process may be killed at any moment; that the machine loses power is not part of the play.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def begin(self) -> None:
        """Start the transaction of a request; what it saves becomes visible and durable with `commit`."""
        self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def save(self, change: Change) -> None:
        execute = self._connection.execute
        for order in change.orders:
            execute("INSERT OR REPLACE INTO sales_order VALUES (?, ?)", (int(order.number), _ORDER.dump_json(order)))
        for number in change.deleted_orders:
            execute("DELETE FROM sales_order WHERE number = ?", (int(number),))
        for billing in change.billing:
            body = _BILLING.dump_json(billing)
            execute("INSERT OR REPLACE INTO billing_document VALUES (?, ?)", (int(billing.number), body))
        for moved in change.movements:
            row = (moved.sequence, moved.movement_id, moved.own, moved.material, moved.plant, str(moved.quantity))
            execute("INSERT INTO movement VALUES (?, ?, ?, ?, ?, ?)", row)
        for counter in change.counters:
            execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", counter)

    def orders(self) -> Iterator[SalesOrder]:
        return read_orders(self._connection)

    def billing_documents(self) -> Iterator[BillingDocument]:
        for (body,) in self._connection.execute("SELECT body FROM billing_document ORDER BY number"):
            yield _BILLING.validate_json(body)

    def counters(self) -> dict[str, int]:
        return dict(self._connection.execute("SELECT name, value FROM counter").fetchall())

    def movements(self) -> Iterator[Movement]:
        rows = self._connection.execute("SELECT * FROM movement ORDER BY sequence")
        for sequence, movement_id, own, material, plant, quantity in rows:
            yield Movement(
                sequence=sequence,
                movement_id=movement_id,
                own=bool(own),
                material=material,
                plant=plant,
                quantity=Decimal(quantity),
            )

    def remember(self, answer: Repeated) -> None:
        row = (answer.request_id, answer.created, answer.status, answer.headers, answer.body)
        self._connection.execute("INSERT OR REPLACE INTO repeated VALUES (?, ?, ?, ?, ?)", row)

    def remembered(self, request_id: str) -> Repeated | None:
        row = self._connection.execute("SELECT * FROM repeated WHERE request_id = ?", (request_id,)).fetchone()
        if row is None:
            return None
        return Repeated(request_id=row[0], created=row[1], status=row[2], headers=row[3], body=row[4])


def read_orders(connection: sqlite3.Connection) -> Iterator[SalesOrder]:
    for (body,) in connection.execute("SELECT body FROM sales_order ORDER BY number"):
        yield _ORDER.validate_json(body)


def orders_on_disk(directory: Path) -> list[SalesOrder]:
    """Return the sales orders that the file holds, read from outside the process."""
    with closing(sqlite3.connect(directory / _FILE)) as connection:
        return list(read_orders(connection))

"""Processing what waits in the interface tables."""

from __future__ import annotations

import datetime as dt
import sqlite3

from erp_sandbox.legacy import booking, cancelling, interface


def process(
    connection: sqlite3.Connection, *, orders: list[interface.Key], changes: list[interface.Key], today: dt.date
) -> None:
    """Book the inbound orders, then apply the inbound changes, each in a transaction of its own."""
    for key in orders:
        booking.book(connection, key, today=today)
    for key in changes:
        cancelling.change(connection, key, today=today)

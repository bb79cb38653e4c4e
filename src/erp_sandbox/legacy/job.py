"""The stand-in's batch jobs as one process: book, cancel, ship, invoice, and tell the other ERP of bookings.

Started as `python -m erp_sandbox.legacy.job`; it ends when its standard input does, so that it never outlives whoever
started it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import sqlite3
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from erp_sandbox.legacy import interface, shipping, stock, store
from erp_sandbox.legacy.control import CALLBACK, Control
from erp_sandbox.legacy.processing import process
from erp_sandbox.legacy.words import cyyddd

_POLL_SECONDS = 0.02
_RETRY_SECONDS = 0.2
_CALLBACK_TIMEOUT_SECONDS = 5.0

_log = logging.getLogger("erp_sandbox.legacy")


class Jobs:
    """Everything that runs in turn on one connection; a document is taken up `booking_delay` after it is first seen."""

    def __init__(
        self, connection: sqlite3.Connection, control: Control, *, booking_delay: float, shipping_time: float | None
    ) -> None:
        self._connection = connection
        self._control = control
        self._delay = booking_delay
        self._shipping_time = shipping_time
        self._first_seen: dict[tuple[str, interface.Key], float] = {}

    def run_once(self) -> None:
        """Do all that is due; nothing while the ERP is down."""
        if self._control.faults.down:
            return
        today = store.today(self._connection)
        stop_selling(self._connection, today)
        process(self._connection, orders=self._due("F47011"), changes=self._due("F47131"), today=today)
        if self._shipping_time is not None:
            shipping.advance(self._connection, whole_way=self._shipping_time, today=today)

    def _due(self, table: str) -> list[interface.Key]:
        now = time.monotonic()
        waiting = interface.waiting(self._connection, table)
        seen = {(table, key): self._first_seen.get((table, key), now) for key in waiting}
        others = {entry: at for entry, at in self._first_seen.items() if entry[0] != table}
        self._first_seen = others | seen
        return [key for key in waiting if now - seen[table, key] >= self._delay]


def stop_selling(connection: sqlite3.Connection, today: dt.date) -> None:
    """Make items obsolete on the day after their last sale."""
    over = connection.execute("SELECT ITM FROM SANDBOX_LAST_SALE WHERE LAST_DATE < ?", (cyyddd(today),)).fetchall()
    if not over:
        return
    with store.transaction(connection):
        for (item,) in over:
            connection.execute("UPDATE F4101 SET IMSTKT = 'O' WHERE IMITM = ?", (item,))
            connection.execute("UPDATE F4102 SET IBSTKT = 'O' WHERE IBITM = ?", (item,))
            connection.execute("DELETE FROM SANDBOX_LAST_SALE WHERE ITM = ?", (item,))


def tell_movements(connection: sqlite3.Connection, url: str) -> bool:
    """Post every waiting movement, oldest first; return False when one was not confirmed and must be told again."""
    for number, movement in stock.waiting_movements(connection):
        body = {
            "movement_id": movement.movement_id,
            "product": movement.product,
            "plant": movement.plant,
            "quantity": str(movement.quantity),
        }
        request = urllib.request.Request(  # noqa: S310 (whoever runs the demo names the URL)
            url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=_CALLBACK_TIMEOUT_SECONDS):  # noqa: S310
                stock.told(connection, number)
        except (urllib.error.URLError, OSError) as failure:
            _log.warning("stock_movement_not_told movement=%s reason=%s", movement.movement_id, failure)
            return False
    return True


def _tell(database: Path, control_path: Path, stop: threading.Event) -> None:
    """Keep telling in a thread and a connection of its own, so that a deaf neighbour stops no booking."""
    connection, control = store.connect(database), Control(control_path)
    pause = _POLL_SECONDS
    while not stop.wait(pause):
        url = control.get(CALLBACK)
        told = tell_movements(connection, url) if url else True
        pause = _POLL_SECONDS if told else _RETRY_SECONDS
    connection.close()
    control.close()


def _end_with_parent(stop: threading.Event) -> None:
    # Not sys.stdin, whose lock a daemon thread would hold when the interpreter shuts down.
    while os.read(0, 1024):
        pass
    stop.set()


def main() -> None:
    """Run until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("control", type=Path)
    parser.add_argument("--booking-delay", type=float, required=True)
    parser.add_argument("--ship-and-invoice-after", type=float)
    arguments = parser.parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    stop = threading.Event()
    teller = threading.Thread(target=_tell, args=(arguments.database, arguments.control, stop))
    teller.start()
    threading.Thread(target=_end_with_parent, args=(stop,), daemon=True).start()
    connection, control = store.connect(arguments.database), Control(arguments.control)
    jobs = Jobs(
        connection,
        control,
        booking_delay=arguments.booking_delay,
        shipping_time=arguments.ship_and_invoice_after,
    )
    try:
        while not stop.wait(_POLL_SECONDS):
            jobs.run_once()
    finally:
        stop.set()
        teller.join()
        connection.close()
        control.close()


if __name__ == "__main__":
    main()

"""Starting the stand-in legacy ERP, and the levers by which a demo or a test drives it."""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from erp_sandbox.books import BookLine
from erp_sandbox.keys import legacy_branch, legacy_customers, legacy_items
from erp_sandbox.legacy import interface, schema, shipping, stock, store
from erp_sandbox.legacy.books import read_book
from erp_sandbox.legacy.control import CALLBACK, Control, Faults
from erp_sandbox.legacy.dbapi import CONTROL_SUFFIX, LIVE_USER, SHADOW_USER
from erp_sandbox.legacy.fill import fill
from erp_sandbox.legacy.processing import process
from erp_sandbox.legacy.words import QUANTITY_DECIMALS, explicit, implied
from erp_sandbox.master_data import MasterData
from erp_sandbox.seeds import Application, Seed

_ENDS_WITHIN_SECONDS = 10.0


def start_legacy(
    master: MasterData,
    *,
    seeds: Sequence[Seed] = (),
    directory: Path | None = None,
    today: dt.date | None = None,
    booking_delay: float = 0.05,
    ship_and_invoice_after: float | None = None,
    stock_callback: str | None = None,
) -> LegacySandbox:
    """Create the database, fill it and start the jobs.

    The files go to `directory` (which must not hold an earlier stand-in), else to a temporary one that `close`
    removes. With `today` the ERP's clock stands still at that date, else it runs in UTC. The jobs take up a document
    `booking_delay` seconds after they saw it; an order is complete `ship_and_invoice_after` seconds after its booking,
    never without that. `stock_callback` is the URL that is told of bookings.
    """
    with ExitStack() as opened:
        folder = directory or Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="legacy-erp-")))
        database = folder.resolve() / "legacy.db"
        control_path = Path(f"{database}{CONTROL_SUFFIX}")
        connection = opened.enter_context(closing(store.connect(database)))
        schema.create(connection)
        with store.transaction(connection):
            fill(connection, master, today=today)
        password = secrets.token_urlsafe(12)
        control = opened.enter_context(closing(Control.create(control_path, seeds=tuple(seeds), password=password)))
        if stock_callback is not None:
            control.put(CALLBACK, stock_callback)
        command = [sys.executable, "-m", "erp_sandbox.legacy.job", str(database), str(control_path)]
        command.append(f"--booking-delay={booking_delay}")
        if ship_and_invoice_after is not None:
            command.append(f"--ship-and-invoice-after={ship_and_invoice_after}")
        job = subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 (our own module)
        return LegacySandbox(
            master=master,
            database=database,
            connection=connection,
            control=control,
            job=job,
            password=password,
            opened=opened.pop_all(),
        )


class LegacySandbox:
    """A running stand-in: use it as a context manager, or call `close`. Its methods may be called from any thread."""

    def __init__(
        self,
        *,
        master: MasterData,
        database: Path,
        connection: sqlite3.Connection,
        control: Control,
        job: subprocess.Popen[bytes],
        password: str,
        opened: ExitStack,
    ) -> None:
        self._master = master
        self._database = database
        self._connection = connection
        self._control = control
        self._job = job
        self._password = password
        self._opened = opened
        self._lock = threading.Lock()

    def __enter__(self) -> LegacySandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def url(self, *, live: bool = True) -> str:
        """Return the SQLAlchemy URL, password included, of the live user or of the one that may only read."""
        user = LIVE_USER if live else SHADOW_USER
        return f"sqlite+jdesandbox://{user}:{self._password}@{self._database}"

    def faults(
        self,
        *,
        slow: float = 0.0,
        down: bool = False,
        throttling: float | None = None,
        drop_reply_after_executing: int = 0,
        answer_late: tuple[float, int] = (0.0, 0),
    ) -> None:
        """Make the ERP suffer from exactly these faults; without any it is healthy again.

        `slow` is the delay of every statement in seconds, `throttling` the seconds after which to retry,
        `drop_reply_after_executing` the number of next writes whose reply is lost, `answer_late` a delay in seconds
        and the number of next writes that are executed that late.
        """
        late_seconds, late_writes = answer_late
        with self._lock:
            self._control.set_faults(
                Faults(
                    slow=slow,
                    down=down,
                    throttling=throttling,
                    drop_replies=drop_reply_after_executing,
                    late_writes=late_writes,
                    late_seconds=late_seconds,
                )
            )

    def applied(self) -> list[Application]:
        """Return which seeds changed the answer of which call, oldest first; each pair once."""
        with self._lock:
            return self._control.applied()

    def book(self) -> list[BookLine]:
        """Return every line of every sales order, from open lines and from history."""
        with self._lock:
            return read_book(self._connection)

    def free_stock(self, product: str, plant: str) -> Decimal:
        """Return the pieces that are not committed; below zero when more was booked than is there."""
        with self._lock:
            item = legacy_items(self._master)[product]
            free = stock.free_stock(self._connection, item, legacy_branch(plant))
        return explicit(implied(free, QUANTITY_DECIMALS), QUANTITY_DECIMALS)

    def tell_stock_to(self, url: str) -> None:
        """Name the URL that every booking is posted to, those included that nobody was told of yet."""
        with self._lock:
            self._control.put(CALLBACK, url)

    def receive_stock(self, movement_id: str, *, product: str, plant: str, quantity: Decimal) -> bool:
        """Take over how the other ERP's booking changed free stock (a booking is negative); False when known before."""
        movement = stock.Movement(movement_id=movement_id, product=product, plant=plant, quantity=quantity)
        with self._lock:
            return stock.receive(self._connection, movement)

    def settle(self) -> None:
        """Process every document that waits in the interface tables now, whatever the booking delay."""
        with self._lock:
            process(
                self._connection,
                orders=interface.waiting(self._connection, "F47011"),
                changes=interface.waiting(self._connection, "F47131"),
                today=store.today(self._connection),
            )

    def ship_and_invoice(self) -> None:
        """Ship, invoice and complete now whatever is booked and not backordered."""
        with self._lock:
            shipping.finish(self._connection, today=store.today(self._connection))

    def hold_customer(self, customer: str, *, held: bool = True) -> None:
        """Put a customer on credit hold, or release it: its orders are refused when the job comes to them."""
        key = legacy_customers(self._master)[customer]
        with self._lock:
            self._connection.execute("UPDATE F03012 SET AIHOLD = ? WHERE AIAN8 = ?", ("C " if held else "  ", key))

    def stop_selling(self, product: str) -> None:
        """Make a product obsolete at once."""
        item = legacy_items(self._master)[product]
        with self._lock, store.transaction(self._connection):
            self._connection.execute("UPDATE F4101 SET IMSTKT = 'O' WHERE IMITM = ?", (item,))
            self._connection.execute("UPDATE F4102 SET IBSTKT = 'O' WHERE IBITM = ?", (item,))

    def close(self) -> None:
        """Stop the jobs and remove what is temporary; raise RuntimeError when the jobs had died before."""
        if self._job.stdin is None or self._job.stdin.closed:
            return
        died = self._job.poll()
        self._job.stdin.close()
        try:
            self._job.wait(_ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._job.kill()
            self._job.wait()
        self._opened.close()
        if died is not None:
            raise RuntimeError(f"the jobs of the legacy stand-in ended early with exit code {died}")

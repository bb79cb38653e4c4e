"""The two stand-ins tell each other of bookings and cancellations, so that neither promises what the other sold."""

from __future__ import annotations

import http.client
import threading
from decimal import Decimal
from types import TracebackType
from typing import Protocol

_WAIT_SECONDS = 1.0
_RETRY_SECONDS = 0.1


class LegacyStock(Protocol):
    """What the legacy stand-in offers."""

    def tell_stock_to(self, url: str) -> None:
        """Post every booking to the URL from now on."""

    def receive_stock(self, movement_id: str, *, product: str, plant: str, quantity: Decimal) -> bool:
        """Take over how the other ERP changed free stock (a booking is negative); False when known before."""


class CloudStock(Protocol):
    """What the cloud stand-in offers."""

    @property
    def stock_url(self) -> str:
        """Where stock movements are posted to."""

    def stock_movements(self, *, after: int, wait: float) -> list[dict[str, str | int]]:
        """Return what the ERP booked after that sequence number, waiting for the first."""


def connect_stock(legacy: LegacyStock, cloud: CloudStock) -> StockSync:
    """Connect both at once; `close` the result (or use it as a context manager) before either of them.

    The legacy ERP's job posts to the cloud ERP; a thread carries the other direction, movement by movement. Movements
    that happened before are told too. Each counts once, however often it is told.
    """
    legacy.tell_stock_to(cloud.stock_url)
    return StockSync(legacy, cloud)


class StockSync:
    """The thread that carries the cloud ERP's movements to the legacy ERP."""

    def __init__(self, legacy: LegacyStock, cloud: CloudStock) -> None:
        self._legacy = legacy
        self._cloud = cloud
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="stock-sync", daemon=True)
        self._thread.start()

    def __enter__(self) -> StockSync:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop carrying; wait until the movement under way has arrived."""
        self._stop.set()
        self._thread.join()

    def _carry(self) -> None:
        after = 0
        while not self._stop.is_set():
            try:
                found = self._cloud.stock_movements(after=after, wait=_WAIT_SECONDS)
            except (OSError, http.client.HTTPException):
                # The ERP is restarting; what it booked stays in its books until it is asked again.
                self._stop.wait(_RETRY_SECONDS)
                continue
            for moved in found:
                self._legacy.receive_stock(
                    str(moved["movement_id"]),
                    product=str(moved["product"]),
                    plant=str(moved["plant"]),
                    quantity=Decimal(moved["quantity"]),
                )
                after = int(moved["sequence"])

"""The books in memory, written through to the store: documents, numbers and free stock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from erp_sandbox.cloud.documents import ZERO, BillingDocument, SalesOrder
from erp_sandbox.cloud.setup import Setup
from erp_sandbox.cloud.stock import Period, periods
from erp_sandbox.cloud.store import Change, Movement, Store

Place = tuple[str, str]


class Books:
    """All documents and the free stock.

    Everything happens on the event loop's thread; a change is one block under `transaction`, which undoes the part in
    memory when it fails.
    """

    def __init__(self, setup: Setup, store: Store) -> None:
        self._setup = setup
        self._store = store
        self.changed = asyncio.Event()
        self._touched = False
        self._read()

    def _read(self) -> None:
        self.orders = {order.number: order for order in self._store.orders()}
        self.billing = {document.number: document for document in self._store.billing_documents()}
        self._counters = self._store.counters()
        self._movements = list(self._store.movements())
        self._movement_ids = {moved.movement_id for moved in self._movements}
        self._moved: dict[Place, Decimal] = {}
        for moved in self._movements:
            self._add(moved)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one change: all of it is durable afterwards, or nothing happened."""
        self._touched = False
        self._store.begin()
        try:
            yield
            self._store.commit()
        except BaseException:
            self._store.rollback()
            if self._touched:
                self._read()
            raise
        self.changed.set()
        self.changed = asyncio.Event()

    def next_number(self, name: str) -> str:
        """Draw the next document number; to be called within a transaction."""
        value = self._counters.get(name, 0) + 1
        self._counters[name] = value
        self._save(Change(counters=[(name, value)]))
        return str(value)

    def put_order(self, order: SalesOrder) -> None:
        """Write an order and move the free stock by what its live items hold more or less than before."""
        before = self.orders.get(order.number)
        self.orders[order.number] = order
        self._save(Change(orders=[order]))
        self._move(_difference(before, order))

    def delete_order(self, order: SalesOrder) -> None:
        del self.orders[order.number]
        self._save(Change(deleted_orders=[order.number]))
        self._move(_difference(order, None))

    def put_billing(self, document: BillingDocument) -> None:
        self.billing[document.number] = document
        self._save(Change(billing=[document]))

    def take_in(self, movement_id: str, material: str, plant: str, quantity: Decimal) -> bool:
        """Apply a movement of the other ERP; return False when it was applied before."""
        if movement_id in self._movement_ids:
            return False
        self._append(movement_id, False, (material, plant), quantity)
        return True

    def own_movements(self, after: int) -> Sequence[Movement]:
        """Return what this ERP booked and cancelled since that sequence number."""
        return [moved for moved in self._movements[after:] if moved.own]

    def free(self, material: str, plant: str) -> Decimal:
        """Return what is on hand and not promised to anybody, in base units; negative when too much is promised."""
        return self._setup.stock_by_place[material, plant].on_hand + self._moved.get((material, plant), ZERO)

    def series(self, material: str, plant: str, free: Decimal) -> tuple[Period, ...]:
        """Return what may be promised when, given that much free stock."""
        on_order = self._setup.stock_by_place[material, plant].on_order
        today, receipt = self._setup.today_in(plant), self._setup.receipt_date
        return periods(free=free, on_order=on_order, today=today, receipt=receipt)

    def _save(self, change: Change) -> None:
        self._touched = True
        self._store.save(change)

    def _move(self, differences: Iterable[tuple[Place, Decimal]]) -> None:
        for place, quantity in differences:
            if quantity:
                self._append(f"cloud-{len(self._movements) + 1}", True, place, quantity)

    def _append(self, movement_id: str, own: bool, place: Place, quantity: Decimal) -> None:
        moved = Movement(
            sequence=len(self._movements) + 1,
            movement_id=movement_id,
            own=own,
            material=place[0],
            plant=place[1],
            quantity=quantity,
        )
        self._movements.append(moved)
        self._movement_ids.add(movement_id)
        self._add(moved)
        self._save(Change(movements=[moved]))

    def _add(self, moved: Movement) -> None:
        place = (moved.material, moved.plant)
        self._moved[place] = self._moved.get(place, ZERO) + moved.quantity


def next_change(order: SalesOrder | None) -> datetime:
    """Return now, but always later than the order's last change: the ETag must differ."""
    now = datetime.now(UTC)
    return now if order is None else max(now, order.changed + timedelta(microseconds=1))


def _difference(before: SalesOrder | None, after: SalesOrder | None) -> list[tuple[Place, Decimal]]:
    """Return by place how the free stock changes from one state of an order to the next."""
    held: dict[Place, Decimal] = {}
    for order, sign in ((before, 1), (after, -1)):
        for item in order.live_items if order is not None else ():
            place = (item.material, item.plant)
            held[place] = held.get(place, ZERO) + sign * item.base_quantity
    return list(held.items())

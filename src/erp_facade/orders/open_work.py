"""What the store holds that the dispatcher has to do something about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, union

from erp_facade.orders.states import State
from erp_facade.store.schema import OPEN, UNSETTLED, order_changes, order_parts, orders

_ORDERS = union(
    select(orders.c.id).where(UNSETTLED, orders.c.state == State.ACCEPTED.value),
    select(order_parts.c.order_id).where(OPEN, order_parts.c.state == State.ACCEPTED.value),
)
_BLOCKING = select(orders.c.id).where(UNSETTLED)
_PARTS = select(order_parts.c.part_id, order_parts.c.state).where(
    OPEN, order_parts.c.state.in_([State.IN_DOUBT.value, State.HANDED_OVER.value])
)
_UNCERTIFIED = select(order_parts.c.part_id, order_parts.c.state).where(
    order_parts.c.state == State.REVIEW.value,
    order_parts.c.dirty,
    order_parts.c.document_number.is_(None),
)
_CHANGES = select(order_changes.c.id).where(OPEN)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenWork:
    """Orders with lines to claim, parts to look up with their states, and changes to carry out.

    `blocking_ids` are the orders that later orders of the same customer wait for.
    """

    order_ids: Sequence[str]
    blocking_ids: frozenset[str]
    parts: Sequence[tuple[str, State]]
    change_ids: Sequence[str]


def read_open_work(connection: Connection) -> OpenWork:
    """Return everything that is not settled and waits for no person, oldest orders first.

    A part in REVIEW that was never found is among it: only its ERP can tell that it was booked late after all.
    """
    parts = [*connection.execute(_PARTS), *connection.execute(_UNCERTIFIED)]
    return OpenWork(
        order_ids=sorted(connection.execute(_ORDERS).scalars()),
        blocking_ids=frozenset(connection.execute(_BLOCKING).scalars()),
        parts=[(row.part_id, State(row.state)) for row in parts],
        change_ids=connection.execute(_CHANGES).scalars().all(),
    )

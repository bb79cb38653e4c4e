"""Writing state changes: the row, the order's aggregated state, one event and one audit entry, in one transaction.

All functions are works, or parts of works, for `Store.write`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from erp_facade.orders.states import State, order_state
from erp_facade.store import journal
from erp_facade.store.schema import order_parts, orders
from erp_ports.names import order_name

DISPATCHER = "dispatcher"
"""Who acts when no caller or person does."""

_ADVANCE = (
    update(orders)
    .where(orders.c.id == bindparam("of_order"))
    .values(
        state=bindparam("to_state"),
        sequence=orders.c.sequence + bindparam("events"),
        next_part=orders.c.next_part + bindparam("new_parts"),
        next_at=bindparam("to_next_at"),
        update_time=bindparam("now"),
    )
    .returning(orders.c.sequence)
)
_PART_STATES = select(order_parts.c.state).where(order_parts.c.order_id == bindparam("of_order"))
_ORDER_STATE = select(orders.c.state).where(orders.c.id == bindparam("of_order"))


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRef:
    """An order's id and the business unit that its name starts with."""

    id: str
    business_unit: str

    @property
    def name(self) -> str:
        return order_name(self.business_unit, self.id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing that happened to an order or a part of it. `event` is a stable name such as `order.part.booked`."""

    event: str
    before: State | None
    after: State
    actor: str = DISPATCHER
    part: int = 0
    detail: str = ""
    extra: tuple[tuple[str, Any], ...] = ()


def advance(
    connection: Connection,
    order: OrderRef,
    state: State,
    happenings: Sequence[Happening],
    now: str,
    *,
    new_parts: int = 0,
    next_at: str | None = None,
) -> None:
    """Set the order's state and record what happened, each with the next number of the order's sequence."""
    sequence: int = connection.execute(
        _ADVANCE,
        {
            "of_order": order.id,
            "to_state": state.value,
            "events": len(happenings),
            "new_parts": new_parts,
            "to_next_at": next_at,
            "now": now,
        },
    ).scalar_one()
    first = sequence - len(happenings) + 1
    for number, happening in enumerate(happenings, first):
        record(connection, order, number, state, happening, now)


def record(
    connection: Connection, order: OrderRef, sequence: int, state: State, happening: Happening, now: str
) -> None:
    """Write the event and the audit entry of one state change; `state` is the order's state after it."""
    name = order.name
    part = str(happening.part) if happening.part else ""
    data = {
        "order": name,
        "part_id": part,
        "submission_state": happening.after.value,
        "order_state": state.value,
        "actor": happening.actor,
        "detail": happening.detail,
        **dict(happening.extra),
    }
    journal.event(
        connection, order_id=order.id, sequence=sequence, kind=happening.event, subject=name, time=now, data=data
    )
    journal.audited(
        connection,
        time=now,
        actor=happening.actor,
        action=happening.event,
        subject=name,
        reason=happening.detail,
        before=None if happening.before is None else {"part_id": part, "submission_state": happening.before.value},
        after={"part_id": part, "submission_state": happening.after.value, **dict(happening.extra)},
    )


def state_of(connection: Connection, order_id: str) -> State:
    """Return the order's state as its parts make it, or its own while it has none."""
    states = connection.execute(_PART_STATES, {"of_order": order_id}).scalars().all()
    if states:
        return order_state([State(s) for s in states])
    return State(connection.execute(_ORDER_STATE, {"of_order": order_id}).scalar_one())

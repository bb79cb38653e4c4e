"""Leases: who may send a part, and for how long. Only the holder renews; whoever notices an end sets IN_DOUBT."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from erp_facade.orders.apply import Applied, Seen, apply_result
from erp_facade.orders.claim import microseconds
from erp_facade.orders.record import OrderRef
from erp_facade.orders.results import Result
from erp_facade.orders.states import State
from erp_facade.store.schema import order_parts, orders
from erp_facade.store.times import from_text

_DISPATCHING = (
    select(order_parts, orders.c.business_unit, orders.c.correlation_id)
    .join(orders, orders.c.id == order_parts.c.order_id)
    .where(order_parts.c.state == State.DISPATCHING.value)
)
_RENEW = (
    update(order_parts)
    .where(
        order_parts.c.part_id == bindparam("of_part"),
        order_parts.c.lease_owner == bindparam("owner"),
        order_parts.c.state == State.DISPATCHING.value,
    )
    .values(lease_until=bindparam("until"))
)
_EXPIRED = Result(state=State.IN_DOUBT, outcome="LEASE_EXPIRED", detail="the sender was lost on the way")


def renew(connection: Connection, owner: str, part_ids: Collection[str], until: float) -> None:
    """Prolong the leases of parts that this owner still sends; `until` is a reading of its monotonic clock."""
    connection.execute(_RENEW, [{"of_part": p, "owner": owner, "until": microseconds(until)} for p in part_ids])


def expire(
    connection: Connection, owner: str, monotonic: float, under_way: Collection[str], now: dt.datetime
) -> list[tuple[str, Applied]]:
    """Set parts IN_DOUBT whose lease is over: those of every other owner, because only one process has the store."""
    rows = connection.execute(_DISPATCHING).all()
    return [
        (row.part_id, apply_result(connection, _seen(row), _EXPIRED, now, None))
        for row in rows
        if row.part_id not in under_way
        and (row.lease_owner != owner or (row.lease_until or 0) < microseconds(monotonic))
    ]


def _seen(row: Any) -> Seen:
    return Seen(
        order=OrderRef(id=row.order_id, business_unit=row.business_unit),
        part_id=row.part_id,
        number=row.number,
        state=State.DISPATCHING,
        attempt=row.attempt,
        attempt_time=from_text(row.attempt_time),
        correlation_id=row.correlation_id,
    )

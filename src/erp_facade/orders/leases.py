"""Leases: who may send a part, and for how long. Only the holder renews; whoever notices an end sets IN_DOUBT."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Connection, bindparam, select, update

from erp_facade.orders.apply import Applied, apply_attempt
from erp_facade.orders.claim import microseconds
from erp_facade.orders.results import Result
from erp_facade.orders.states import State
from erp_facade.store.schema import OPEN, order_parts

_DISPATCHING = select(
    order_parts.c.part_id, order_parts.c.attempt, order_parts.c.lease_owner, order_parts.c.lease_until
).where(OPEN, order_parts.c.state == State.DISPATCHING.value)
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
        (row.part_id, apply_attempt(connection, row.part_id, row.attempt, _EXPIRED, now, None))
        for row in rows
        if row.part_id not in under_way
        and (row.lease_owner != owner or (row.lease_until or 0) < microseconds(monotonic))
    ]

"""Accepting an order (T1): from its commit on the order is never lost, whatever happens to the call.

A known key is a replay or a mismatch, whatever has changed since; only an unknown one is checked against clock and
configuration. Nothing before T1 uses the key up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from erp.v1.orders_pb2 import Order
from erp_facade.orders.claim import Claimer, Header
from erp_facade.orders.claims import ClaimResult
from erp_facade.orders.content import duplicate_hash
from erp_facade.orders.fingerprint import VERSION
from erp_facade.orders.keys import Key, Known, known_order
from erp_facade.orders.record import Happening, OrderRef, record
from erp_facade.orders.states import State
from erp_facade.store.schema import orders
from erp_facade.store.times import to_text
from erp_ports.names import last_segment

_twin = orders.alias("twin")
_SAME_CONTENT = (
    select(_twin.c.id)
    .where(
        _twin.c.line_hash == bindparam("content"),
        _twin.c.business_unit == bindparam("unit"),
        _twin.c.create_time > bindparam("since"),
    )
    .order_by(_twin.c.create_time.desc())
    .limit(1)
    .scalar_subquery()
)
_GIVEN = (
    "id", "client", "method", "business_unit", "request_id", "fingerprint", "fingerprint_version", "payload",
    "customer", "purchase_order_number", "plants", "line_hash", "state", "sequence", "next_part", "create_time",
    "update_time", "submitter", "correlation_id", "traceparent", "first_sent_time",
)  # fmt: skip
_INSERT = insert(orders).values(
    {**{name: bindparam(f"new_{name}") for name in _GIVEN}, "possible_duplicate_of": _SAME_CONTENT}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewOrder:
    """An order that passed every check. `order` is what the caller decides, with every default filled in."""

    id: str
    key: Key
    fingerprint: str
    order: Order
    correlation_id: str
    traceparent: str
    first_sent: dt.datetime | None
    now: dt.datetime
    duplicate_window: dt.timedelta


def accept(
    connection: Connection, new: NewOrder, claimer: Claimer | None, closed: frozenset[str]
) -> Known | ClaimResult:
    """Keep the order; return what the key stands for already when another request was faster.

    With a claimer the order is claimed in the same transaction, which saves an order that goes straight through one
    of its commits.
    """
    ref = OrderRef(id=new.id, business_unit=new.key.business_unit)
    now = to_text(new.now)
    row = _row(new, now)
    twin = {
        "content": row["line_hash"],
        "unit": new.key.business_unit,
        "since": to_text(new.now - new.duplicate_window),
    }
    try:
        connection.execute(_INSERT, {**{f"new_{name}": row[name] for name in _GIVEN}, **twin})
    except IntegrityError:
        known = known_order(connection, new.key)
        if known is None:
            raise
        return known
    accepted = Happening(event="order.accepted", before=None, after=State.ACCEPTED, actor=new.key.client)
    record(connection, ref, 1, State.ACCEPTED, accepted, now)
    if claimer is None:
        return ClaimResult(state=State.ACCEPTED)
    header = Header(
        ref=ref,
        customer=row["customer"],
        plants=row["plants"],
        order=new.order,
        next_part=1,
        correlation_id=new.correlation_id,
        traceparent=new.traceparent,
    )
    return claimer.claim(connection, header, (), closed)


def _row(new: NewOrder, now: str) -> dict[str, Any]:
    order = new.order
    return {
        "id": new.id,
        "client": new.key.client,
        "method": new.key.method,
        "business_unit": new.key.business_unit,
        "request_id": new.key.request_id,
        "fingerprint": new.fingerprint,
        "fingerprint_version": VERSION,
        "payload": order.SerializeToString(),
        "customer": last_segment(order.customer),
        "purchase_order_number": order.purchase_order_number,
        "plants": between_bars({line.plant for line in order.lines}),
        "line_hash": duplicate_hash(order),
        "state": State.ACCEPTED.value,
        "sequence": 1,
        "next_part": 1,
        "create_time": now,
        "update_time": now,
        "submitter": new.key.client,
        "correlation_id": new.correlation_id,
        "traceparent": new.traceparent,
        "first_sent_time": None if new.first_sent is None else to_text(new.first_sent),
    }


def between_bars(plants: Sequence[str] | set[str]) -> str:
    """Return the plants as one text in which each can be found: `|EU01|EU02|`."""
    return "|" + "|".join(sorted(plants)) + "|"


def decided_by_caller(order: Order) -> Order:
    """Return the order without what only the facade and the ERPs say."""
    kept = Order(
        customer=order.customer,
        currency_code=order.currency_code,
        purchase_order_number=order.purchase_order_number,
    )
    for field in ("pricing_date", "requested_date"):
        if order.HasField(field):
            getattr(kept, field).CopyFrom(getattr(order, field))
    for line in order.lines:
        copy = kept.lines.add()
        copy.CopyFrom(line)
        for output in ("net_amount", "confirmations", "fulfilment_state", "source", "description"):
            copy.ClearField(output)
    return kept

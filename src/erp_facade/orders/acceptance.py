"""Accepting an order (T1): from its commit on the order is never lost, whatever happens to the call.

The order of checks is: the key (known: replay or mismatch), its age, the caller's checks against clock and
configuration, then T1. Nothing before T1 uses the key up.
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

_INSERT = insert(orders)
_SAME_CONTENT = (
    select(orders.c.id)
    .where(
        orders.c.line_hash == bindparam("hash"),
        orders.c.business_unit == bindparam("unit"),
        orders.c.create_time > bindparam("since"),
    )
    .order_by(orders.c.create_time.desc())
    .limit(1)
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
    row = _row(connection, new, now)
    try:
        connection.execute(_INSERT, row)
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


def _row(connection: Connection, new: NewOrder, now: str) -> dict[str, Any]:
    order = new.order
    line_hash = duplicate_hash(order)
    since = to_text(new.now - new.duplicate_window)
    twin = connection.execute(_SAME_CONTENT, {"hash": line_hash, "unit": new.key.business_unit, "since": since})
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
        "line_hash": line_hash,
        "state": State.ACCEPTED.value,
        "possible_duplicate_of": twin.scalar(),
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

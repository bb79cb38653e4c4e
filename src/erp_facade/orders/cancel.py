"""Accepting a CancelOrder: a submission of its own with its own key, decided on the order in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from erp.v1.orders_pb2 import CancelOrderRequest
from erp_facade.orders import refusals
from erp_facade.orders.fingerprint import VERSION
from erp_facade.orders.keys import Key, Known, known_change, require_within_retention
from erp_facade.orders.record import Happening, OrderRef, advance
from erp_facade.orders.references import References
from erp_facade.orders.states import State
from erp_facade.orders.view import etag_of
from erp_facade.store.schema import order_changes, order_parts, orders
from erp_facade.store.times import to_text
from erp_ports.names import last_segment
from erp_ports.operations import Operation
from erp_ports.ports import FullAdapter

CANCEL = "CANCEL"

_ORDER = select(orders.c.id, orders.c.business_unit, orders.c.state, orders.c.sequence).where(
    orders.c.id == bindparam("of_order")
)
_PARTS = select(order_parts.c.part_id, order_parts.c.number, order_parts.c.target, order_parts.c.state).where(
    order_parts.c.order_id == bindparam("of_order")
)
_OPEN_CHANGE = select(order_changes.c.id).where(
    order_changes.c.order_id == bindparam("of_order"),
    order_changes.c.state.in_([s.value for s in (State.ACCEPTED, State.DISPATCHING, State.IN_DOUBT, State.REVIEW)]),
)
_INSERT = insert(order_changes)
_CANCEL_PARTS = (
    update(order_parts)
    .where(order_parts.c.order_id == bindparam("of_order"))
    .values(state=State.CANCELLED.value, update_time=bindparam("now"))
)
_NOT_SETTLED = {
    State.DISPATCHING: "is being sent",
    State.HANDED_OVER: "was handed over and is not booked yet",
    State.IN_DOUBT: "was sent with unknown outcome",
    State.REVIEW: "waits for a person to review it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewCancel:
    """A cancellation that was asked for."""

    id: str
    key: Key
    fingerprint: str
    request: CancelOrderRequest
    correlation_id: str
    traceparent: str
    first_sent: dt.datetime | None
    now: dt.datetime
    retention: dt.timedelta


def accept_cancel(
    connection: Connection, new: NewCancel, adapters: Mapping[str, FullAdapter], references: References
) -> Known | str | None:
    """Cancel an order that was never sent, or keep the cancellation of a booked one to be carried out.

    Returns what the key stands for already, the id of the change to carry out, or None when all is done. Raises
    ApiError, with nothing kept, when the order's state forbids it.
    """
    known = known_change(connection, new.key)
    if known is not None:
        return known
    require_within_retention(new.first_sent, new.now, new.retention)
    name = new.request.name
    order = connection.execute(_ORDER, {"of_order": last_segment(name)}).first()
    if order is None or order.business_unit != new.key.business_unit:
        raise refusals.order_not_found(name)
    if new.request.etag and new.request.etag != etag_of(order.id, order.sequence):
        raise refusals.etag_mismatch(name)
    parts = connection.execute(_PARTS, {"of_order": order.id}).all()
    never_sent = all(p.state in (State.ACCEPTED, State.HELD) for p in parts)
    if order.state in (State.ACCEPTED, State.HELD) and never_sent:
        _cancel_here(connection, new, OrderRef(id=order.id, business_unit=order.business_unit), order.state, parts)
        return None
    part = _booked_part(connection, name, order, parts)
    _require_able(adapters, name, part.target)
    facts = adapters[part.target].declaration.write_facts
    assert facts is not None, "an adapter that cancels writes"
    reference = references.allocate(connection, part.target, facts.reference, new.id)
    _insert(connection, new, order.id, State.ACCEPTED, part.part_id, part.target, reference)
    ref = OrderRef(id=order.id, business_unit=order.business_unit)
    happening = Happening(
        event="order.change.accepted",
        before=None,
        after=State.ACCEPTED,
        actor=new.key.client,
        part=part.number,
        detail=new.request.reason,
        extra=(("change", new.id), ("kind", CANCEL)),
    )
    advance(connection, ref, State(order.state), [happening], to_text(new.now))
    return new.id


def _booked_part(connection: Connection, name: str, order: Any, parts: Sequence[Any]) -> Any:
    """Return the one part of a booked order; raise ApiError for every other order."""
    why = _NOT_SETTLED.get(State(order.state))
    if why is not None:
        raise refusals.not_settled(name, why)
    if order.state == State.CANCELLED:
        raise refusals.wrong_state(name, "is cancelled already")
    if order.state == State.REJECTED:
        raise refusals.wrong_state(name, "was refused; there is nothing to cancel")
    if len(parts) > 1:
        raise refusals.has_parts(name)
    if connection.execute(_OPEN_CHANGE, {"of_order": order.id}).first() is not None:
        raise refusals.not_settled(name, "is being changed")
    return parts[0]


def _require_able(adapters: Mapping[str, FullAdapter], name: str, target: str) -> None:
    adapter = adapters.get(target)
    if adapter is None or not adapter.declaration.offers(Operation.CANCEL_ORDER):
        raise refusals.cancel_unsupported(name, target)


def _cancel_here(connection: Connection, new: NewCancel, ref: OrderRef, before: str, parts: Sequence[Any]) -> None:
    now = to_text(new.now)
    _insert(connection, new, ref.id, State.BOOKED, None, None, None)
    if parts:
        connection.execute(_CANCEL_PARTS, {"of_order": ref.id, "now": now})
    happening = Happening(
        event="order.cancelled",
        before=State(before),
        after=State.CANCELLED,
        actor=new.key.client,
        detail=f"never sent; {new.request.reason}",
        extra=(("change", new.id),),
    )
    advance(connection, ref, State.CANCELLED, [happening], now)


def _insert(
    connection: Connection,
    new: NewCancel,
    order_id: str,
    state: State,
    part_id: str | None,
    target: str | None,
    reference: str | None,
) -> None:
    connection.execute(
        _INSERT,
        {
            "id": new.id,
            "order_id": order_id,
            "client": new.key.client,
            "method": new.key.method,
            "business_unit": new.key.business_unit,
            "request_id": new.key.request_id,
            "fingerprint": new.fingerprint,
            "fingerprint_version": VERSION,
            "kind": CANCEL,
            "payload": new.request.SerializeToString(),
            "reason": new.request.reason,
            "part_id": part_id,
            "target": target,
            "reference": reference,
            "state": state.value,
            "attempt": 0,
            "dirty": False,
            "submitter": new.key.client,
            "correlation_id": new.correlation_id,
            "traceparent": new.traceparent,
            "first_sent_time": None if new.first_sent is None else to_text(new.first_sent),
            "create_time": to_text(new.now),
            "update_time": to_text(new.now),
        },
    )

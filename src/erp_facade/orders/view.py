"""An order as callers see it, from its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
from google.protobuf.timestamp_pb2 import Timestamp

from erp.v1.common_pb2 import Source
from erp.v1.orders_pb2 import (
    BILLING_STATE_NOT_APPLICABLE,
    BILLING_STATE_PARTIAL,
    BILLING_STATE_UNKNOWN,
    FULFILMENT_STATE_NOT_APPLICABLE,
    FULFILMENT_STATE_PARTIAL,
    FULFILMENT_STATE_UNKNOWN,
    PAYMENT_STATE_PARTIAL,
    PAYMENT_STATE_UNKNOWN,
    Order,
    OrderChange,
    OrderPart,
)
from erp_facade.orders.states import State
from erp_facade.store.times import from_text
from erp_ports.amounts import money, money_amount
from erp_ports.names import order_name


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRows:
    """Everything that the store holds of an order."""

    order: Any
    parts: Sequence[Any]
    changes: Sequence[Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """How the states of several documents make one: all the same, or partly."""

    unknown: int
    partial: int
    not_applicable: int | None

    def combine(self, states: Iterable[int]) -> int:
        """Return the common state; documents to which the axis does not apply have no say; unset ones are skipped."""
        distinct = {s for s in states if s}
        if self.unknown in distinct:
            return self.unknown
        saying = distinct - {self.not_applicable}
        if len(saying) > 1:
            return self.partial
        return next(iter(saying or distinct), 0)


FULFILMENT = Axis(
    unknown=FULFILMENT_STATE_UNKNOWN,
    partial=FULFILMENT_STATE_PARTIAL,
    not_applicable=FULFILMENT_STATE_NOT_APPLICABLE,
)
BILLING = Axis(
    unknown=BILLING_STATE_UNKNOWN,
    partial=BILLING_STATE_PARTIAL,
    not_applicable=BILLING_STATE_NOT_APPLICABLE,
)
PAYMENT = Axis(
    unknown=PAYMENT_STATE_UNKNOWN,
    partial=PAYMENT_STATE_PARTIAL,
    not_applicable=None,
)


def etag_of(order_id: str, sequence: int) -> str:
    """Return the etag of an order after so many events."""
    return hashlib.blake2b(f"{order_id}:{sequence}".encode(), digest_size=8).hexdigest()


def order_message(rows: OrderRows, *, replayed: bool = False, stale: frozenset[str] = frozenset()) -> Order:
    """Return the order with its parts, the documents as last known, and the changes asked for.

    `stale` names the parts whose ERP did not answer just now.
    """
    row = rows.order
    order = Order.FromString(row.payload)
    order.name = order_name(row.business_unit, row.id)
    order.submission_state = State(row.state).message
    if row.hold:
        order.hold = Order.Hold.Value(row.hold)
    order.replayed = replayed
    order.etag = etag_of(row.id, row.sequence)
    order.create_time.CopyFrom(timestamp(row.create_time))
    order.update_time.CopyFrom(timestamp(row.update_time))
    if row.possible_duplicate_of:
        order.possible_duplicate_of = order_name(row.business_unit, row.possible_duplicate_of)
    documents = {p.part_id: Order.FromString(p.booked_order) for p in rows.parts if p.booked_order}
    for part in rows.parts:
        order.parts.append(_part(part, documents.get(part.part_id), part.part_id in stale))
    order.changes.extend(map(_change, rows.changes))
    _fill_lines(order, rows.parts, documents)
    _fill_totals(order)
    return order


def _part(row: Any, document: Order | None, stale: bool) -> OrderPart:
    part = OrderPart()
    if document is not None and document.parts:
        part.CopyFrom(document.parts[0])
    part.part_id = str(row.number)
    del part.line_ids[:]
    part.line_ids.extend(orjson.loads(row.line_ids))
    part.submission_state = State(row.state).message
    part.source.CopyFrom(_source(row))
    part.document_number = row.document_number or ""
    part.reference = row.reference
    part.attempts = row.attempt
    part.stale = stale
    if row.refusal_reason:
        part.refusal.reason = row.refusal_reason
        part.refusal.message = row.refusal_message or ""
    return part


def _source(row: Any) -> Source:
    source = Source(backend=row.target, route_version=row.route_version)
    if row.as_of:
        source.as_of.CopyFrom(timestamp(row.as_of))
    return source


def _change(row: Any) -> OrderChange:
    change = OrderChange(
        request_id=row.request_id,
        kind=OrderChange.Kind.Value(row.kind),
        state=State(row.state).message,
        reason=row.reason,
    )
    if row.refusal_reason:
        change.refusal.reason = row.refusal_reason
        change.refusal.message = row.refusal_message or ""
    return change


def _fill_lines(order: Order, parts: Sequence[Any], documents: Mapping[str, Order]) -> None:
    """Say on every line of a pinned part who owns it, and what the ERP says of it."""
    lines = {line.line_id: line for line in order.lines}
    for part in parts:
        source = _source(part)
        for line_id in orjson.loads(part.line_ids):
            lines[line_id].source.CopyFrom(source)
        document = documents.get(part.part_id)
        for told in document.lines if document is not None else ():
            line = lines.get(told.line_id)
            if line is None:
                continue
            if told.HasField("net_amount"):
                line.net_amount.CopyFrom(told.net_amount)
            line.confirmations.extend(told.confirmations)
            line.fulfilment_state = told.fulfilment_state
            line.description = told.description


def _fill_totals(order: Order) -> None:
    parts = order.parts
    order.fulfilment_state = FULFILMENT.combine(p.fulfilment_state for p in parts)  # type: ignore[assignment]
    order.billing_state = BILLING.combine(p.billing_state for p in parts)  # type: ignore[assignment]
    order.payment_state = PAYMENT.combine(p.payment_state for p in parts)  # type: ignore[assignment]
    if order.submission_state == Order.BOOKED and all(p.HasField("net_amount") for p in parts):
        total = sum((money_amount(p.net_amount) for p in parts), Decimal(0))
        order.net_amount.CopyFrom(money(total, order.currency_code))
    if order.submission_state == Order.REJECTED:
        refused = next((p for p in parts if p.HasField("refusal")), None)
        if refused is not None:
            order.refusal.CopyFrom(refused.refusal)


def timestamp(text: str) -> Timestamp:
    """Return a stored instant as a message."""
    message = Timestamp()
    message.FromDatetime(from_text(text))
    return message

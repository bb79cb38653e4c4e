"""Reading orders from the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, update

from erp_facade.orders.states import AWAITING_PERSON, State
from erp_facade.orders.view import OrderRows
from erp_facade.store.schema import order_changes, order_parts, orders, outbox

_ORDER = select(orders).where(orders.c.id == bindparam("of_order"), orders.c.business_unit == bindparam("unit"))
_PARTS = select(order_parts).where(order_parts.c.order_id == bindparam("of_order")).order_by(order_parts.c.number)
_CHANGES = select(order_changes).where(order_changes.c.order_id == bindparam("of_order")).order_by(order_changes.c.id)
_EVENTS = (
    select(outbox.c.sequence, outbox.c.data)
    .where(outbox.c.order_id == bindparam("of_order"))
    .order_by(outbox.c.sequence)
)
_COUNTS = select(orders.c.state, func.count()).group_by(orders.c.state)
_DOCUMENT = (
    update(order_parts)
    .where(order_parts.c.part_id == bindparam("of_part"), order_parts.c.document_number == bindparam("booked_as"))
    .values(booked_order=bindparam("document"), as_of=bindparam("read_at"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListQuery:
    """A page of a business unit's orders: by create time descending, then name. Empty fields do not filter.

    `after` is create time and id of the last order already seen.
    """

    business_unit: str
    limit: int
    customer: str = ""
    purchase_order_number: str = ""
    state: str = ""
    after: tuple[str, str] | None = None


def read_order(connection: Connection, business_unit: str, order_id: str) -> OrderRows | None:
    """Return everything the store holds of the order, or None when the business unit has no such order."""
    order = connection.execute(_ORDER, {"of_order": order_id, "unit": business_unit}).first()
    if order is None:
        return None
    key = {"of_order": order_id}
    return OrderRows(
        order=order,
        parts=connection.execute(_PARTS, key).all(),
        changes=connection.execute(_CHANGES, key).all(),
    )


def list_rows(connection: Connection, query: ListQuery) -> list[OrderRows]:
    """Return the page."""
    found = connection.execute(_list_statement(query)).all()
    ids = [row.id for row in found]
    parts = _by_order(connection, select(order_parts).order_by(order_parts.c.number), order_parts.c.order_id, ids)
    changes = _by_order(connection, select(order_changes).order_by(order_changes.c.id), order_changes.c.order_id, ids)
    return [OrderRows(order=row, parts=parts[row.id], changes=changes[row.id]) for row in found]


def read_events(connection: Connection, order_id: str) -> Sequence[Any]:
    """Return the order's events, oldest first."""
    return connection.execute(_EVENTS, {"of_order": order_id}).all()


def count_open(connection: Connection) -> dict[str, int]:
    """Return how many orders are in each state that is not final."""
    open_states = {State.ACCEPTED, State.DISPATCHING, State.HANDED_OVER, State.IN_DOUBT, *AWAITING_PERSON}
    return {state: count for state, count in connection.execute(_COUNTS) if state in open_states}


def save_document(connection: Connection, part_id: str, number: str, document: bytes, read_at: str) -> None:
    """Keep a document as its ERP shows it now; no state of the submission changes."""
    connection.execute(_DOCUMENT, {"of_part": part_id, "booked_as": number, "document": document, "read_at": read_at})


def _list_statement(query: ListQuery) -> Select[Any]:
    statement = select(orders).where(orders.c.business_unit == query.business_unit)
    for column, value in (
        (orders.c.customer, query.customer),
        (orders.c.purchase_order_number, query.purchase_order_number),
        (orders.c.state, query.state),
    ):
        if value:
            statement = statement.where(column == value)
    if query.after is not None:
        time, order_id = query.after
        earlier = orders.c.create_time < time
        statement = statement.where(earlier | ((orders.c.create_time == time) & (orders.c.id > order_id)))
    return statement.order_by(orders.c.create_time.desc(), orders.c.id).limit(query.limit)


def _by_order(connection: Connection, statement: Select[Any], column: Any, ids: Sequence[str]) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(statement.where(column.in_(ids))):
        grouped[row.order_id].append(row)
    return grouped

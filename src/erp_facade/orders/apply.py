"""Results of attempts and look-ups reach the store (T3) by compare-and-set on state and attempt.

Evidence of a booking is the exception: it may always be recorded, because the document exists whatever the row says.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from erp_facade.orders.record import Happening, OrderRef, advance, state_of
from erp_facade.orders.results import Result
from erp_facade.orders.states import MOVES, State, check_move
from erp_facade.store.schema import attempts, order_parts, orders
from erp_facade.store.times import to_text

_MOVE = (
    update(order_parts)
    .where(
        order_parts.c.part_id == bindparam("of_part"),
        order_parts.c.state == bindparam("from_state"),
        order_parts.c.attempt == bindparam("from_attempt"),
    )
    .values(
        state=bindparam("to_state"),
        dirty=or_(order_parts.c.dirty, bindparam("in_doubt")),
        lease_owner=None,
        lease_until=None,
        next_at=bindparam("to_next_at"),
        document_number=func.coalesce(bindparam("number"), order_parts.c.document_number),
        refusal_reason=bindparam("reason"),
        refusal_message=bindparam("message"),
        evidence=func.coalesce(bindparam("evidence_json"), order_parts.c.evidence),
        booked_order=func.coalesce(bindparam("document"), order_parts.c.booked_order),
        as_of=func.coalesce(bindparam("read_at"), order_parts.c.as_of),
        update_time=bindparam("now"),
    )
)
_ATTEMPT = insert(attempts)
_PART = (
    select(
        order_parts.c.part_id,
        order_parts.c.order_id,
        order_parts.c.number,
        order_parts.c.state,
        order_parts.c.attempt,
        order_parts.c.attempt_time,
        order_parts.c.document_number,
        orders.c.business_unit,
    )
    .join(orders, orders.c.id == order_parts.c.order_id)
    .where(order_parts.c.part_id == bindparam("of_part"))
)
_LOOKED_UP = (
    update(order_parts)
    .where(order_parts.c.part_id == bindparam("of_part"))
    .values(lookups=order_parts.c.lookups + 1, next_at=bindparam("to_next_at"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What a result did: the states after it. `moved` is False when the row had gone on without it."""

    order_id: str
    part_state: State
    order_state: State
    moved: bool = True
    duplicate: bool = False


def apply_attempt(
    connection: Connection, part_id: str, attempt: int, result: Result, now: dt.datetime, next_at: dt.datetime | None
) -> Applied:
    """Record how an attempt ended. A row that went on meanwhile is changed only by evidence of a booking."""
    row = connection.execute(_PART, {"of_part": part_id}).one()
    if row.state == State.DISPATCHING and row.attempt == attempt:
        _ended(connection, row.part_id, attempt, row.attempt_time, result, to_text(now))
        return _move(connection, row, result, now, next_at)
    if result.document is not None:
        return _late_evidence(connection, row, result, now)
    return _unmoved(connection, row)


def apply_finding(
    connection: Connection, part_id: str, attempt: int, seen: State, result: Result, now: dt.datetime
) -> Applied:
    """Record what a look-up found for a part that was seen in a state after an attempt."""
    row = connection.execute(_PART, {"of_part": part_id}).one()
    if row.state == seen and row.attempt == attempt and result.state in MOVES[seen]:
        return _move(connection, row, result, now, None)
    if result.document is not None:
        return _late_evidence(connection, row, result, now)
    return _unmoved(connection, row)


def looked_up(connection: Connection, part_id: str, next_at: dt.datetime) -> None:
    """Count a look-up that settled nothing."""
    connection.execute(_LOOKED_UP, {"of_part": part_id, "to_next_at": to_text(next_at)})


def _move(connection: Connection, row: Any, result: Result, now: dt.datetime, next_at: dt.datetime | None) -> Applied:
    before = State(row.state)
    check_move(before, result.state)
    text = to_text(now)
    connection.execute(
        _MOVE,
        {
            "of_part": row.part_id,
            "from_state": row.state,
            "from_attempt": row.attempt,
            "to_state": result.state.value,
            "in_doubt": result.state is State.IN_DOUBT,
            "to_next_at": None if next_at is None else to_text(next_at),
            "number": result.document_number,
            "reason": result.refusal_reason,
            "message": result.refusal_message,
            "evidence_json": orjson.dumps(result.evidence) if result.evidence else None,
            "document": None if result.document is None else result.document.SerializeToString(),
            "read_at": None if result.document is None else text,
            "now": text,
        },
    )
    happenings = [_happening(row, before, result)]
    happenings += [_duplicate(row, number, result.state) for number in result.duplicates]
    state = state_of(connection, row.order_id)
    ref = OrderRef(id=row.order_id, business_unit=row.business_unit)
    advance(connection, ref, state, happenings, text, next_at=None if next_at is None else to_text(next_at))
    return Applied(order_id=row.order_id, part_state=result.state, order_state=state, duplicate=bool(result.duplicates))


def _late_evidence(connection: Connection, row: Any, result: Result, now: dt.datetime) -> Applied:
    if row.document_number == result.document_number:
        return _unmoved(connection, row)
    if row.document_number is None and result.state in MOVES[State(row.state)]:
        return _move(connection, row, result, now, None)
    state = state_of(connection, row.order_id)
    ref = OrderRef(id=row.order_id, business_unit=row.business_unit)
    happening = _duplicate(row, result.document_number or "", State(row.state))
    advance(connection, ref, state, [happening], to_text(now))
    return Applied(order_id=row.order_id, part_state=State(row.state), order_state=state, moved=False, duplicate=True)


def _unmoved(connection: Connection, row: Any) -> Applied:
    state = state_of(connection, row.order_id)
    return Applied(order_id=row.order_id, part_state=State(row.state), order_state=state, moved=False)


def _ended(connection: Connection, part_id: str, attempt: int, started: str, result: Result, now: str) -> None:
    connection.execute(
        _ATTEMPT,
        {
            "part_id": part_id,
            "attempt": attempt,
            "started": started,
            "ended": now,
            "outcome": result.outcome,
            "detail": result.detail,
        },
    )


def _happening(row: Any, before: State, result: Result) -> Happening:
    extra: tuple[tuple[str, Any], ...] = (("outcome", result.outcome),)
    if result.document_number is not None:
        extra += (("document_number", result.document_number),)
    return Happening(
        event=f"order.part.{result.state.lower()}",
        before=before,
        after=result.state,
        part=row.number,
        detail=result.detail,
        extra=extra,
    )


def _duplicate(row: Any, document_number: str, state: State) -> Happening:
    return Happening(
        event="order.part.duplicate_found",
        before=state,
        after=state,
        part=row.number,
        detail=f"a second booking exists: {document_number}",
        extra=(("document_number", document_number),),
    )

"""Results of attempts and look-ups reach the store (T3) by compare-and-set on state and attempt.

Evidence of a booking is the exception: it may always be recorded, because the document exists whatever the row says.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from erp_facade.orders.record import Happening, OrderRef, advance, state_of
from erp_facade.orders.results import Result
from erp_facade.orders.states import MOVES, SETTLED, State
from erp_facade.store.schema import attempts, order_parts
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
        document_number=func.coalesce(bindparam("booked_as"), order_parts.c.document_number),
        refusal_reason=bindparam("reason"),
        refusal_message=bindparam("message"),
        evidence=func.coalesce(bindparam("evidence_json"), order_parts.c.evidence),
        booked_order=func.coalesce(bindparam("document"), order_parts.c.booked_order),
        as_of=func.coalesce(bindparam("read_at"), order_parts.c.as_of),
        update_time=bindparam("now"),
    )
)
_ATTEMPT = insert(attempts)
_PART = select(order_parts.c.state, order_parts.c.attempt, order_parts.c.document_number).where(
    order_parts.c.part_id == bindparam("of_part")
)
_LOOKED_UP = (
    update(order_parts)
    .where(order_parts.c.part_id == bindparam("of_part"))
    .values(lookups=order_parts.c.lookups + 1, next_at=bindparam("to_next_at"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A part as it was when its attempt or look-up began; `alone` when it holds all lines of its order."""

    order: OrderRef
    part_id: str
    number: int
    state: State
    attempt: int
    attempt_time: dt.datetime
    correlation_id: str
    alone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What a result did: the states after it. `moved` is False when the row had gone on without it."""

    order_id: str
    part_state: State
    order_state: State
    correlation_id: str
    moved: bool = True
    duplicate: bool = False


def apply_result(
    connection: Connection, seen: Seen, result: Result, now: dt.datetime, next_at: dt.datetime | None
) -> Applied:
    """Record what an attempt or look-up came to.

    A part that went on meanwhile, or cannot move there, is changed only by evidence of a booking.
    """
    if result.state in MOVES[seen.state] and _moved(connection, seen, result.state, result, now, next_at):
        return _advanced(connection, seen, result.state, result, now, next_at)
    row = connection.execute(_PART, {"of_part": seen.part_id}).one()
    present = replace(seen, state=State(row.state), attempt=row.attempt)
    if result.document is not None and row.document_number != result.document_number:
        return _late_booking(connection, present, row.document_number, result, now)
    state = state_of(connection, seen.order.id)
    return _applied(present, present.state, state, moved=False)


def looked_up(connection: Connection, part_id: str, next_at: dt.datetime) -> None:
    """Count a look-up that settled nothing."""
    connection.execute(_LOOKED_UP, {"of_part": part_id, "to_next_at": to_text(next_at)})


def _moved(
    connection: Connection, seen: Seen, state: State, result: Result, now: dt.datetime, next_at: dt.datetime | None
) -> bool:
    """Write the result if the part still is as it was seen; return whether it was."""
    written = connection.execute(
        _MOVE,
        {
            "of_part": seen.part_id,
            "from_state": seen.state.value,
            "from_attempt": seen.attempt,
            "to_state": state.value,
            "in_doubt": state is State.IN_DOUBT,
            "to_next_at": None if next_at is None else to_text(next_at),
            "booked_as": result.document_number,
            "reason": result.refusal_reason,
            "message": result.refusal_message,
            "evidence_json": orjson.dumps(result.evidence) if result.evidence else None,
            "document": None if result.document is None else result.document.SerializeToString(),
            "read_at": None if result.document is None else to_text(now),
            "now": to_text(now),
        },
    )
    return written.rowcount == 1


def _advanced(
    connection: Connection, seen: Seen, state: State, result: Result, now: dt.datetime, next_at: dt.datetime | None
) -> Applied:
    """Record the move of a part in its order, with its event, and the end of an attempt."""
    if seen.state is State.DISPATCHING:
        connection.execute(
            _ATTEMPT,
            {
                "part_id": seen.part_id,
                "attempt": seen.attempt,
                "started": to_text(seen.attempt_time),
                "ended": to_text(now),
                "outcome": result.outcome,
                "detail": result.detail,
            },
        )
    happenings = [_happening(seen, state, result)]
    happenings += [_duplicate(seen, state, number) for number in result.duplicates]
    order_state = state if seen.alone else state_of(connection, seen.order.id)
    planned = None if next_at is None else to_text(next_at)
    advance(connection, seen.order, order_state, happenings, to_text(now), next_at=planned)
    return _applied(seen, state, order_state, duplicate=bool(result.duplicates))


def _late_booking(
    connection: Connection, present: Seen, booked_before: str | None, result: Result, now: dt.datetime
) -> Applied:
    """Record a booking that the row does not know: the one looked for, or one that must not exist."""
    open_still = booked_before is None and present.state not in SETTLED
    if open_still:
        state = result.state if result.state in MOVES[present.state] else present.state
        _moved(connection, present, state, result, now, None)
        return _advanced(connection, present, state, result, now, None)
    order_state = state_of(connection, present.order.id)
    happening = _duplicate(present, present.state, result.document_number or "")
    advance(connection, present.order, order_state, [happening], to_text(now))
    return _applied(present, present.state, order_state, moved=False, duplicate=True)


def _applied(seen: Seen, state: State, order_state: State, *, moved: bool = True, duplicate: bool = False) -> Applied:
    return Applied(
        order_id=seen.order.id,
        part_state=state,
        order_state=order_state,
        correlation_id=seen.correlation_id,
        moved=moved,
        duplicate=duplicate,
    )


def _happening(seen: Seen, state: State, result: Result) -> Happening:
    extra: tuple[tuple[str, Any], ...] = (("outcome", result.outcome),)
    if result.document_number is not None:
        extra += (("document_number", result.document_number),)
    return Happening(
        event=f"order.part.{state.lower()}",
        before=seen.state,
        after=state,
        part=seen.number,
        detail=result.detail,
        extra=extra,
    )


def _duplicate(seen: Seen, state: State, document_number: str) -> Happening:
    return Happening(
        event="order.part.duplicate_found",
        before=state,
        after=state,
        part=seen.number,
        detail=f"a booking that must not exist: {document_number}",
        extra=(("document_number", document_number),),
    )

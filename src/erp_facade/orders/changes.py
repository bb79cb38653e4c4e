"""Carrying out changes of booked documents; at present cancellations.

A change moves through the same states as a part. After an unknown outcome the document is read again: when it shows
what was asked for the change is BOOKED, else it is asked for again under the same reference.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, bindparam, or_, select, update

from erp.v1.orders_pb2 import Order
from erp_facade.orders.backoff import doubt_delay
from erp_facade.orders.clock import Clock
from erp_facade.orders.dispatch import Rest, Sender
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.record import Happening, OrderRef, advance, state_of
from erp_facade.orders.results import Result, of_error
from erp_facade.orders.states import SETTLED, State, check_move
from erp_facade.store import Store
from erp_facade.store.schema import order_changes, order_parts
from erp_facade.store.times import to_text
from erp_ports.call import Call
from erp_ports.errors import ErpError, NotFound, OutcomeUnknown
from erp_ports.ports import FullAdapter
from erp_ports.values import Cancelled

_CHANGE = (
    select(order_changes, order_parts.c.number, order_parts.c.document_number)
    .join(order_parts, order_parts.c.part_id == order_changes.c.part_id)
    .where(order_changes.c.id == bindparam("of_change"))
)
_MOVE = (
    update(order_changes)
    .where(
        order_changes.c.id == bindparam("of_change"),
        order_changes.c.state == bindparam("from_state"),
        order_changes.c.attempt == bindparam("from_attempt"),
    )
    .values(
        state=bindparam("to_state"),
        attempt=bindparam("to_attempt"),
        dirty=or_(order_changes.c.dirty, bindparam("in_doubt")),
        lease_owner=bindparam("owner"),
        refusal_reason=bindparam("refusal"),
        refusal_message=bindparam("message"),
        update_time=bindparam("now"),
    )
)
_PART_CANCELLED = (
    update(order_parts)
    .where(order_parts.c.part_id == bindparam("of_part"), order_parts.c.state == State.BOOKED.value)
    .values(
        state=State.CANCELLED.value,
        booked_order=bindparam("document"),
        as_of=bindparam("now"),
        update_time=bindparam("now"),
    )
)


def _forget(task: asyncio.Task[Cancelled]) -> None:
    """Take note of how an overdue cancellation ended, so that its error is not reported as unheard."""
    if not task.cancelled():
        task.exception()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A change of one document."""

    id: str
    order_ref: OrderRef
    part_id: str
    part: int
    target: str
    document_number: str
    reference: str
    reason: str
    state: State
    attempt: int
    dirty: bool
    correlation_id: str
    traceparent: str


class ChangeSender:
    """Carries out one change at a time for each id."""

    def __init__(
        self,
        *,
        store: Store,
        adapters: Mapping[str, FullAdapter],
        clock: Clock,
        options: OrderOptions,
        sender: Sender,
        rest: Rest,
        owner: str,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._clock = clock
        self._options = options
        self._sender = sender
        self._rest = rest
        self._owner = owner
        self._log = log
        self._under_way: set[str] = set()

    async def carry_out(self, change_id: str) -> tuple[Change, float | None]:
        """Take the change one step further; return it and after how many seconds to come back, None when settled."""
        if change_id in self._under_way:
            return await self._store.read(load_change, change_id), None
        self._under_way.add(change_id)
        try:
            return await self._step(change_id)
        finally:
            self._under_way.discard(change_id)

    async def _step(self, change_id: str) -> tuple[Change, float | None]:
        change = await self._store.read(load_change, change_id)
        if change.state is State.DISPATCHING:
            # No attempt of this process is under way, so an earlier process was lost with it.
            lost = Result(state=State.IN_DOUBT, outcome="LEASE_EXPIRED", detail="the sender was lost on the way")
            change = await self._apply(change, lost)
        if change.state is State.IN_DOUBT:
            found = await self._read_again(change)
            if found is not None:
                change = await self._apply(change, found)
                return change, self._delay(change, None)
        if change.state in SETTLED or change.state is State.REVIEW:
            return change, None
        change = await self._store.write(claim_change, change, self._owner, self._clock.now())
        result = await self._attempt(change)
        pause = None if result.pause is None else self._rest(change.target, result.pause)
        change = await self._apply(change, result)
        return change, self._delay(change, pause)

    def _delay(self, change: Change, pause: float | None) -> float | None:
        if change.state in SETTLED or change.state is State.REVIEW:
            return None
        return pause if pause is not None else doubt_delay(change.attempt - 1)

    async def _apply(self, change: Change, result: Result) -> Change:
        return await self._sender.durably(apply_change, change, result, self._clock.now())

    async def _attempt(self, change: Change) -> Result:
        adapter = self._adapters[change.target]
        unit = change.order_ref.business_unit
        task = asyncio.ensure_future(
            adapter.cancel_order(unit, change.document_number, change.reference, change.reason, self._call(change))
        )
        # An adapter that overruns its deadline must not hold a worker for good; what it does is found out by reading.
        try:
            await asyncio.wait({task}, timeout=self._options.attempt_seconds + self._options.overrun_seconds)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        try:
            if not task.done():
                task.add_done_callback(_forget)
                raise OutcomeUnknown(f"{change.target} did not answer", timed_out=True)
            cancelled = task.result()
        except Exception as error:
            result = of_error(error, dirty=change.dirty)
            if result.state is State.IN_DOUBT and change.attempt >= self._options.max_attempts:
                return Result(state=State.REVIEW, outcome="TOO_MANY_ATTEMPTS", detail=result.detail)
            return result
        return Result(state=State.BOOKED, outcome="CANCELLED", document=cancelled.order)

    async def _read_again(self, change: Change) -> Result | None:
        """Return BOOKED when the document shows the cancellation, IN_DOUBT when it cannot be read, None otherwise."""
        adapter = self._adapters[change.target]
        unit = change.order_ref.business_unit
        try:
            document = await adapter.get_order(unit, change.document_number, self._call(change))
        except NotFound as error:
            return Result(state=State.REVIEW, outcome="DOCUMENT_MISSING", detail=str(error))
        except Exception as error:
            detail = error.detail if isinstance(error, ErpError) else ""
            self._log.warning("order.lookup_failed", change=change.id, error=repr(error), detail=detail)
            return Result(state=State.IN_DOUBT, outcome="LOOKUP_FAILED", detail=str(error))
        if is_cancelled(document):
            return Result(state=State.BOOKED, outcome="FOUND_CANCELLED", document=document)
        return None

    def _call(self, change: Change) -> Call:
        return Call(
            deadline=self._clock.monotonic() + self._options.attempt_seconds,
            correlation_id=change.correlation_id,
            traceparent=change.traceparent,
        )


def is_cancelled(document: Order) -> bool:
    """Return whether the ERP shows the document as cancelled."""
    states = [document.submission_state, *(part.submission_state for part in document.parts)]
    return Order.CANCELLED in states


def load_change(connection: Connection, change_id: str) -> Change:
    """Return a change that an ERP is asked for."""
    row = connection.execute(_CHANGE, {"of_change": change_id}).one()
    return Change(
        id=row.id,
        order_ref=OrderRef(id=row.order_id, business_unit=row.business_unit),
        part_id=row.part_id,
        part=row.number,
        target=row.target,
        document_number=row.document_number,
        reference=row.reference,
        reason=row.reason,
        state=State(row.state),
        attempt=row.attempt,
        dirty=row.dirty,
        correlation_id=row.correlation_id,
        traceparent=row.traceparent,
    )


def claim_change(connection: Connection, change: Change, owner: str, now: dt.datetime) -> Change:
    """Record that the change is about to be asked for once more."""
    claimed = Result(state=State.DISPATCHING, outcome="CLAIMED", detail=f"attempt {change.attempt + 1}")
    return _move(connection, change, claimed, change.attempt + 1, owner, now)


def apply_change(connection: Connection, change: Change, result: Result, now: dt.datetime) -> Change:
    """Record what became of the change; a cancellation that is BOOKED cancels its part."""
    if result.state is change.state:
        return change
    if result.state is State.BOOKED and result.document is not None:
        connection.execute(
            _PART_CANCELLED,
            {"of_part": change.part_id, "document": result.document.SerializeToString(), "now": to_text(now)},
        )
    return _move(connection, change, result, change.attempt, None, now)


def _move(
    connection: Connection, change: Change, result: Result, attempt: int, owner: str | None, now: dt.datetime
) -> Change:
    check_move(change.state, result.state)
    moved = connection.execute(
        _MOVE,
        {
            "of_change": change.id,
            "from_state": change.state.value,
            "from_attempt": change.attempt,
            "to_state": result.state.value,
            "to_attempt": attempt,
            "in_doubt": result.state is State.IN_DOUBT,
            "owner": owner,
            "refusal": result.refusal_reason,
            "message": result.refusal_message,
            "now": to_text(now),
        },
    )
    if moved.rowcount == 1:
        happenings = [
            Happening(
                event=f"order.change.{result.state.lower()}",
                before=change.state,
                after=result.state,
                part=change.part,
                detail=result.detail,
                extra=(("change", change.id), ("outcome", result.outcome)),
            )
        ]
        if result.state is State.BOOKED:
            cancelled = Happening(
                event="order.part.cancelled", before=State.BOOKED, after=State.CANCELLED, part=change.part
            )
            happenings.append(cancelled)
        state = state_of(connection, change.order_ref.id)
        advance(connection, change.order_ref, state, happenings, to_text(now))
    return load_change(connection, change.id)

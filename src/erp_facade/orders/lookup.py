"""Looking parts up by their reference: those in doubt, and those that were handed over.

A look-up that fails says nothing: only "asked, and there is none" is not found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, bindparam, select

from erp.v1.orders_pb2 import Order
from erp_facade.orders.apply import Applied, Seen, apply_result, looked_up
from erp_facade.orders.backoff import doubt_delay
from erp_facade.orders.claim import part_order
from erp_facade.orders.clock import Clock
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.record import OrderRef
from erp_facade.orders.results import Result, of_finding
from erp_facade.orders.states import State
from erp_facade.store import Store
from erp_facade.store.schema import order_parts, orders
from erp_facade.store.times import from_text
from erp_ports.call import Call
from erp_ports.errors import ErpError, Unsupported
from erp_ports.ports import FullAdapter
from erp_ports.values import FindResult

PATIENCE = 5
"""Look-ups that find nothing before a part without a unique reference goes to REVIEW."""

_PART = (
    select(order_parts, orders.c.business_unit, orders.c.payload, orders.c.correlation_id, orders.c.traceparent)
    .join(orders, orders.c.id == order_parts.c.order_id)
    .where(order_parts.c.part_id == bindparam("of_part"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPart:
    """A part whose outcome has to be found out."""

    seen: Seen
    target: str
    reference: str
    lookups: int
    first_attempt_time: dt.datetime
    update_time: dt.datetime
    order: Order
    traceparent: str

    @property
    def part_id(self) -> str:
        return self.seen.part_id

    @property
    def state(self) -> State:
        return self.seen.state

    @property
    def attempt(self) -> int:
        return self.seen.attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class Resend:
    """The part may be sent again to the same target under the same reference."""

    part_id: str
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LookAgain:
    """Nothing is settled; `lookups` counts the look-ups so far."""

    part_id: str
    state: State
    lookups: int


def judge(
    part: OpenPart, found: FindResult, *, unique_reference: bool, now: dt.datetime, options: OrderOptions
) -> Result | Resend | LookAgain:
    """Return what a look-up that the ERP answered means for the part."""
    result = of_finding(part.order, part.reference, found)
    again = LookAgain(part_id=part.part_id, state=part.state, lookups=part.lookups + 1)
    if result is not None and result.state is not part.state:
        return result
    if part.state is State.HANDED_OVER:
        overdue = (now - part.update_time).total_seconds() > options.booking_horizon_seconds
        return _review("NOT_BOOKED", f"handed over and not booked since {part.update_time}") if overdue else again
    if part.state is State.REVIEW:
        return again
    if unique_reference and part.attempt < options.max_attempts:
        return Resend(part_id=part.part_id, attempt=part.attempt)
    if unique_reference:
        return _review("TOO_MANY_ATTEMPTS", f"not found after {part.attempt} attempts")
    if part.lookups + 1 < PATIENCE:
        return again
    text = f"{part.target} has nothing under the reference {part.reference} and would book a repetition again"
    return _review("NOT_FOUND", text)


def _review(outcome: str, detail: str) -> Result:
    return Result(state=State.REVIEW, outcome=outcome, detail=detail, evidence=(detail,))


class Finder:
    """Looks parts up and records what is found."""

    def __init__(
        self,
        *,
        store: Store,
        adapters: Mapping[str, FullAdapter],
        clock: Clock,
        options: OrderOptions,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._clock = clock
        self._options = options
        self._log = log

    async def look(self, part_id: str) -> tuple[Applied, Result] | Resend | LookAgain | None:
        """Ask the part's target once. None when the part needs no look-up any more."""
        part = await self._store.read(load_part, part_id)
        if part.state not in (State.IN_DOUBT, State.HANDED_OVER, State.REVIEW):
            return None
        verdict = await self._ask(part)
        if isinstance(verdict, Result):
            now = self._clock.now()
            applied = await self._store.write(apply_result, part.seen, verdict, now, None)
            return applied, verdict
        if isinstance(verdict, LookAgain) and part.state is State.IN_DOUBT:
            next_at = self._clock.now() + dt.timedelta(seconds=doubt_delay(verdict.lookups))
            await self._store.write(looked_up, part_id, next_at)
        return verdict

    async def _ask(self, part: OpenPart) -> Result | Resend | LookAgain:
        adapter = self._adapters.get(part.target)
        again = LookAgain(part_id=part.part_id, state=part.state, lookups=part.lookups + 1)
        if adapter is None:
            self._log.error("order.backend_missing", part=part.part_id, backend=part.target)
            return again
        call = Call(
            deadline=self._clock.monotonic() + self._options.lookup_seconds,
            correlation_id=part.seen.correlation_id,
            traceparent=part.traceparent,
        )
        now = self._clock.now()
        try:
            found = await adapter.find_order(part.seen.order.business_unit, part.reference, call)
        except Unsupported as error:
            return again if part.state is State.REVIEW else _review("UNSUPPORTED", str(error))
        except Exception as error:
            detail = error.detail if isinstance(error, ErpError) else ""
            self._log.warning("order.lookup_failed", part=part.part_id, error=repr(error), detail=detail)
            doubtful = (now - part.first_attempt_time).total_seconds() > self._options.doubt_horizon_seconds
            if part.state is State.IN_DOUBT and doubtful:
                return _review("LOOKUP_IMPOSSIBLE", f"in doubt since {part.first_attempt_time}: {error}")
            return again
        facts = adapter.declaration.write_facts
        unique = facts is not None and bool(facts.unique_reference)
        return judge(part, found, unique_reference=unique, now=now, options=self._options)


def load_part(connection: Connection, part_id: str) -> OpenPart:
    """Return a part with the lines that belong to it."""
    row: Any = connection.execute(_PART, {"of_part": part_id}).one()
    return OpenPart(
        seen=Seen(
            order=OrderRef(id=row.order_id, business_unit=row.business_unit),
            part_id=row.part_id,
            number=row.number,
            state=State(row.state),
            attempt=row.attempt,
            attempt_time=from_text(row.attempt_time or row.create_time),
            correlation_id=row.correlation_id,
        ),
        target=row.target,
        reference=row.reference,
        lookups=row.lookups,
        first_attempt_time=from_text(row.first_attempt_time or row.create_time),
        update_time=from_text(row.update_time),
        order=part_order(Order.FromString(row.payload), orjson.loads(row.line_ids)),
        traceparent=row.traceparent,
    )

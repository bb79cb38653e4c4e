"""One attempt to book a part: at most one request, every outcome recorded."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from typing import TypeVar, TypeVarTuple

import structlog
from sqlalchemy import Connection

from erp_facade.orders.apply import Applied, Seen, apply_result
from erp_facade.orders.claims import PartClaim
from erp_facade.orders.clock import Clock
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.results import Result, of_answer, of_error
from erp_facade.orders.shadowing import Shadowing
from erp_facade.orders.states import State
from erp_facade.store import Store, StoreUnavailable
from erp_ports.call import Call
from erp_ports.errors import OutcomeUnknown
from erp_ports.ports import FullAdapter
from erp_ports.values import Booked, HandedOver, OrderSubmission

Ts = TypeVarTuple("Ts")
T = TypeVar("T")
Rest = Callable[[str, float], float]


class Sender:
    """Sends claimed parts. `rest` pauses a backend for at least some seconds and returns for how long."""

    def __init__(
        self,
        *,
        store: Store,
        adapters: Mapping[str, FullAdapter],
        clock: Clock,
        options: OrderOptions,
        shadowing: Shadowing,
        rest: Rest,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._adapters = adapters
        self._clock = clock
        self._options = options
        self._shadowing = shadowing
        self._rest = rest
        self._log = log
        self._late: set[asyncio.Task[None]] = set()
        self.under_way: set[str] = set()
        """Parts whose lease is to be kept."""

    async def send(self, claim: PartClaim) -> tuple[Applied, Result]:
        """Send the part once and record the outcome, however long the store takes to record it.

        Cancelling leaves the part DISPATCHING under its lease; it is in doubt when that ends.
        """
        self.under_way.add(claim.part_id)
        try:
            result = await self._attempt(claim)
            return await self._record(claim, result)
        finally:
            self.under_way.discard(claim.part_id)

    async def _attempt(self, claim: PartClaim) -> Result:
        if claim.lease_until - self._clock.monotonic() < self._options.lease_seconds / 2:
            back = State.IN_DOUBT if claim.dirty else State.ACCEPTED
            return Result(state=back, outcome="LEASE_SHORT", detail="not sent: the claim waited too long")
        self._shadowing.begin(claim)
        task = asyncio.ensure_future(self._ask(claim))
        try:
            await asyncio.wait({task}, timeout=self._options.attempt_seconds + self._options.overrun_seconds)
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        if task.done():
            return _result(claim, task)
        self._keep_late(claim, task)
        text = f"{claim.target} did not answer within {self._options.attempt_seconds} s"
        return of_error(OutcomeUnknown(text, timed_out=True), dirty=claim.dirty)

    async def _ask(self, claim: PartClaim) -> Booked | HandedOver:
        submission = OrderSubmission(
            business_unit=claim.order_ref.business_unit,
            order=claim.order,
            reference=claim.reference,
            attempt=claim.attempt,
            first_attempt_time=claim.first_attempt_time,
        )
        call = Call(
            deadline=self._clock.monotonic() + self._options.attempt_seconds,
            correlation_id=claim.correlation_id,
            traceparent=claim.traceparent,
        )
        return await self._adapters[claim.target].create_order(submission, call)

    async def _record(self, claim: PartClaim, result: Result) -> tuple[Applied, Result]:
        now = self._clock.now()
        next_at = None
        if result.pause is not None:
            next_at = now + dt.timedelta(seconds=self._rest(claim.target, result.pause))
        applied = await self.durably(apply_result, _seen(claim), result, now, next_at)
        self.settled(claim.part_id, applied, result)
        return applied, result

    def settled(self, part_id: str, applied: Applied, result: Result) -> None:
        """Tell the dual run what became of a part, whether an attempt or a look-up found it out."""
        self._shadowing.settled(part_id, applied.part_state, result)

    async def durably(self, work: Callable[[Connection, *Ts], T], *args: *Ts) -> T:
        """Write, and try again while the store cannot be written: what an ERP said must not be forgotten."""
        delay = 0.1
        while True:
            try:
                return await self._store.write(work, *args)
            except StoreUnavailable as error:
                self._log.error("order.result_not_stored", error=str(error), retry_seconds=delay)
            await self._clock.sleep(delay)
            delay = min(delay * 2, 5.0)

    def _keep_late(self, claim: PartClaim, task: asyncio.Task[Booked | HandedOver]) -> None:
        late = asyncio.ensure_future(self._record_late(claim, task))
        self._late.add(late)
        late.add_done_callback(self._late.discard)

    async def _record_late(self, claim: PartClaim, task: asyncio.Task[Booked | HandedOver]) -> None:
        """Record a booking that is answered after the part was given up on; anything else settles nothing."""
        await asyncio.wait({task})
        result = _result(claim, task)
        if result.document is not None:
            await self._record(claim, result)

    async def close(self) -> None:
        """Give up waiting for answers that are overdue."""
        for task in list(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)


def _result(claim: PartClaim, task: asyncio.Task[Booked | HandedOver]) -> Result:
    if task.cancelled():
        return of_error(OutcomeUnknown("the call was cancelled"), dirty=claim.dirty)
    error = task.exception()
    if error is None:
        return of_answer(claim.order, claim.reference, task.result())
    if not isinstance(error, Exception):
        raise error
    return of_error(error, dirty=claim.dirty)


def _seen(claim: PartClaim) -> Seen:
    return Seen(
        order=claim.order_ref,
        part_id=claim.part_id,
        number=claim.number,
        state=State.DISPATCHING,
        attempt=claim.attempt,
        attempt_time=claim.attempt_time,
        correlation_id=claim.correlation_id,
        alone=claim.alone,
    )

"""The running dispatcher: claims accepted orders, sends their parts, and finds out what is in doubt.

Its tasks are its own. After an order is accepted, no caller's deadline or cancellation reaches them. What it holds in
memory is only a plan; everything is in the store, and `start` resumes from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from erp_facade.orders.agenda import Agenda
from erp_facade.orders.apply import Applied
from erp_facade.orders.backoff import doubt_delay, poll_delay
from erp_facade.orders.changes import ChangeSender
from erp_facade.orders.claim import Claimer
from erp_facade.orders.claims import ClaimResult, PartClaim
from erp_facade.orders.clock import Clock
from erp_facade.orders.dispatch import Sender
from erp_facade.orders.lanes import Lanes
from erp_facade.orders.leases import expire, renew
from erp_facade.orders.lookup import Finder, LookAgain, Resend
from erp_facade.orders.open_work import read_open_work
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.results import Result
from erp_facade.orders.states import AWAITING_PERSON, SETTLED, State
from erp_facade.orders.waiting import Waiting
from erp_facade.store import Store, StoreUnavailable
from erp_facade.store.route_rows import read_version

Job = Callable[[], Awaitable[None]]

_UNCERTIFIED_SECONDS = 60.0
"""How often a part in REVIEW that was never found is looked up, until a person certifies it."""
_ROUTES_SECONDS = 1.0
"""How often the route version is read for the orders that wait for a flip."""


class Dispatcher:
    """Runs the orders of one process. `start` once, then `drain` and `stop` once."""

    def __init__(
        self,
        *,
        store: Store,
        claimer: Claimer,
        sender: Sender,
        finder: Finder,
        changes: ChangeSender,
        lanes: Lanes,
        clock: Clock,
        options: OrderOptions,
        owner: str,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._store = store
        self._claimer = claimer
        self._sender = sender
        self._finder = finder
        self._changes = changes
        self._lanes = lanes
        self._clock = clock
        self._options = options
        self._owner = owner
        self._log = log
        self._agenda = Agenda(clock)
        self._jobs: asyncio.Queue[Job] = asyncio.Queue()
        self._lookups: asyncio.Queue[Job] = asyncio.Queue()
        self._polls: asyncio.Queue[Job] = asyncio.Queue()
        self._wanted_changes: asyncio.Queue[Job] = asyncio.Queue()
        self._watched: dict[str, int] = {}
        """Parts that a look-up is planned for, with the number of polls so far."""
        self._blocked: dict[str, set[str]] = {}
        self._for_routes: set[str] = set()
        self._planned: set[str] = set()
        self._busy = self._changing = 0
        self._accepting = False
        self._route_version = 0
        self._tasks: list[asyncio.Task[None]] = []
        self.waiting = Waiting()

    # ------------------------------------------------------------------------------------------------- life cycle

    async def start(self) -> None:
        """Take over whatever the store holds and start working. Every earlier process's lease counts as expired."""
        self._accepting = True
        await self._sweep()
        options = self._options
        self._tasks += [asyncio.create_task(self._send_from_queue()) for _ in range(options.workers)]
        self._tasks += [asyncio.create_task(self._work(self._lookups)) for _ in range(options.lookup_workers)]
        self._tasks += [asyncio.create_task(self._work(self._polls)) for _ in range(options.poll_workers)]
        self._tasks += [asyncio.create_task(self._change_from_queue()) for _ in range(options.change_workers)]
        self._tasks.append(asyncio.create_task(self._agenda.run()))
        self._tasks.append(asyncio.create_task(self._every(options.sweep_seconds, self._sweep)))
        self._tasks.append(asyncio.create_task(self._every(_ROUTES_SECONDS, self._follow_routes)))
        self._tasks.append(asyncio.create_task(self._every(options.lease_seconds / 4, self._renew)))

    async def drain(self, seconds: float) -> None:
        """Claim nothing more and wait at most so many seconds for what is being sent; callers stop waiting."""
        self._accepting = False
        self.waiting.release_all()
        deadline = self._clock.monotonic() + seconds
        while (self._busy or self._changing or not self._jobs.empty()) and self._clock.monotonic() < deadline:
            await self._clock.sleep(0.02)

    async def stop(self) -> None:
        """End every task. What was being sent stays DISPATCHING in the store; the next start looks it up."""
        self._accepting = False
        self.waiting.release_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._sender.close()

    # --------------------------------------------------------------------------------------------------- entrances

    @property
    def running(self) -> bool:
        """Whether accepted orders are being sent at the moment."""
        return self._accepting

    def claimer_now(self) -> tuple[Claimer | None, frozenset[str]]:
        """Return how an order may be claimed as it is accepted, if a worker is free; and the closed backends."""
        free = self._accepting and self._busy + self._jobs.qsize() < self._options.workers
        return (self._claimer if free else None), self._lanes.closed()

    def accepted(self, order_id: str, claim: ClaimResult, *, claimed: bool) -> None:
        """Go on with an order that was just accepted, and claimed too if `claimed`."""
        if not claimed:
            self.wake(order_id)
            return
        self._plan(order_id, claim)
        if claim.claims:
            self._jobs.put_nowait(partial(self._send_all, claim.claims))

    def wake(self, order_id: str) -> None:
        """Try to claim the order soon."""
        self._planned.add(order_id)
        self._jobs.put_nowait(partial(self._claim, order_id))

    def wake_change(self, change_id: str) -> None:
        """Carry the change out soon."""
        self._wanted_changes.put_nowait(partial(self._carry_out, change_id))

    def routes_changed(self) -> None:
        """Try again to claim what waits for a route, an open intake or a backend."""
        for order_id in [*self._for_routes, *self._lanes.unpark_all()]:
            self.wake(order_id)
        self._for_routes.clear()

    # ------------------------------------------------------------------------------------------------------ working

    async def _work(self, queue: asyncio.Queue[Job]) -> None:
        while True:
            job = await queue.get()
            await self._guarded(queue, job)

    async def _guarded(self, queue: asyncio.Queue[Job], job: Job) -> None:
        try:
            await job()
        except StoreUnavailable as error:
            self._log.error("order.store_unavailable", error=str(error))
            self._agenda.put(f"job:{id(job)}", 1.0, partial(queue.put_nowait, job))
        except Exception as error:
            # The store still holds the work; the sweep or the end of the lease brings it back.
            self._log.error("order.fault", exc_info=error)

    async def _every(self, seconds: float, work: Job) -> None:
        while True:
            await self._clock.sleep(seconds)
            try:
                await work()
            except StoreUnavailable as error:
                self._log.error("order.store_unavailable", error=str(error))
            except Exception as error:
                self._log.error("order.fault", exc_info=error)

    async def _send_from_queue(self) -> None:
        """Work off claims and sends; the number under way tells whether an order may be claimed as it is accepted."""
        while True:
            job = await self._jobs.get()
            self._busy += 1
            try:
                await self._guarded(self._jobs, job)
            finally:
                self._busy -= 1

    async def _change_from_queue(self) -> None:
        """Carry changes out one by one; an end of the process waits for those under way as for sends."""
        while True:
            job = await self._wanted_changes.get()
            self._changing += 1
            try:
                await self._guarded(self._wanted_changes, job)
            finally:
                self._changing -= 1

    async def _claim(self, order_id: str) -> None:
        self._planned.discard(order_id)
        if self._accepting:
            claim = await self._store.write(self._claimer.claim_order, order_id, self._lanes.closed())
            self._plan(order_id, claim)
            await self._send_all(claim.claims)

    async def _send_all(self, claims: Sequence[PartClaim]) -> None:
        if len(claims) == 1:
            await self._send(claims[0])
        elif claims:
            await asyncio.gather(*map(self._send, claims))

    def _plan(self, order_id: str, claim: ClaimResult) -> None:
        """Note what the rest of the order waits for; without any await, so that no change is missed meanwhile."""
        if claim.blocked_by is not None:
            self._planned.add(order_id)
            self._blocked.setdefault(claim.blocked_by, set()).add(order_id)
        elif claim.draining or claim.problem:
            if claim.problem:
                self._log.error("order.no_target", order=order_id, problem=claim.problem)
            self._planned.add(order_id)
            self._for_routes.add(order_id)
        elif claim.closed:
            backend = min(claim.closed)
            if not self._lanes.park(backend, order_id):
                self.wake(order_id)
                return
            self._planned.add(order_id)
            if left := self._lanes.pause_left(backend):
                self._agenda.put(f"lane:{backend}", left, partial(self._reopen, backend))

    def _reopen(self, backend: str) -> None:
        for order_id in self._lanes.unpark(backend):
            self.wake(order_id)

    async def _send(self, claim: PartClaim) -> None:
        self._lanes.enter(claim.target)
        try:
            applied, result = await self._sender.send(claim)
        finally:
            self._lanes.leave(claim.target)
        if result.pause is None and result.state is not State.IN_DOUBT:
            self._lanes.answered(claim.target)
        self._reopen(claim.target)
        self._follow(claim.part_id, applied, result)

    async def _resend(self, resend: Resend) -> None:
        if self._accepting:
            claim = await self._store.write(self._claimer.claim_again, resend.part_id, resend.attempt)
            await self._send_all([claim] if claim is not None else [])

    async def _look(self, part_id: str) -> None:
        polls = self._watched.pop(part_id, 0)
        found = await self._finder.look(part_id)
        match found:
            case Resend():
                self._jobs.put_nowait(partial(self._resend, found))
            case LookAgain():
                self._look_later(part_id, found.state, found.lookups, polls + 1)
            case (applied, result):
                self._sender.settled(part_id, applied, result)
                self._follow(part_id, applied, result)

    def _look_later(self, part_id: str, state: State, lookups: int = 0, polls: int = 0) -> None:
        self._watched[part_id] = polls
        if state is State.HANDED_OVER:
            delay, queue = poll_delay(polls), self._polls
        else:
            delay = _UNCERTIFIED_SECONDS if state is State.REVIEW else doubt_delay(lookups)
            queue = self._lookups
        self._agenda.put(f"look:{part_id}", delay, partial(queue.put_nowait, partial(self._look, part_id)))

    def _follow(self, part_id: str, applied: Applied, result: Result) -> None:
        """Plan what comes next for a part whose result is recorded, and tell those who wait for the order."""
        self._log_result(part_id, applied, result)
        if applied.part_state in (State.IN_DOUBT, State.HANDED_OVER):
            self._look_later(part_id, applied.part_state)
        elif applied.part_state is State.REVIEW and result.document is None:
            self._look_later(part_id, State.REVIEW)
        if applied.part_state is State.ACCEPTED:
            self.wake(applied.order_id)
        self.told(applied.order_id, applied.order_state)

    def told(self, order_id: str, state: State) -> None:
        """Tell the order's state to those who wait for it: callers, and later orders of the customer."""
        if state in SETTLED or state in AWAITING_PERSON:
            self.waiting.release(order_id)
        if state not in (State.ACCEPTED, State.DISPATCHING, State.HANDED_OVER):
            self._unblock(order_id)

    def _unblock(self, order_id: str) -> None:
        for waiting in self._blocked.pop(order_id, ()):
            self.wake(waiting)

    def _log_result(self, part_id: str, applied: Applied, result: Result) -> None:
        log = self._log.warning if applied.part_state in (State.IN_DOUBT, State.REVIEW) else self._log.info
        log(
            "order.part", part=part_id, state=applied.part_state.value, order_state=applied.order_state.value,
            outcome=result.outcome, detail=result.detail, document=result.document_number, moved=applied.moved,
            correlation_id=applied.correlation_id,
        )  # fmt: skip
        if applied.duplicate:
            self._log.error(
                "order.duplicate_found", part=part_id, detail=result.detail, correlation_id=applied.correlation_id
            )

    async def _carry_out(self, change_id: str) -> None:
        if not self._accepting:
            return
        change, delay = await self._changes.carry_out(change_id)
        if delay is not None:
            self._agenda.put(f"change:{change_id}", delay, partial(self.wake_change, change_id))
        elif change.state in SETTLED or change.state is State.REVIEW:
            self.waiting.release(change_id)
        self._log.info(
            "order.change", change=change_id, state=change.state.value, order=change.order_ref.name,
            correlation_id=change.correlation_id,
        )  # fmt: skip

    # ----------------------------------------------------------------------------------------------- looking after

    async def _renew(self) -> None:
        under_way = list(self._sender.under_way)
        if under_way:
            until = self._clock.monotonic() + self._options.lease_seconds
            await self._store.write(renew, self._owner, under_way, until)

    async def _sweep(self) -> None:
        """Bring back whatever the plan in memory has lost."""
        under_way = frozenset(self._sender.under_way)
        expired = await self._store.write(expire, self._owner, self._clock.monotonic(), under_way, self._clock.now())
        for part_id, applied in expired:
            self._log.warning("order.lease_expired", part=part_id, correlation_id=applied.correlation_id)
            self.told(applied.order_id, applied.order_state)
        work = await self._store.read(read_open_work)
        for part_id, state in work.parts:
            if part_id not in self._sender.under_way and part_id not in self._watched:
                self._look_later(part_id, state)
        for order_id in work.order_ids:
            if order_id not in self._planned:
                self.wake(order_id)
        for order_id in self._blocked.keys() - work.blocking_ids:
            self._unblock(order_id)
        for change_id in work.change_ids:
            if f"change:{change_id}" not in self._agenda:
                self.wake_change(change_id)
        for backend in self._lanes.backends:
            self._reopen(backend)

    async def _follow_routes(self) -> None:
        """Notice a flip that nobody told of, so that no order waits longer than a moment for it."""
        version = await self._store.read(read_version)
        if version != self._route_version:
            self._route_version = version
            self.routes_changed()

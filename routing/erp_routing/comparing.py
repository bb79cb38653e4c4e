"""What happens to a call off the caller's path: the candidate is asked, the answers are judged, noise is told apart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from google.protobuf.message import Message

from erp.v1.orders_pb2 import Order
from erp_ports.errors import ErpError
from erp_ports.operations import Operation
from erp_ports.ports import ShadowAdapter
from erp_routing import noise
from erp_routing.asking import Asked, ask
from erp_routing.booking_shadow import Booking, BookingShadow
from erp_routing.comparability import STOCK_NOT_SHARED, comparability
from erp_routing.comparison import Comparability, Verdict, judge
from erp_routing.comparison.booked import as_simulation
from erp_routing.comparison.judge import not_comparable
from erp_routing.lane import Job, Lane
from erp_routing.observation import ComparisonTask
from erp_routing.pending import Pending
from erp_routing.recording import Recorder
from erp_routing.routes import StockSync

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Comparing:
    """Runs comparisons in the candidates' lanes. `candidate_first` decides the order when both are asked again."""

    shadows: Mapping[str, ShadowAdapter]
    controls: Mapping[str, ShadowAdapter]
    lanes: Mapping[str, Lane]
    recorder: Recorder
    deadline_seconds: float
    linger_seconds: float
    sync_lag_seconds: float
    candidate_first: Callable[[], bool]

    async def compare(self, pending: Pending) -> None:
        """Ask the candidate what the control was asked, and judge."""
        task = pending.task
        control = task.control_answer
        if control is None:
            raise ValueError("a call is offered with its answer")
        if task.operation is Operation.CHECK_AVAILABILITY and task.stock_sync is StockSync.NONE:
            self.recorder.conclude(pending, not_comparable(STOCK_NOT_SHARED), control, None)
            return
        asked = await self._ask(self.shadows, task.candidate, task)
        scope = self._comparability(task)
        verdict = _judged(task, control, asked.outcome, scope)
        if noise.unsettled(verdict):
            assert isinstance(control, Message)
            verdict = await self._without_drift(task, control, verdict, scope)
            if noise.unsettled(verdict) and self.sync_lag_seconds > 0:
                self._look_again_later(pending, control, verdict, asked, scope)
                return
        self.recorder.conclude(pending, verdict, control, asked)

    async def _without_drift(
        self, task: ComparisonTask, control: Message, verdict: Verdict, scope: Comparability
    ) -> Verdict:
        """Ask the control once more, and judge VOLATILE what it does not even agree on with itself."""
        again, _ = await self._ask_both(task)
        if not isinstance(again, Message):
            return verdict
        paths = noise.moved(control, again, scope)
        return noise.with_volatile(verdict, paths, "the control changed between two reads")

    def _look_again_later(
        self, pending: Pending, control: Message, verdict: Verdict, asked: Asked, scope: Comparability
    ) -> None:
        """Ask both again after the synchronisation lag; where there is no room for that, the verdict stays."""
        leave = partial(self.recorder.conclude, pending, verdict, control, asked)

        async def look() -> None:
            ours, theirs = await self._ask_both(pending.task)
            settled = verdict
            if isinstance(ours, Message) and isinstance(theirs, Message):
                paths = noise.settled(ours, theirs, scope, noise.unsettled(verdict))
                settled = noise.with_volatile(verdict, paths, "equal after the synchronisation lag")
            self.recorder.conclude(pending, settled, control, asked)

        def offer() -> None:
            if not self.lanes[pending.task.candidate].offer(Job(run=look, drop=leave)):
                leave()

        asyncio.get_running_loop().call_later(self.sync_lag_seconds, offer)

    async def simulate(self, pending: Pending, shadow: BookingShadow) -> None:
        """Ask the candidate what it would book."""
        asked = await self._ask(self.shadows, pending.task.candidate, pending.task)
        if not shadow.booked and not pending.ended:
            self.recorder.pending.wait_for_booking(pending, True)
        shadow.simulated(asked)

    def booked(self, pending: Pending, booking: Booking, asked: Asked) -> None:
        """Compare a booking a moment later: whoever says that it is booked must not wait for this."""
        self.recorder.pending.wait_for_booking(pending, False)
        asyncio.get_running_loop().call_later(self.linger_seconds, self._compare_booking, pending, booking, asked)

    def _compare_booking(self, pending: Pending, booking: Booking, asked: Asked) -> None:
        """Compare what was booked with what the candidate would book. The control is not asked again."""
        if pending.ended:
            return
        task = replace(pending.task, control_started=booking.started, control_seconds=booking.seconds)
        pending.task = task
        control = as_simulation(booking.outcome) if isinstance(booking.outcome, Order) else booking.outcome
        scope = self._comparability(task, booking=True, booked_between=asked.ended > booking.started)
        self.recorder.conclude(pending, _judged(task, control, asked.outcome, scope), control, asked)

    def _comparability(
        self, task: ComparisonTask, *, booking: bool = False, booked_between: bool = False
    ) -> Comparability:
        control, candidate = self.controls.get(task.control), self.shadows.get(task.candidate)
        return comparability(
            task.operation,
            task.stock_sync,
            control.declaration if control is not None else None,
            candidate.declaration if candidate is not None else None,
            booking=booking,
            booked_between=booked_between,
        )

    async def _ask_both(self, task: ComparisonTask) -> tuple[Message | ErpError, Message | ErpError]:
        """Ask both once more, in random order, so that a steady drift of the stock favours neither."""
        sides = [(self.controls, task.control), (self.shadows, task.candidate)]
        order: list[int] = [1, 0] if self.candidate_first() else [0, 1]
        outcomes = {side: (await self._ask(*sides[side], task)).outcome for side in order}
        return outcomes[0], outcomes[1]

    def _ask(self, views: Mapping[str, ShadowAdapter], backend: str, task: ComparisonTask) -> Awaitable[Asked]:
        return ask(
            views.get(backend),
            task.operation,
            task.request,
            seconds=self.deadline_seconds,
            correlation_id=task.correlation_id,
            traceparent=task.traceparent,
        )


def _judged(
    task: ComparisonTask, control: Message | ErpError, candidate: Message | ErpError, scope: Comparability
) -> Verdict:
    try:
        return judge(control, candidate, scope)
    except Exception as error:
        _log.exception("dual_run.comparison_failed", extra={"correlation_id": task.correlation_id})
        return not_comparable(f"the answers cannot be read: {type(error).__name__}")

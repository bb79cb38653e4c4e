"""The dual run: asks the candidate off the caller's path, compares, and hands observations to a sink.

A caller pays for `offer` alone, which queues references and returns. Everything else runs in tasks of the dual run,
with a deadline, a limit per ERP and a bounded queue; where it cannot keep up, it sheds and counts what it shed.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import random
from collections.abc import Callable, Mapping
from functools import partial

from erp_ports.operations import Operation
from erp_ports.ports import ShadowAdapter
from erp_routing.booking_shadow import BookingShadow
from erp_routing.comparing import Comparing
from erp_routing.coverage import Coverage
from erp_routing.lane import Job, Lane
from erp_routing.observation import ComparisonTask, CoverageScope, LeftOut, ObservationSink
from erp_routing.pending import Pending
from erp_routing.recording import Recorder
from erp_routing.routes import Capability
from erp_routing.sampling import near_midnight, sampled

_log = logging.getLogger(__name__)
_DATED = frozenset({Operation.CALCULATE_PRICES, Operation.SIMULATE_ORDER})


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _coin() -> bool:
    return random.random() < 0.5  # noqa: S311 (an order, not a secret)


class DualRun:
    """Compares the answers of two ERPs. It belongs to one event loop.

    `shadows` and `controls` are views without writes, by backend: `shadows` built with the shadow credential,
    `controls` with the live one, to ask a control once more. `zones` are the business units' time zones. `in_flight`
    and `queue` limit each candidate ERP; a call that waited `longest_wait_seconds` is shed, because the ERPs have
    moved on since the control answered.
    """

    def __init__(
        self,
        shadows: Mapping[str, ShadowAdapter],
        controls: Mapping[str, ShadowAdapter],
        sink: ObservationSink,
        *,
        zones: Mapping[str, dt.tzinfo],
        deadline_seconds: float = 5.0,
        in_flight: int = 8,
        queue: int = 1000,
        longest_wait_seconds: float = 5.0,
        linger_seconds: float = 0.002,
        sync_lag_seconds: float = 0.5,
        midnight_margin: dt.timedelta = dt.timedelta(minutes=5),
        booking_wait_seconds: float = 900.0,
        tell_seconds: float = 1.0,
        now: Callable[[], dt.datetime] = _utc_now,
        candidate_first: Callable[[], bool] = _coin,
    ) -> None:
        self._zones = zones
        self._queue = queue
        self._midnight_margin = midnight_margin
        self._booking_wait = booking_wait_seconds
        self._now = now
        self._closed = False
        self._recorder = Recorder(sink, limit=queue, tell_seconds=tell_seconds)
        self._lanes = {
            backend: Lane(
                in_flight=in_flight,
                bound=queue,
                longest_wait_seconds=longest_wait_seconds,
                linger_seconds=linger_seconds,
            )
            for backend in shadows
        }
        self._comparing = Comparing(
            shadows=shadows,
            controls=controls,
            lanes=self._lanes,
            recorder=self._recorder,
            deadline_seconds=deadline_seconds,
            linger_seconds=linger_seconds,
            sync_lag_seconds=sync_lag_seconds,
            candidate_first=candidate_first,
        )

    @property
    def coverage(self) -> Coverage:
        """Counts since this process started."""
        return self._recorder.coverage

    def offer(self, task: ComparisonTask) -> None:
        """Take a call that was answered. Never blocks and never raises."""
        try:
            pending = self._accepted(task)
            if pending is not None:
                self._queue_job(
                    pending, Job(run=partial(self._comparing.compare, pending), drop=self._drop(pending)), at_once=False
                )
        except Exception:
            _log.exception("dual_run.offer_failed", extra={"correlation_id": task.correlation_id})

    def skip(self, business_unit: str, plants: tuple[str, ...], capability: Capability) -> None:
        """Count a call that a shadow was configured for and that cannot be compared fairly. Never raises."""
        scope = CoverageScope(business_unit=business_unit, plants=plants, capability=capability)
        self._recorder.leave_out(scope, LeftOut.SKIPPED)

    def simulate_for_booking(self, task: ComparisonTask) -> BookingShadow | None:
        """Start the candidate's simulation of an order that is about to be booked. Never blocks and never raises.

        The task's `control_answer` is None; `complete` of what this returns brings it. None when the booking is not
        compared. A shadow that is neither completed nor abandoned gives up after `booking_wait_seconds`.
        """
        try:
            pending = self._accepted(task)
            if pending is None:
                return None
            if self._recorder.pending.bookings_waited_for >= self._queue:
                self._recorder.leave_out(pending.scope, LeftOut.SHED)
                return None
            shadow = BookingShadow(
                compare=partial(self._comparing.booked, pending),
                give_up=partial(self._recorder.conclude_without, pending),
            )
            job = Job(run=partial(self._comparing.simulate, pending, shadow), drop=self._drop(pending))
            if not self._queue_job(pending, job, at_once=True):
                return None
            pending.expiry = asyncio.get_running_loop().call_later(
                self._booking_wait, shadow.abandon, "the booking did not settle in time"
            )
            return shadow
        except Exception:
            _log.exception("dual_run.offer_failed", extra={"correlation_id": task.correlation_id})
            return None

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 (the answer says whether it was enough)
        """Wait until everything offered has ended; return whether it has. Bookings that are not booked do not count."""
        try:
            async with asyncio.timeout(timeout):
                await self._recorder.pending.idle()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Take nothing more, give up what is under way, and keep what is known."""
        self._closed = True
        for lane in self._lanes.values():
            await lane.close()
        await self._recorder.close()

    def _accepted(self, task: ComparisonTask) -> Pending | None:
        """Return the comparison to start, or count why there is none."""
        scope = CoverageScope(business_unit=task.business_unit, plants=task.plants, capability=task.capability)
        left_out = self._left_out(task)
        if left_out is not None:
            self._recorder.leave_out(scope, left_out)
            return None
        return Pending(task=task, scope=scope, offered=self._now())

    def _left_out(self, task: ComparisonTask) -> LeftOut | None:
        if self._closed or task.candidate not in self._lanes:
            return LeftOut.SHED
        if not sampled(task.correlation_id, task.shadow_percent):
            return LeftOut.UNSAMPLED
        if task.date_defaulted and task.operation in _DATED:
            zone = self._zones.get(task.business_unit, dt.UTC)
            if near_midnight(self._now(), zone, self._midnight_margin):
                return LeftOut.SKIPPED
        return None

    def _drop(self, pending: Pending) -> Callable[[], None]:
        return partial(self._recorder.shed, pending)

    def _queue_job(self, pending: Pending, job: Job, *, at_once: bool) -> bool:
        if not self._lanes[pending.task.candidate].offer(job, at_once=at_once):
            self._recorder.leave_out(pending.scope, LeftOut.SHED)
            return False
        self._recorder.begin(pending)
        return True

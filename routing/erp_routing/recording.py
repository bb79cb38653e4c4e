"""The end of every comparison: what was seen goes to the sink, and every call is counted exactly once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from google.protobuf.message import Message

from erp_ports.errors import ErpError
from erp_routing.asking import Asked
from erp_routing.comparison import RULE_SET, Verdict
from erp_routing.comparison.judge import not_comparable
from erp_routing.coverage import Coverage
from erp_routing.observation import CoverageScope, ErrorRecord, LeftOut, Observation, ObservationSink
from erp_routing.pending import Pending, PendingSet

_log = logging.getLogger(__name__)


class Recorder:
    """Hands observations and counts to the sink in tasks of its own, at most `limit` of them at a time."""

    def __init__(self, sink: ObservationSink, *, limit: int, tell_seconds: float) -> None:
        self._sink = sink
        self._limit = limit
        self._tell_seconds = tell_seconds
        self._tell: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self.coverage = Coverage()
        self.pending = PendingSet()

    def begin(self, pending: Pending) -> None:
        """Count a comparison that starts."""
        self.coverage.begin(pending.scope)
        self.pending.add(pending)

    def leave_out(self, scope: CoverageScope, why: LeftOut) -> None:
        """Count a call that is not compared."""
        self.coverage.leave_out(scope, why)
        self._tell_soon()

    def conclude(
        self, pending: Pending, verdict: Verdict, control: Message | ErpError | None, asked: Asked | None
    ) -> None:
        """Keep what a comparison found; shed it when the sink is too far behind."""
        if pending.ended:
            return
        if len(self._tasks) >= self._limit:
            self.shed(pending)
            return
        pending.ended = True
        self._spawn(self._store(pending, _observation(pending, verdict, control, asked)))

    def conclude_without(self, pending: Pending, reason: str) -> None:
        """Keep that there was nothing to compare."""
        self.conclude(pending, not_comparable(reason), None, None)

    def shed(self, pending: Pending) -> None:
        """Count a comparison that started and is given up."""
        if not pending.ended:
            pending.ended = True
            self._give_up(pending)
            self.pending.remove(pending)

    async def close(self) -> None:
        """Give up what has not ended, wait for what is being kept, and tell the sink the last counts."""
        self._closed = True
        for pending in self.pending.not_ended():
            self.shed(pending)
        if self._tell is not None:
            self._tell.cancel()
        while self._tasks:
            await asyncio.gather(*self._tasks)
        await self._tell_sink()

    async def _store(self, pending: Pending, observation: Observation) -> None:
        try:
            await self._sink.store(observation)
        except Exception:
            _log.exception("dual_run.store_failed", extra={"correlation_id": observation.correlation_id})
            self._give_up(pending)
        else:
            self.coverage.end(pending.scope, observation.comparison_class)
        finally:
            self.pending.remove(pending)

    def _give_up(self, pending: Pending) -> None:
        self.coverage.give_up(pending.scope)
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._tell is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._tell = loop.call_later(self._tell_seconds, lambda: self._spawn(self._tell_sink()))

    async def _tell_sink(self) -> None:
        self._tell = None
        untold = self.coverage.take_untold()
        if not untold:
            return
        try:
            await self._sink.count(untold)
        except Exception:
            _log.exception("dual_run.count_failed")
            self.coverage.put_back(untold)
            self._tell_soon()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _observation(
    pending: Pending, verdict: Verdict, control: Message | ErpError | None, asked: Asked | None
) -> Observation:
    task = pending.task
    candidate = asked.outcome if asked is not None else None
    return Observation(
        observe_time=pending.offered,
        correlation_id=task.correlation_id,
        business_unit=task.business_unit,
        plants=task.plants,
        capability=task.capability,
        operation=task.operation,
        control=task.control,
        candidate=task.candidate,
        comparison_class=verdict.comparison_class,
        reason=verdict.reason,
        differences=verdict.differences,
        route_version=task.route_version,
        rule_set=RULE_SET,
        control_seconds=task.control_seconds,
        candidate_seconds=asked.seconds if asked is not None else 0.0,
        request=task.request,
        control_answer=control if isinstance(control, Message) else None,
        candidate_answer=candidate if isinstance(candidate, Message) else None,
        control_error=ErrorRecord.of(control) if isinstance(control, ErpError) else None,
        candidate_error=ErrorRecord.of(candidate) if isinstance(candidate, ErpError) else None,
    )

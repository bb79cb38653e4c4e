"""The seam to the dual run: while a part is booked at its target, the candidate is asked to simulate the same lines.

A write is never mirrored. A shadow can neither slow nor fail a booking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from erp.v1.orders_pb2 import Order, SimulateOrderRequest
from erp_facade.orders.claims import PartClaim
from erp_facade.orders.states import State
from erp_ports.names import business_unit_name
from erp_routing.decision import Decision


class ShadowBooking(Protocol):
    """A comparison under way for one part."""

    def complete(self, booked: Order, control_started: float) -> None:
        """Hand over what the target booked and when (monotonic) the first attempt was sent. Returns at once."""
        ...


class StartShadowBooking(Protocol):
    """Asks the decision's candidate to simulate; returns at once, and None when the part is not compared."""

    def __call__(
        self, request: SimulateOrderRequest, decision: Decision, *, correlation_id: str, traceparent: str
    ) -> ShadowBooking | None: ...


class Shadowing:
    """Keeps the comparisons of parts that are not booked yet, by part."""

    def __init__(
        self,
        start: StartShadowBooking | None,
        monotonic: Callable[[], float],
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._start = start
        self._monotonic = monotonic
        self._log = log
        self._open: dict[str, tuple[ShadowBooking, float]] = {}

    def begin(self, claim: PartClaim) -> None:
        """Start a comparison when the claim's decision names a candidate."""
        decision = claim.decision
        if self._start is None or decision is None or decision.candidate is None or claim.part_id in self._open:
            return
        request = SimulateOrderRequest(parent=business_unit_name(claim.order_ref.business_unit), order=claim.order)
        try:
            shadow = self._start(request, decision, correlation_id=claim.correlation_id, traceparent=claim.traceparent)
        except Exception as error:
            self._log.error("order.shadow_failed", part=claim.part_id, exc_info=error)
            return
        if shadow is not None:
            self._open[claim.part_id] = (shadow, self._monotonic())

    def settled(self, part_id: str, state: State, document: Order | None) -> None:
        """Complete the comparison of a booked part; forget it when there is nothing to compare with."""
        if state in (State.DISPATCHING, State.HANDED_OVER, State.IN_DOUBT):
            return
        shadow, started = self._open.pop(part_id, (None, 0.0))
        if shadow is None or document is None or state is not State.BOOKED:
            return
        try:
            shadow.complete(document, started)
        except Exception as error:
            self._log.error("order.shadow_failed", part=part_id, exc_info=error)

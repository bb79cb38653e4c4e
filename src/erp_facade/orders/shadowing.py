"""The seam to the dual run: while a part is booked at its target, the candidate is asked to simulate the same lines.

A write is never mirrored. A shadow can neither slow nor fail a booking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import structlog

from erp.v1.orders_pb2 import Order, SimulateOrderRequest
from erp_facade.orders.claims import PartClaim
from erp_facade.orders.results import Result
from erp_facade.orders.states import State
from erp_ports.errors import ErpError, NotFound, RefusalReason, Rejected
from erp_ports.names import business_unit_name
from erp_routing.decision import Decision

_KINDS = {"UNKNOWN_PRODUCT": "product", "UNKNOWN_CUSTOMER": "customer", "NOT_FOUND": "product"}
_REASONS = {
    "CREDIT": RefusalReason.CREDIT,
    "STOCK": RefusalReason.STOCK,
    "PRICE_MISSING": RefusalReason.PRICE_MISSING,
}


class ShadowBooking(Protocol):
    """A comparison under way for one part."""

    def complete(self, booked: Order | ErpError, control_started: float) -> None:
        """Hand over what the target booked, or how it refused, and when (monotonic) the first attempt was sent.
        Returns at once."""
        ...

    def abandon(self, reason: str) -> None:
        """Say why there will be no booking to compare with. Returns at once."""
        ...


class StartShadowBooking(Protocol):
    """Asks the decision's candidate to simulate; returns at once, and None when the part is not compared."""

    def __call__(
        self, request: SimulateOrderRequest, decision: Decision, *, correlation_id: str, traceparent: str
    ) -> ShadowBooking | None: ...


def refusal_of(result: Result) -> ErpError:
    """Return a refusal as the error that it came as, so that two refusals are compared by their class."""
    message = result.refusal_message or result.detail
    kind = _KINDS.get(result.refusal_reason or "")
    if kind is not None:
        return NotFound(message, kind=kind)
    return Rejected(message, reason=_REASONS.get(result.refusal_reason or "", RefusalReason.VALIDATION))


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

    def settled(self, part_id: str, state: State, result: Result) -> None:
        """End the comparison of a part that went to `state`: with what was booked, with the refusal, or with neither.

        A part that is still on its way keeps its comparison.
        """
        if state in (State.DISPATCHING, State.HANDED_OVER, State.IN_DOUBT):
            return
        shadow, started = self._open.pop(part_id, (None, 0.0))
        if shadow is None:
            return
        try:
            if state is State.BOOKED and result.document is not None:
                shadow.complete(result.document, started)
            elif state is State.REJECTED:
                shadow.complete(refusal_of(result), started)
            else:
                shadow.abandon(f"the part went to {state}")
        except Exception as error:
            self._log.error("order.shadow_failed", part=part_id, exc_info=error)

"""Hands calls over to the dual run: which lines of an answer are compared with which candidate.

A call whose lines share a candidate is offered as it is. Where only some lines of an answer have a candidate, those
are offered as a document of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from erp.v1.orders_pb2 import SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesResponse
from erp_facade.context import Context
from erp_facade.orders.shadowing import ShadowBooking
from erp_facade.request_lines import lines_of, with_lines
from erp_ports.amounts import money, money_amount
from erp_ports.errors import ErpError
from erp_ports.operations import Operation
from erp_routing.decision import Decision
from erp_routing.dual_run import DualRun
from erp_routing.observation import ComparisonTask
from erp_routing.routes import Capability, StockSync

if TYPE_CHECKING:
    from erp_facade.reads import Answer, Response

_Group = tuple[str, StockSync, int]


class Shadowing:
    """Offers answered reads and bookings under way to the dual run."""

    def __init__(self, dual_run: DualRun) -> None:
        self._dual_run = dual_run

    def offer(
        self,
        operation: Operation,
        capability: Capability,
        business_unit: str,
        context: Context,
        answer: Answer,
        date_defaulted: bool,
    ) -> None:
        """Offer the lines of one backend's answer to the candidates that the routes name. Never raises."""
        decisions = answer.part.decisions
        if all(d.candidate is None for d in decisions):
            return
        groups: dict[_Group, list[int]] = {}
        for position, decision in enumerate(decisions):
            if decision.candidate is not None:
                key = (decision.candidate, decision.stock_sync, decision.shadow_percent)
                groups.setdefault(key, []).append(position)
        lines = lines_of(answer.request)
        for (candidate, stock_sync, percent), positions in groups.items():
            whole = len(positions) == len(lines)
            plants = tuple(sorted({lines[i].plant for i in positions}))
            outcome = answer.outcome
            if not whole:
                if isinstance(outcome, ErpError):
                    # The control failed for its whole document, perhaps for a line that has no candidate.
                    self._dual_run.skip(business_unit, plants, capability)
                    continue
                outcome = _only(outcome, positions)
            self._dual_run.offer(
                ComparisonTask(
                    operation=operation,
                    capability=capability,
                    request=answer.request if whole else with_lines(answer.request, positions),
                    control_answer=outcome,
                    control=answer.part.backend,
                    candidate=candidate,
                    business_unit=business_unit,
                    plants=plants,
                    correlation_id=context.meta.correlation_id,
                    traceparent=context.meta.traceparent,
                    route_version=decisions[positions[0]].route_version,
                    stock_sync=stock_sync,
                    shadow_percent=percent,
                    control_started=answer.started,
                    control_seconds=answer.seconds,
                    date_defaulted=date_defaulted,
                )
            )

    def booking(
        self, request: SimulateOrderRequest, decision: Decision, *, correlation_id: str, traceparent: str
    ) -> ShadowBooking | None:
        """Start the candidate's simulation of a part that is about to be booked."""
        assert decision.candidate is not None
        return self._dual_run.simulate_for_booking(
            ComparisonTask(
                operation=Operation.SIMULATE_ORDER,
                capability=Capability.ORDERS,
                request=request,
                control_answer=None,
                control=decision.backend,
                candidate=decision.candidate,
                business_unit=request.parent.partition("/")[2],
                plants=tuple(sorted({line.plant for line in request.order.lines})),
                correlation_id=correlation_id,
                traceparent=traceparent,
                route_version=decision.route_version,
                stock_sync=decision.stock_sync,
                shadow_percent=decision.shadow_percent,
                control_started=0.0,
                control_seconds=0.0,
            )
        )


def _only(response: Response, positions: Sequence[int]) -> Response:
    """Return an answer with some of its lines; its totals are those of these lines."""
    part: Any = type(response)()
    part.lines.extend(response.lines[i] for i in positions)
    if part.lines and "net_amount" in part.DESCRIPTOR.fields_by_name:
        currency = part.lines[0].net_amount.currency_code
        total = sum((money_amount(line.net_amount) for line in part.lines), Decimal(0))
        part.net_amount.CopyFrom(money(total, currency))
    if isinstance(response, CalculatePricesResponse) and response.HasField("pricing_date"):
        part.pricing_date.CopyFrom(response.pricing_date)
    if isinstance(response, SimulateOrderResponse):
        part.composed = response.composed
        part.credit_decision = response.credit_decision
    return cast("Response", part)

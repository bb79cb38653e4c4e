"""The shadow of a booking: simulated by the candidate, compared with what was booked, never asked twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from erp.v1.common_pb2 import AvailabilityDecision
from erp.v1.orders_pb2 import Order, SimulateOrderRequest, SimulateOrderResponse
from erp_ports.amounts import money, quantity
from erp_ports.errors import RefusalReason, Rejected
from erp_ports.operations import Declaration, Operation, Support
from erp_routing.comparison import ComparisonClass
from erp_routing.observation import ComparisonTask
from erp_routing.routes import Capability

Make = Callable[..., Any]
PRODUCT = "businessUnits/NW/products/11"


def simulated(net: str = "199.00", confirmed: int = 10) -> SimulateOrderResponse:
    answer = SimulateOrderResponse()
    line = answer.lines.add(line_id="10", product=PRODUCT, plant="EU01", decision=AvailabilityDecision.FULL)
    line.quantity.CopyFrom(quantity(Decimal(10), "EA"))
    line.net_amount.CopyFrom(money(Decimal(net), "EUR"))
    line.confirmations.add(quantity=quantity(Decimal(confirmed), "EA")).ship_date.day = 2
    return answer


def booked() -> Order:
    order = Order()
    line = order.lines.add(line_id="10", product=PRODUCT, plant="EU01")
    line.quantity.CopyFrom(quantity(Decimal(10), "EA"))
    line.net_amount.CopyFrom(money(Decimal("199.00"), "EUR"))
    line.confirmations.add(quantity=quantity(Decimal(10), "EA")).ship_date.day = 2
    return order


@pytest.fixture
def booking(task: Make) -> Callable[..., ComparisonTask]:
    def build(**changes: Any) -> ComparisonTask:
        return task(
            None,
            operation=Operation.SIMULATE_ORDER,
            capability=Capability.ORDERS,
            request=SimulateOrderRequest(parent="businessUnits/NW"),
            **changes,
        )

    return build


async def test_a_booking_is_compared_with_the_candidate_s_simulation(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.answers = [simulated()]
    shadow = at.dual_run.simulate_for_booking(booking())
    assert await at.dual_run.drain(5)
    started = time.monotonic()
    shadow.complete(booked(), started, 0.25)
    assert await at.dual_run.drain(5)
    (seen,) = at.sink.observations
    assert (seen.comparison_class, seen.reason, seen.differences) == (ComparisonClass.MATCH, "", ())
    assert (seen.operation, seen.control_seconds) == (Operation.SIMULATE_ORDER, 0.25)
    assert [line.line_id for line in seen.control_answer.lines] == ["10"]
    assert [call[0] for call in at.cloud.calls] == ["simulate_order"]
    assert at.legacy.calls == []


async def test_stock_gates_when_the_simulation_ended_before_the_booking_was_sent(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.answers = [simulated(confirmed=4)]
    shadow = at.dual_run.simulate_for_booking(booking())
    assert await at.dual_run.drain(5)
    shadow.complete(booked(), time.monotonic())
    assert await at.dual_run.drain(5)
    (seen,) = at.sink.observations
    assert seen.comparison_class is ComparisonClass.MISMATCH
    assert [d.path for d in seen.differences] == ["lines[10].confirmations"]


async def test_stock_is_not_compared_when_the_booking_came_between_and_money_is(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.answers = [simulated(confirmed=4), simulated(confirmed=4, net="250.00")]
    for number in range(2):
        shadow = at.dual_run.simulate_for_booking(booking(correlation_id=str(number)))
        shadow.complete(booked(), time.monotonic())
        assert await at.dual_run.drain(5)
    seen, dearer = at.sink.observations
    assert (seen.comparison_class, seen.reason) == (ComparisonClass.MATCH, "booked_between")
    assert [d.comparison_class for d in seen.differences] == [ComparisonClass.NOT_COMPARABLE]
    assert dearer.comparison_class is ComparisonClass.MISMATCH
    assert len(at.cloud.calls) == 2


async def test_a_booking_that_is_refused_like_the_simulation_is_a_match(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.answers = [Rejected("credit", reason=RefusalReason.CREDIT)]
    shadow = at.dual_run.simulate_for_booking(booking())
    shadow.complete(Rejected("limit", reason=RefusalReason.CREDIT), time.monotonic())
    assert await at.dual_run.drain(5)
    assert at.sink.observations[0].comparison_class is ComparisonClass.MATCH


async def test_of_a_composed_simulation_only_what_it_has_is_compared(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.declaration = Declaration(
        operations={Operation.SIMULATE_ORDER: Support.COMPOSED}, simulated_fields=frozenset({"quantity"})
    )
    at.cloud.answers = [simulated(net="250.00", confirmed=1)]
    shadow = at.dual_run.simulate_for_booking(booking())
    shadow.complete(booked(), time.monotonic() + 60)
    assert await at.dual_run.drain(5)
    assert at.sink.observations[0].differences == ()


async def test_a_booking_that_never_settles_is_not_comparable(stage: Make, booking: Make) -> None:
    at = stage(booking_wait_seconds=0.001)
    at.cloud.answers = [simulated()]
    shadow = at.dual_run.simulate_for_booking(booking())
    await asyncio.wait_for(at.sink.heard.wait(), 5)
    (seen,) = at.sink.observations
    assert (seen.comparison_class, seen.reason) == (
        ComparisonClass.NOT_COMPARABLE,
        "the booking did not settle in time",
    )
    shadow.complete(booked(), time.monotonic())
    assert await at.dual_run.drain(5)
    assert len(at.sink.observations) == 1


async def test_an_abandoned_booking_says_why(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.answers = [simulated()]
    at.dual_run.simulate_for_booking(booking()).abandon("the part went to review")
    assert await at.dual_run.drain(5)
    assert [o.reason for o in at.sink.observations] == ["the part went to review"]


async def test_bookings_that_wait_do_not_hold_up_draining_and_are_shed_at_the_end(stage: Make, booking: Make) -> None:
    at = stage()
    at.cloud.answers = [simulated()]
    at.dual_run.simulate_for_booking(booking())
    assert await at.dual_run.drain(5)
    assert at.dual_run.coverage.total().pending == 1
    await at.dual_run.close()
    assert at.dual_run.coverage.total().shed == 1


async def test_more_waiting_bookings_than_the_queue_holds_are_shed(stage: Make, booking: Make) -> None:
    at = stage(queue=2)
    at.cloud.answers = [simulated()]
    shadows = []
    for number in range(3):
        shadows.append(at.dual_run.simulate_for_booking(booking(correlation_id=str(number))))
        assert await at.dual_run.drain(5)
    assert [shadow is None for shadow in shadows] == [False, False, True]


async def test_a_booking_outside_the_percentage_is_not_simulated(stage: Make, booking: Make) -> None:
    at = stage()
    assert at.dual_run.simulate_for_booking(booking(shadow_percent=0)) is None
    assert at.cloud.calls == []


async def test_completing_does_not_wait_for_a_hanging_candidate(stage: Make, booking: Make) -> None:
    at = stage(deadline_seconds=60)

    async def hang() -> None:
        await asyncio.Event().wait()

    at.cloud.answers, at.cloud.asked = [simulated()], hang
    shadow = at.dual_run.simulate_for_booking(booking())
    shadow.complete(booked(), time.monotonic())
    assert at.dual_run.coverage.total().pending == 1
    await at.dual_run.close()
    assert at.dual_run.coverage.total().shed == 1

"""Stock moves by itself: a difference counts only when it stays, and noise never hides money."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from erp.v1.orders_pb2 import SimulateOrderRequest, SimulateOrderResponse
from erp_ports.amounts import money, quantity
from erp_ports.errors import Unavailable
from erp_ports.operations import Operation
from erp_routing.comparison import ComparisonClass
from erp_routing.routes import Capability

Make = Callable[..., Any]
AVAILABILITY = Operation.CHECK_AVAILABILITY


async def test_a_control_that_disagrees_with_itself_is_volatile(stage: Make, task: Make, promises: Make) -> None:
    at = stage()
    at.cloud.answers, at.legacy.answers = [promises("FULL")], [promises("PARTIAL")]
    seen = await at.compared(task(promises("NONE"), operation=AVAILABILITY))
    assert seen.comparison_class is ComparisonClass.VOLATILE
    assert [d.rule for d in seen.differences] == ["the control changed between two reads"]


async def test_a_difference_that_stays_is_a_mismatch(stage: Make, task: Make, promises: Make) -> None:
    at = stage(sync_lag_seconds=0.001)
    at.cloud.answers, at.legacy.answers = [promises("FULL")], [promises("NONE")]
    seen = await at.compared(task(promises("NONE"), operation=AVAILABILITY))
    assert seen.comparison_class is ComparisonClass.MISMATCH
    assert (len(at.legacy.calls), len(at.cloud.calls)) == (2, 3)


async def test_a_difference_that_is_gone_after_the_lag_is_volatile(stage: Make, task: Make, promises: Make) -> None:
    at = stage(sync_lag_seconds=0.001)
    at.cloud.answers = [promises("FULL"), promises("FULL"), promises("NONE")]
    at.legacy.answers = [promises("NONE")]
    seen = await at.compared(task(promises("NONE"), operation=AVAILABILITY))
    assert seen.comparison_class is ComparisonClass.VOLATILE
    assert [d.rule for d in seen.differences] == ["equal after the synchronisation lag"]
    assert seen.candidate_answer == promises("FULL")


async def test_a_control_that_cannot_be_asked_again_leaves_the_difference_as_it_is(
    stage: Make, task: Make, promises: Make
) -> None:
    at = stage(sync_lag_seconds=0.001)
    at.cloud.answers, at.legacy.answers = [promises("FULL")], [Unavailable("down")]
    seen = await at.compared(task(promises("NONE"), operation=AVAILABILITY))
    assert seen.comparison_class is ComparisonClass.MISMATCH


@pytest.mark.parametrize("candidate_first", [True, False])
async def test_both_are_asked_again_in_random_order(
    stage: Make, task: Make, promises: Make, candidate_first: bool
) -> None:
    at = stage(candidate_first=lambda: candidate_first)
    order: list[str] = []

    async def cloud() -> None:
        order.append("cloud")

    async def legacy() -> None:
        order.append("legacy")

    at.cloud.asked, at.legacy.asked = cloud, legacy
    at.cloud.answers, at.legacy.answers = [promises("FULL")], [promises("NONE")]
    await at.compared(task(promises("NONE"), operation=AVAILABILITY))
    assert order == ["cloud", *(["cloud", "legacy"] if candidate_first else ["legacy", "cloud"])]


async def test_equal_stock_is_asked_once(stage: Make, task: Make, promises: Make) -> None:
    at = stage()
    at.cloud.answers = [promises("NONE")]
    await at.compared(task(promises("NONE"), operation=AVAILABILITY))
    assert (len(at.cloud.calls), len(at.legacy.calls)) == (1, 0)


def simulation(decision: Any, net: str, many: str = "10") -> SimulateOrderResponse:
    answer = SimulateOrderResponse()
    line = answer.lines.add(line_id="10", product="businessUnits/NW/products/11", plant="EU01", decision=decision)
    line.quantity.CopyFrom(quantity(Decimal(many), "EA"))
    line.net_amount.CopyFrom(money(Decimal(net), "EUR"))
    return answer


@pytest.mark.parametrize(
    "drifting",
    [simulation("PARTIAL", "250.00"), simulation("PARTIAL", "199.00", many="11")],
    ids=["another amount", "another ordered quantity"],
)
async def test_noise_hides_neither_money_nor_ordered_quantity(
    stage: Make, task: Make, drifting: SimulateOrderResponse
) -> None:
    at = stage(sync_lag_seconds=0.001)
    control = simulation("NONE", "199.00")
    candidate = SimulateOrderResponse()
    candidate.CopyFrom(drifting)
    candidate.lines[0].decision = 1
    at.cloud.answers, at.legacy.answers = [candidate], [drifting]
    seen = await at.compared(
        task(
            control,
            operation=Operation.SIMULATE_ORDER,
            capability=Capability.ORDERS,
            request=SimulateOrderRequest(parent="businessUnits/NW"),
        )
    )
    given = {d.path: d.comparison_class for d in seen.differences}
    assert seen.comparison_class is ComparisonClass.MISMATCH
    assert given.pop("lines[10].decision") is ComparisonClass.VOLATILE
    assert set(given.values()) == {ComparisonClass.MISMATCH}

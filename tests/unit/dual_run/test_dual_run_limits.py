"""The shadow can neither slow nor fail a caller: deadline, limit per ERP, bounded queue, shedding."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from erp_routing.comparison import ComparisonClass
from erp_routing.observation import LeftOut

Make = Callable[..., Any]


async def _hang() -> None:
    await asyncio.Event().wait()


async def test_a_hanging_candidate_fills_its_queue_and_the_rest_is_shed(stage: Make, task: Make, prices: Make) -> None:
    at = stage(in_flight=2, queue=3, deadline_seconds=60)
    both_hang = asyncio.Event()

    async def hang() -> None:
        if at.cloud.running == 2:
            both_hang.set()
        await _hang()

    at.cloud.answers, at.cloud.asked = [prices()], hang
    for number in range(2):
        at.dual_run.offer(task(prices(), correlation_id=str(number)))
    await asyncio.wait_for(both_hang.wait(), 5)
    for number in range(2, 10):
        at.dual_run.offer(task(prices(), correlation_id=str(number)))
    total = at.dual_run.coverage.total()
    assert (total.seen, total.pending, total.shed) == (10, 5, 5)
    assert not await at.dual_run.drain(0.01)
    await at.dual_run.close()
    assert at.cloud.most_running == 2
    assert at.sink.observations == []
    assert sum(n for (_, why), n in at.sink.left_out.items() if why is LeftOut.SHED) == 10


async def test_a_hanging_candidate_does_not_hold_up_another_one(stage: Make, task: Make, prices: Make) -> None:
    at = stage(in_flight=1)
    at.cloud.answers, at.cloud.asked = [prices()], _hang
    other = stage(in_flight=1)
    other.cloud.answers = [prices()]
    at.dual_run.offer(task(prices()))
    seen = await other.compared(task(prices()))
    assert seen.comparison_class is ComparisonClass.MATCH


async def test_a_candidate_that_exceeds_its_deadline_is_not_comparable(stage: Make, task: Make, prices: Make) -> None:
    at = stage(deadline_seconds=0.01)
    at.cloud.answers, at.cloud.asked = [prices()], _hang
    seen = await at.compared(task(prices()))
    assert (seen.comparison_class, seen.reason) == (
        ComparisonClass.NOT_COMPARABLE,
        "candidate TIMEOUT: no answer within 0.01 s",
    )
    assert at.cloud.running == 0


async def test_a_call_that_waited_too_long_is_shed_unasked(stage: Make, task: Make, prices: Make) -> None:
    at = stage(longest_wait_seconds=-1.0)
    at.cloud.answers = [prices()]
    at.dual_run.offer(task(prices()))
    assert await at.dual_run.drain(5)
    assert at.cloud.calls == []
    assert at.dual_run.coverage.total().shed == 1


async def test_never_more_calls_are_under_way_than_the_limit(stage: Make, task: Make, prices: Make) -> None:
    at = stage(in_flight=3)

    async def yields() -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    at.cloud.answers, at.cloud.asked = [prices()], yields
    for number in range(40):
        at.dual_run.offer(task(prices(), correlation_id=str(number)))
    assert await at.dual_run.drain(5)
    assert at.cloud.most_running == 3
    assert sorted(o.correlation_id for o in at.sink.observations) == sorted(str(n) for n in range(40))
    assert at.dual_run.coverage.total().compared == 40


async def test_the_candidate_is_not_asked_before_the_caller_s_task_has_gone_on(
    stage: Make, task: Make, prices: Make
) -> None:
    at = stage()
    at.cloud.answers = [prices()]
    at.dual_run.offer(task(prices()))
    assert at.cloud.calls == []
    assert await at.dual_run.drain(5)
    assert len(at.cloud.calls) == 1


async def test_an_unknown_candidate_is_shed(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    at.dual_run.offer(task(prices(), candidate="nowhere"))
    assert at.dual_run.coverage.total().shed == 1

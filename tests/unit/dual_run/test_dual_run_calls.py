"""Reads in the dual run: what is asked, what is kept, what is left out."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from erp_ports.errors import RefusalReason, Rejected, Throttled
from erp_ports.operations import Declaration, Operation, Support
from erp_routing.comparison import RULE_SET, ComparisonClass
from erp_routing.observation import CoverageScope, LeftOut
from erp_routing.routes import Capability, StockSync
from erp_routing.sampling import near_midnight, sampled

Make = Callable[..., Any]
SCOPE = CoverageScope(business_unit="NW", plants=("EU01",), capability=Capability.PRICING)


async def test_the_candidate_is_asked_what_the_control_was_asked(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    at.cloud.answers = [prices()]
    offered = task(prices())
    seen = await at.compared(offered)
    ((operation, request, call),) = at.cloud.calls
    assert (operation, request) == ("calculate_prices", offered.request)
    assert (call.correlation_id, call.traceparent) == ("call-1", "00-1-1-01")
    assert (seen.comparison_class, seen.reason, seen.differences) == (ComparisonClass.MATCH, "", ())
    assert (seen.control_answer, seen.candidate_answer) == (prices(), prices())
    assert (seen.control, seen.candidate, seen.route_version, seen.rule_set) == ("legacy", "cloud", 3, RULE_SET)
    assert seen.control_seconds == 0.012


async def test_money_that_differs_is_a_mismatch_and_the_control_is_not_asked_again(
    stage: Make, task: Make, prices: Make
) -> None:
    at = stage()
    at.cloud.answers = [prices("250.00")]
    seen = await at.compared(task(prices()))
    assert seen.comparison_class is ComparisonClass.MISMATCH
    assert at.legacy.calls == []


async def test_a_control_that_refused_is_compared_too(stage: Make, task: Make) -> None:
    at = stage()
    at.cloud.answers = [Rejected("no price", reason=RefusalReason.PRICE_MISSING)]
    seen = await at.compared(task(Rejected("there is no price", reason=RefusalReason.PRICE_MISSING)))
    assert seen.comparison_class is ComparisonClass.MATCH
    assert (seen.control_answer, seen.candidate_answer) == (None, None)
    assert (seen.control_error.error_class, seen.control_error.message) == ("PRICE_MISSING", "there is no price")
    assert seen.candidate_error.error == "Rejected"


async def test_a_candidate_that_throttles_counts_against_coverage(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    at.cloud.answers = [Throttled("too many")]
    seen = await at.compared(task(prices()))
    assert (seen.comparison_class, seen.reason) == (ComparisonClass.NOT_COMPARABLE, "candidate THROTTLED: too many")
    total = at.dual_run.coverage.total()
    assert (total.seen, total.not_comparable, total.compared) == (1, 1, 0)


async def test_an_adapter_that_fails_unexpectedly_is_not_comparable_and_logged(
    stage: Make, task: Make, prices: Make, caplog: pytest.LogCaptureFixture
) -> None:
    at = stage()
    at.cloud.answers = [ZeroDivisionError("oops")]
    with caplog.at_level(logging.ERROR):
        seen = await at.compared(task(prices()))
    assert seen.reason == "candidate TECHNICAL: the adapter failed: ZeroDivisionError"
    assert [r.message for r in caplog.records] == ["dual_run.ask_failed"]


async def test_a_candidate_without_the_operation_is_not_asked(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    at.cloud.declaration = Declaration(operations={Operation.CALCULATE_PRICES: Support.UNSUPPORTED})
    seen = await at.compared(task(prices()))
    assert at.cloud.calls == []
    assert seen.reason == "candidate UNSUPPORTED: the backend does not offer calculate_prices"


async def test_a_write_cannot_be_offered(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    seen = await at.compared(task(prices(), operation=Operation.CREATE_ORDER))
    assert seen.comparison_class is ComparisonClass.NOT_COMPARABLE
    assert at.cloud.calls == []


async def test_availability_is_not_compared_while_the_stock_is_not_shared(
    stage: Make, task: Make, promises: Make
) -> None:
    at = stage()
    seen = await at.compared(task(promises("FULL"), operation=Operation.CHECK_AVAILABILITY, stock_sync=StockSync.NONE))
    assert (seen.comparison_class, seen.reason) == (ComparisonClass.NOT_COMPARABLE, "stock_not_shared")
    assert at.cloud.calls == []


async def test_answers_that_cannot_be_read_are_not_comparable(
    stage: Make, task: Make, prices: Make, promises: Make
) -> None:
    at = stage()
    at.cloud.answers = [promises("FULL")]
    seen = await at.compared(task(prices()))
    assert seen.reason == "the answers cannot be read: TypeError"


# ---- what is left out


def test_a_correlation_id_is_always_sampled_alike_and_a_growing_percentage_only_adds() -> None:
    ids = [f"call-{n}" for n in range(2000)]
    taken = {percent: {i for i in ids if sampled(i, percent)} for percent in (0, 10, 50, 100)}
    assert taken[0] == set()
    assert taken[100] == set(ids)
    assert taken[10] < taken[50]
    assert 100 < len(taken[10]) < 300


async def test_calls_outside_the_percentage_are_counted_and_not_asked(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    at.dual_run.offer(task(prices(), shadow_percent=0))
    await at.dual_run.close()
    assert at.cloud.calls == []
    assert at.sink.left_out == {(SCOPE, LeftOut.UNSAMPLED): 1}


@pytest.mark.parametrize(
    ("local", "near"), [("23:54", False), ("23:56", True), ("00:04", True), ("00:06", False), ("12:00", False)]
)
def test_the_minutes_around_local_midnight_are_near(local: str, near: bool) -> None:
    zone = ZoneInfo("America/New_York")
    now = dt.datetime.fromisoformat(f"2026-03-02T{local}").replace(tzinfo=zone).astimezone(dt.UTC)
    assert near_midnight(now, zone, dt.timedelta(minutes=5)) is near


async def test_a_defaulted_pricing_date_is_skipped_around_midnight_and_a_stated_one_is_not(
    stage: Make, task: Make, prices: Make
) -> None:
    midnight = dt.datetime(2026, 3, 2, 23, 1, tzinfo=dt.UTC)
    at = stage(zones={"NW": ZoneInfo("Europe/Berlin")}, now=lambda: midnight)
    at.cloud.answers = [prices()]
    at.dual_run.offer(task(prices(), date_defaulted=True))
    assert at.dual_run.coverage.total().skipped == 1
    seen = await at.compared(task(prices()))
    assert (seen.comparison_class, seen.observe_time) == (ComparisonClass.MATCH, midnight)


async def test_counts_of_left_out_calls_reach_the_sink_soon_and_once(stage: Make, task: Make, prices: Make) -> None:
    at = stage(tell_seconds=0.0)
    for _ in range(3):
        at.dual_run.offer(task(prices(), shadow_percent=0))
    await asyncio.wait_for(at.sink.heard.wait(), 5)
    await at.dual_run.close()
    assert at.sink.left_out == {(SCOPE, LeftOut.UNSAMPLED): 3}


# ---- a sink that fails


async def test_an_observation_that_cannot_be_kept_is_counted_as_shed(
    stage: Make, task: Make, prices: Make, caplog: pytest.LogCaptureFixture
) -> None:
    at = stage()
    at.cloud.answers = [prices()]
    at.sink.failing = OSError("disk full")
    at.dual_run.offer(task(prices()))
    assert await at.dual_run.drain(5)
    assert at.dual_run.coverage.total().shed == 1
    at.sink.failing = None
    await at.dual_run.close()
    assert at.sink.left_out == {(SCOPE, LeftOut.SHED): 1}
    assert "dual_run.store_failed" in [r.message for r in caplog.records]


async def test_a_closed_dual_run_sheds_without_a_word(stage: Make, task: Make, prices: Make) -> None:
    at = stage()
    await at.dual_run.close()
    at.dual_run.offer(task(prices()))
    assert at.dual_run.coverage.total().shed == 1


async def test_offer_never_raises(stage: Make, task: Make, prices: Make, caplog: pytest.LogCaptureFixture) -> None:
    at = stage(now=lambda: 1 / 0)
    at.dual_run.offer(task(prices()))
    assert at.dual_run.simulate_for_booking(task(None)) is None
    assert [r.message for r in caplog.records] == ["dual_run.offer_failed"] * 2

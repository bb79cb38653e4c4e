"""The comparator on two answers of ten lines, against DeepDiff on the same answers as dictionaries."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict

from erp.v1.pricing_pb2 import CalculatePricesResponse
from erp_facade.bench.errors import BenchError
from erp_facade.bench.result import Judged, Result, Target, ratio
from erp_facade.bench.rounds import Figures, Plan, interleave
from erp_facade.bench.workload import Workload
from erp_ports.call import Call
from erp_ports.memory import InMemoryConfig, InMemoryErp
from erp_routing.comparison import compare

_TARGET = Target(at_most=50)
_FIGURE = "us_per_comparison"
_DIFFERENT_LINES = (1, 4, 7)


async def comparator(folder: Path, workload: Workload, plan: Plan) -> list[Result]:
    """Measure with equal answers, and with three lines that differ in their net amount."""
    control = await _answer(workload)
    candidate = CalculatePricesResponse.FromString(control.SerializeToString())
    equal = await _pair("comparator_equal", "equal answers", control, candidate, 0, plan)
    for index in _DIFFERENT_LINES:
        candidate.lines[index].net_amount.units += 1
    return [equal, await _pair("comparator_three_differences", "three differences", control, candidate, 3, plan)]


async def _pair(
    name: str,
    words: str,
    control: CalculatePricesResponse,
    candidate: CalculatePricesResponse,
    differences: int,
    plan: Plan,
) -> Result:
    plan.tell(f"comparator against DeepDiff, {words}")
    deep_diff = _deep_diff()
    left, right = MessageToDict(control), MessageToDict(candidate)
    found = len(compare(control, candidate)), len(deep_diff(left, right).get("values_changed", {}))
    if found != (differences, differences):
        raise BenchError(f"comparator and DeepDiff found {found} differences where there are {differences}")
    contenders = await interleave(
        {
            "comparator": partial(_timed, partial(compare, control, candidate), plan.seconds),
            "deepdiff": partial(_timed, partial(deep_diff, left, right), plan.seconds),
        },
        plan,
    )
    return Result(
        name=name,
        what=f"two answers of ten lines with {words}: the comparator on messages, DeepDiff on the same as "
        "dictionaries (made beforehand, which DeepDiff is not charged for)",
        figure=_FIGURE,
        unit="µs",
        contenders=contenders,
        judged=(
            Judged(name="comparator", value=contenders["comparator"].median(_FIGURE), unit="µs", target=_TARGET),
            ratio(contenders, "deepdiff", "comparator", _FIGURE),
        ),
    )


async def _timed(work: Callable[[], object], seconds: float) -> Figures:
    """Repeat the work for about `seconds`. It is charged its processor time: that is what it would take from the event
    loop, and it does not grow when something else wants the core."""
    count = 0
    used = time.thread_time()
    started = now = time.perf_counter()
    while now < started + seconds:
        work()
        count += 1
        now = time.perf_counter()
    used = time.thread_time() - used
    return {_FIGURE: used / count * 1e6, "elapsed_us": (now - started) / count * 1e6, "comparisons": float(count)}


async def _answer(workload: Workload) -> CalculatePricesResponse:
    erp = InMemoryErp(InMemoryConfig.model_validate(workload.memory_settings()))
    return await erp.calculate_prices(workload.request(), Call.within(5.0))


def _deep_diff() -> Callable[[Any, Any], Any]:
    if find_spec("deepdiff") is None:
        raise BenchError("deepdiff is missing: install the development requirements (make bench does)")
    from deepdiff import DeepDiff

    made: Callable[[Any, Any], Any] = DeepDiff
    return made

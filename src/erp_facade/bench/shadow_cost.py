"""What the dual run costs the caller: with the shadow off, on, and on with a candidate that never answers."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from erp_facade.bench.child import Child
from erp_facade.bench.configuration import write_memory_facade
from erp_facade.bench.driving import drive, grpc_load, grpc_target
from erp_facade.bench.result import Judged, Result, Target, ratio
from erp_facade.bench.rounds import Figures, Plan, Samples, interleave
from erp_facade.bench.workload import Workload

_SATURATING = 64
_SATURATION_ROUNDS = 3
_TARGET = Target(at_most=1.05)
_OFF, _ON, _HANGING = "off", "on", "hanging"


async def shadow_cost(folder: Path, workload: Workload, plan: Plan) -> list[Result]:
    """Measure three facades that differ in nothing but their route and their candidate."""
    configs = {
        _OFF: write_memory_facade(folder / "shadow_off", workload, stage="LEGACY"),
        _ON: write_memory_facade(folder / "shadow_on", workload, stage="SHADOW"),
        _HANGING: write_memory_facade(folder / "shadow_hanging", workload, stage="SHADOW", hanging=True),
    }
    async with (
        grpc_load(workload.request()) as load,
        Child("facade_server", {"config": str(configs[_OFF])}) as off,
        Child("facade_server", {"config": str(configs[_ON])}) as on,
        Child("facade_server", {"config": str(configs[_HANGING])}) as hanging,
    ):
        plan.tell("what the shadow costs the caller: saturation")
        rate = await _saturation(load, off, plan) / 4
        plan.tell(f"what the shadow costs the caller: {rate:.0f} calls/s")
        contenders = await _open_loop(load, {_OFF: off, _ON: on, _HANGING: hanging}, rate, plan)
    judged = (
        ratio(contenders, _ON, _OFF, "p50_ms", _TARGET),
        ratio(contenders, _HANGING, _OFF, "p50_ms", _TARGET),
        *(Judged(name=f"p99 {name}", value=s.median("p99_ms"), unit="ms") for name, s in contenders.items()),
    )
    return [
        Result(
            name="shadow_cost",
            what="the caller's latency of CalculatePrices, ten lines, over gRPC on InMemoryErp in process, in an open "
            f"loop at {rate:.0f} calls/s (a quarter of the saturation measured before), arriving at random: with the "
            "shadow off, on, and on with a candidate that never answers",
            figure="p50_ms",
            unit="ms",
            contenders=contenders,
            judged=judged,
        )
    ]


async def _saturation(load: Child, server: Child, plan: Plan) -> float:
    """Return the calls a second of a facade without a shadow, the median of a few measurements."""
    figures = [
        await drive(load, server, "closed", plan.seconds, target=grpc_target(server), in_flight=_SATURATING)
        for _ in range(_SATURATION_ROUNDS)
    ]
    return Samples(figures=tuple(figures)).median("calls_per_second")


async def _open_loop(load: Child, servers: Mapping[str, Child], rate: float, plan: Plan) -> dict[str, Samples]:
    """Measure twice as long as elsewhere, so that a 99th percentile has calls enough behind it."""
    seeds = {name: itertools.count() for name in servers}

    async def measure(name: str, server: Child) -> Figures:
        # The n-th measurement of every contender has the same arrivals.
        seed = next(seeds[name])
        return await drive(load, server, "open", plan.seconds * 2, target=grpc_target(server), rate=rate, seed=seed)

    return await interleave({name: partial(measure, name, server) for name, server in servers.items()}, plan)

"""A routed price call of ten lines over gRPC against a bare echo of the same messages."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from erp_facade.bench.child import Child
from erp_facade.bench.configuration import write_memory_facade
from erp_facade.bench.driving import answer_of, drive, grpc_load, grpc_target
from erp_facade.bench.result import Result, Target, ratios_of_servers
from erp_facade.bench.rounds import Plan, interleave
from erp_facade.bench.workload import Workload

# At a single call in flight the wire's latency rules, so that the ratio is told and has no target.
_TARGETS: Mapping[int, Target | None] = {1: None, 16: Target(at_least=0.45), 64: Target(at_least=0.45)}
_WHAT = (
    "CalculatePrices, ten lines, through the full pipeline (identify, validate, decide, log line, metric) on "
    "InMemoryErp in process, against a bare grpc.aio echo on uvloop that parses the same request and sends the same "
    "answer"
)


async def grpc_prices(folder: Path, workload: Workload, plan: Plan) -> list[Result]:
    """Measure at 1, 16 and 64 calls in flight."""
    config = write_memory_facade(folder / "grpc_prices", workload)
    async with grpc_load(workload.request()) as load, Child("facade_server", {"config": str(config)}) as facade:
        answer = await answer_of(load, target=grpc_target(facade))
        async with Child("echo_server", {"answer": base64.b64encode(answer).decode()}) as echo:
            return [await _in_flight(load, facade, echo, count, plan) for count in _TARGETS]


async def _in_flight(load: Child, facade: Child, echo: Child, count: int, plan: Plan) -> Result:
    plan.tell(f"price call over gRPC against a bare echo, {count} in flight")
    contenders = await interleave(
        {
            name: partial(drive, load, server, "closed", plan.seconds, target=grpc_target(server), in_flight=count)
            for name, server in (("facade", facade), ("echo", echo))
        },
        plan,
    )
    judged = ratios_of_servers(contenders, "facade", "echo", _TARGETS[count])
    return Result(
        name=f"grpc_price_{count}_in_flight",
        what=f"{_WHAT}; {count} calls in flight",
        figure="calls_per_second",
        unit="calls/s",
        contenders=contenders,
        judged=judged,
    )

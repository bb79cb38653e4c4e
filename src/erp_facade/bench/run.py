"""Runs the benchmarks one after the other and tells what came out."""

from __future__ import annotations

import asyncio
import datetime as dt
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import typer

from erp_facade.bench.adapter_prices import adapter_prices
from erp_facade.bench.comparator import comparator
from erp_facade.bench.errors import BenchError
from erp_facade.bench.grpc_prices import grpc_prices
from erp_facade.bench.machine import load_average, ran_on
from erp_facade.bench.rest_prices import rest_prices
from erp_facade.bench.result import Result
from erp_facade.bench.rounds import Plan
from erp_facade.bench.shadow_cost import shadow_cost
from erp_facade.bench.table import print_results
from erp_facade.bench.workload import Workload
from erp_facade.cli.output import complain, print_json

Benchmark = Callable[[Path, Workload, Plan], Awaitable[list[Result]]]

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "grpc_price": grpc_prices,
        "adapter_price": adapter_prices,
        "rest_price": rest_prices,
        "comparator": comparator,
        "shadow_cost": shadow_cost,
    }
)
EXIT_INVALID = 1


def run_and_print(*, as_json: bool, rounds: int, seconds: float, only: str) -> None:
    """Measure and print; exit with 1 when a measurement is not valid."""
    plan = Plan(rounds=rounds, seconds=seconds, tell=complain)
    try:
        report = asyncio.run(measure(plan, only))
    except BenchError as error:
        complain(str(error))
        raise typer.Exit(EXIT_INVALID) from error
    if as_json:
        print_json(report)
    else:
        print_results(report)


async def measure(plan: Plan, only: str = "") -> dict[str, Any]:
    """Run the benchmarks whose name contains `only` and return the whole report.

    Raises BenchError when there is none, and when a call fails or a process ends early.
    """
    chosen = {name: benchmark for name, benchmark in BENCHMARKS.items() if only in name}
    if not chosen:
        raise BenchError(f"no benchmark has {only} in its name; there are: {', '.join(BENCHMARKS)}")
    started, load_before = dt.datetime.now(dt.UTC), load_average()
    workload = Workload.of_today()
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="erp-facade-bench-") as folder:
        for benchmark in chosen.values():
            results += await benchmark(Path(folder), workload, plan)
    return {
        "started": started.isoformat(timespec="seconds"),
        "rounds": plan.rounds,
        "seconds_per_measurement": plan.seconds,
        "ran_on": {**ran_on(), "load_average_before": load_before, "load_average_after": load_average()},
        "benchmarks": [result.content() for result in results],
    }

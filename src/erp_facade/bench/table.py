"""The report as tables for a person."""

from __future__ import annotations

from typing import Any

from erp_facade.cli.output import console, print_table

# The figures that a person wants beside the main one, where a benchmark has them.
_BESIDE = {
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "server_cpu_us_per_call": "server CPU µs/call",
    "client_cpu_share": "client CPU",
}


def print_results(report: dict[str, Any]) -> None:
    """Print one table for each benchmark, what it comes to, and what it ran on."""
    for benchmark in report["benchmarks"]:
        _print_benchmark(benchmark)
    machine = report["ran_on"]
    _say(
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, {machine['python']}; load average "
        f"{machine['load_average_before'][0]} before, {machine['load_average_after'][0]} after"
    )
    _say(", ".join(f"{name} {version}" for name, version in machine["versions"].items()))


def _print_benchmark(benchmark: dict[str, Any]) -> None:
    figure = benchmark["figure"]
    first = next(iter(benchmark["raw"].values()))
    beside = {name: words for name, words in _BESIDE.items() if name in first["medians"] and name != figure}
    rows = [
        (
            contender,
            f"{raw['median']:,g}",
            f"{min(raw['samples']):,g} to {max(raw['samples']):,g}",
            *(f"{raw['medians'][name]:,g}" for name in beside),
        )
        for contender, raw in benchmark["raw"].items()
    ]
    print_table(benchmark["name"], ("", benchmark["unit"], "range", *beside.values()), rows)
    _say(benchmark["what"])
    for judged in (*benchmark["ratios"], *benchmark["limits"]):
        target = f" (target {judged['target']}: {'met' if judged['met'] else 'MISSED'})" if "target" in judged else ""
        _say(f"  {judged['name']} = {judged['value']:g} {judged['unit']}{target}")
    _say("")


def _say(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)

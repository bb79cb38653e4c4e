"""`erp-facade bench`: the facade measured side by side with bare alternatives, in one run, on this machine."""

from __future__ import annotations


def run_bench(*, as_json: bool, rounds: int, seconds: float, only: str) -> None:
    """Measure for `rounds` rounds of `seconds` each and print one JSON object, or tables for a person.

    `only` chooses the benchmarks whose name contains it. Progress goes to standard error. A missed target is told and
    is no failure; exits with 1 when a measurement is not valid.
    """
    # Imported here, because every process that the bench starts imports this package and needs none of it.
    from erp_facade.bench.run import run_and_print

    run_and_print(as_json=as_json, rounds=rounds, seconds=seconds, only=only)

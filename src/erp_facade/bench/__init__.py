"""`erp-facade bench`: the facade measured side by side with bare alternatives, in one run, on this machine."""

from erp_facade.bench.run import run_bench

__all__ = ["run_bench"]

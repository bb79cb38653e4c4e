"""What a load generator reports of the calls that it made."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any


def percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of the ascending values do not exceed (nearest rank)."""
    rank = max(1, -(-len(ordered) * round(share * 1000) // 1000))
    return ordered[rank - 1]


class Recording:
    """Collects the latencies, in seconds, of one measurement."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.answer_bytes = 0
        self._cpu = time.process_time()
        self._started = time.perf_counter()

    def report(self) -> dict[str, Any]:
        """Return count, rate, percentiles and the processor time of the load generator itself."""
        seconds = time.perf_counter() - self._started
        ordered = sorted(self.latencies)
        if not ordered:
            raise ValueError("not a single call was answered in the time of the measurement")
        return {
            "calls": len(ordered),
            "seconds": seconds,
            "calls_per_second": len(ordered) / seconds,
            "p50_ms": percentile(ordered, 0.5) * 1000,
            "p99_ms": percentile(ordered, 0.99) * 1000,
            "answer_bytes": self.answer_bytes / len(ordered),
            "client_cpu_share": (time.process_time() - self._cpu) / seconds,
        }

"""How orders are accepted and sent; every time is in seconds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderOptions:
    """What an installation may choose.

    `workers` claims and sends are under way at most, three quarters of them to one backend, so that a hanging ERP
    leaves room for the others. `lookup_workers`, `poll_workers` and `change_workers` are capacity of their own: order
    load never keeps an order in doubt from being looked up, and a cancellation that an ERP takes its time for never
    keeps an order from being sent. An adapter may be `overrun_seconds` late before its part is looked
    up without it.
    """

    workers: int = 32
    lookup_workers: int = 4
    poll_workers: int = 8
    change_workers: int = 8
    attempt_seconds: float = 30.0
    overrun_seconds: float = 5.0
    lookup_seconds: float = 10.0
    sweep_seconds: float = 15.0
    booking_horizon_seconds: float = 86_400.0
    doubt_horizon_seconds: float = 86_400.0
    max_attempts: int = 8
    key_retention: dt.timedelta = dt.timedelta(days=400)
    duplicate_window: dt.timedelta = dt.timedelta(hours=24)
    first_reference_number: int = 1

    @property
    def backend_workers(self) -> int:
        """How many sends to one backend are under way at most."""
        return max(1, self.workers * 3 // 4)

    @property
    def lease_seconds(self) -> float:
        """How long a claim is held: an attempt that starts in the first half of its lease ends before the lease."""
        return 2 * (self.attempt_seconds + self.overrun_seconds)

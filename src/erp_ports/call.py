"""What accompanies every call to an adapter."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The deadline and identity of one call.

    `deadline` is a reading of `time.monotonic()`. Adapters pass `correlation_id` and `traceparent` on to the ERP
    where its protocol has room for them.
    """

    deadline: float
    correlation_id: str = ""
    traceparent: str = ""

    @classmethod
    def within(cls, seconds: float, *, correlation_id: str = "", traceparent: str = "") -> Call:
        """Return a call that ends `seconds` from now."""
        return cls(deadline=time.monotonic() + seconds, correlation_id=correlation_id, traceparent=traceparent)

    def remaining(self) -> float:
        """Return the seconds left, never below 0."""
        return max(0.0, self.deadline - time.monotonic())

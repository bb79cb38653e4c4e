"""What a transport tells the pipeline of a call besides its request message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class CallMeta:
    """Identity, correlation and time of one call as its transport received it.

    `deadline` is a reading of `time.monotonic()`; `token` is the bearer token, if one was sent. `method` is the full
    gRPC name such as `/erp.v1.PricingService/CalculatePrices`.
    """

    method: str
    transport: str
    correlation_id: str
    deadline: float
    token: str | None = None
    traceparent: str = ""
    peer: str = ""
    request_bytes: int = 0

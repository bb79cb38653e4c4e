"""How many calls a client may make: a token bucket of one second per client."""

from __future__ import annotations

import time

import grpc

from erp_facade.api_error import ApiError
from erp_facade.clients import Client


class RateLimit:
    """Refuses calls above a client's rate, with the time after which the next one passes."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, client: Client) -> None:
        """Count one call; raise RESOURCE_EXHAUSTED when the client's bucket is empty."""
        rate = client.requests_per_second
        if rate is None:
            return
        now = time.monotonic()
        level, then = self._buckets.get(client.name, (float(rate), now))
        level = min(float(rate), level + (now - then) * rate)
        if level < 1.0:
            self._buckets[client.name] = (level, now)
            raise ApiError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "RATE_LIMITED",
                f"client {client.name} may make {rate} calls a second",
                retry_after=(1.0 - level) / rate,
            )
        self._buckets[client.name] = (level - 1.0, now)

"""Load over gRPC: a grpc.aio client that sends ready-made bytes, so that it costs little beside the server."""

from __future__ import annotations

import asyncio
import base64
import random
import time
from typing import Any

import grpc.aio

from erp_facade.bench.answering import Command, answer_commands, run_child
from erp_facade.bench.latency import Recording, percentile

_METHOD = "/erp.v1.PricingService/CalculatePrices"
_MOST_CALLS = 500_000
_DEADLINE_SECONDS = 9.0


class GrpcLoad:
    """Sends one request again and again to whichever target a command names, over one connection per target."""

    def __init__(self, body: bytes, token: str) -> None:
        self._body = body
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def once(self, command: Command) -> dict[str, Any]:
        """Make one call and return the answer's bytes in base64."""
        answer: bytes = await self._multicallable(command["target"])(
            self._body, timeout=_DEADLINE_SECONDS, metadata=self._metadata
        )
        return {"answer": base64.b64encode(answer).decode()}

    async def closed(self, command: Command) -> dict[str, Any]:
        """Keep `in_flight` calls under way for `seconds`: each answer is followed by the next call."""
        call = self._multicallable(command["target"])
        recording = Recording()
        latencies = recording.latencies
        end = time.perf_counter() + command["seconds"]

        async def caller() -> None:
            while (started := time.perf_counter()) < end and len(latencies) < _MOST_CALLS:
                answer = await call(self._body, timeout=_DEADLINE_SECONDS, metadata=self._metadata)
                latencies.append(time.perf_counter() - started)
                recording.answer_bytes += len(answer)

        await asyncio.gather(*(caller() for _ in range(command["in_flight"])))
        return recording.report()

    async def open(self, command: Command) -> dict[str, Any]:
        """Send `rate` calls a second for `seconds`, whether or not earlier ones are answered.

        Calls arrive at random (exponential gaps, the same for every contender): evenly spaced ones would leave the
        server the same pause after each, in which what is off the caller's path would never be in its way.
        A latency counts from the moment of sending. `lag_p99_ms` says how far the generator ran behind its plan.
        """
        call = self._multicallable(command["target"])
        recording = Recording()
        lags: list[float] = []
        begin = time.perf_counter()

        async def one() -> None:
            started = time.perf_counter()
            answer = await call(self._body, timeout=_DEADLINE_SECONDS, metadata=self._metadata)
            recording.latencies.append(time.perf_counter() - started)
            recording.answer_bytes += len(answer)

        async with asyncio.TaskGroup() as group:
            for due in arrivals(command["rate"], command["seconds"], command["seed"]):
                ahead = begin + due - time.perf_counter()
                if ahead > 0:
                    await asyncio.sleep(ahead)
                lags.append(max(0.0, time.perf_counter() - begin - due))
                group.create_task(one())
        return {**recording.report(), "lag_p99_ms": percentile(sorted(lags), 0.99) * 1000}

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()

    def _multicallable(self, target: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
        channel = self._channels.get(target)
        if channel is None:
            options = [("grpc.enable_retries", 0)]
            channel = self._channels[target] = grpc.aio.insecure_channel(target, options=options)
        return channel.unary_unary(_METHOD, request_serializer=None, response_deserializer=None)


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Return the instants, in seconds from the start, of a Poisson process; the same for the same seed."""
    gaps = random.Random(seed)  # noqa: S311
    instants = [0.0]
    while instants[-1] < seconds and len(instants) < _MOST_CALLS:
        instants.append(instants[-1] + gaps.expovariate(rate))
    return instants[:-1]


async def main(given: dict[str, Any]) -> None:
    load = GrpcLoad(base64.b64decode(given["body"]), given["token"])
    try:
        await answer_commands({}, {"once": load.once, "closed": load.closed, "open": load.open})
    finally:
        await load.close()


if __name__ == "__main__":
    run_child(main)

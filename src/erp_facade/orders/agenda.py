"""What is due when."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any

from erp_facade.orders.clock import Clock

Due = Callable[[], None]


class Agenda:
    """Calls back at a time. The same key is on the agenda once; the earlier time counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, str]] = []
        self._entries: dict[str, tuple[float, Due]] = {}
        self._changed = asyncio.Event()

    def put(self, key: str, seconds: float, due: Due) -> None:
        """Call `due` in so many seconds, unless the key is due earlier anyway."""
        time = self._clock.monotonic() + seconds
        entry = self._entries.get(key)
        if entry is not None and entry[0] <= time:
            return
        self._entries[key] = (time, due)
        heapq.heappush(self._heap, (time, key))
        if self._heap[0] == (time, key):
            self._changed.set()

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    async def run(self) -> None:
        """Call back whatever becomes due, until cancelled."""
        while True:
            self._changed.clear()
            wait = self._call_due()
            changed = asyncio.ensure_future(self._changed.wait())
            pending: list[asyncio.Task[Any]] = [changed]
            if wait is not None:
                pending.append(asyncio.ensure_future(self._clock.sleep(wait)))
            try:
                await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in pending:
                    task.cancel()
                await asyncio.gather(*pending, return_exceptions=True)

    def _call_due(self) -> float | None:
        """Call back what is due; return the seconds until the next, or None when there is nothing."""
        while self._heap:
            time, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is None or entry[0] != time:
                heapq.heappop(self._heap)  # overtaken by an earlier time
                continue
            left = time - self._clock.monotonic()
            if left > 0:
                return left
            heapq.heappop(self._heap)
            del self._entries[key]
            entry[1]()
        return None

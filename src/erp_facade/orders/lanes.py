"""Which backends take orders at the moment, and who waits for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from erp_facade.orders.backoff import pause


class Lanes:
    """Counts what is under way at each backend and pauses those that refuse to be asked.

    `monotonic` reads the clock. A claim is told the `closed` backends and leaves their lines alone.
    """

    def __init__(self, backends: Iterable[str], capacity: int, monotonic: Callable[[], float]) -> None:
        self._capacity = capacity
        self._monotonic = monotonic
        self._under_way = dict.fromkeys(backends, 0)
        self._failures = dict.fromkeys(self._under_way, 0)
        self._paused_until = dict.fromkeys(self._under_way, 0.0)
        self._parked: dict[str, deque[str]] = {name: deque() for name in self._under_way}

    @property
    def backends(self) -> tuple[str, ...]:
        return tuple(self._under_way)

    def closed(self) -> frozenset[str]:
        """Return the backends that are paused or full."""
        now = self._monotonic()
        return frozenset(
            name
            for name, under_way in self._under_way.items()
            if under_way >= self._capacity or self._paused_until[name] > now
        )

    def pause_left(self, backend: str) -> float:
        """Return for how many seconds the backend is left alone; 0 when it is not paused."""
        return max(0.0, self._paused_until[backend] - self._monotonic())

    def enter(self, backend: str) -> None:
        """Count a call under way."""
        self._under_way[backend] += 1

    def leave(self, backend: str) -> None:
        """Count it out."""
        self._under_way[backend] -= 1

    def park(self, backend: str, order_id: str) -> bool:
        """Let an order wait for a closed backend; return False when it is open again."""
        if backend not in self.closed():
            return False
        self._parked[backend].append(order_id)
        return True

    def unpark(self, backend: str) -> list[str]:
        """Return the orders that waited longest, as many as the backend has room for now."""
        if self._paused_until[backend] > self._monotonic():
            return []
        parked = self._parked[backend]
        room = self._capacity - self._under_way[backend]
        return [parked.popleft() for _ in range(min(room, len(parked)))]

    def unpark_all(self) -> list[str]:
        """Return every order that waits, and let none wait any longer."""
        found = [order_id for parked in self._parked.values() for order_id in parked]
        for parked in self._parked.values():
            parked.clear()
        return found

    def rest(self, backend: str, asked: float) -> float:
        """Pause the backend for as long as it asked, or longer with every failure in a row; return the seconds."""
        self._failures[backend] += 1
        seconds = max(asked, pause(self._failures[backend]))
        self._paused_until[backend] = max(self._paused_until[backend], self._monotonic() + seconds)
        return seconds

    def answered(self, backend: str) -> None:
        """Note that the backend took a call."""
        self._failures[backend] = 0
        self._paused_until[backend] = 0.0

"""Callers that wait for an order or a change to settle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Waiting:
    """Lets any number of callers watch a subject, each for a time of its own."""

    def __init__(self) -> None:
        self._watches: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def watch(self, subject: str) -> Iterator[asyncio.Event]:
        """Return an event that is set once the subject is released, also when that is before anyone waits."""
        released = asyncio.Event()
        self._watches.setdefault(subject, set()).add(released)
        try:
            yield released
        finally:
            watches = self._watches.get(subject, set())
            watches.discard(released)
            if not watches:
                self._watches.pop(subject, None)

    def release(self, subject: str) -> None:
        """Let everyone who watches the subject go on."""
        for released in self._watches.get(subject, ()):
            released.set()

    def release_all(self) -> None:
        """Let everyone go on."""
        for subject in self._watches:
            self.release(subject)


async def released_within(released: asyncio.Event, seconds: float) -> bool:
    """Wait for the event at most so many seconds; return whether it came."""
    if seconds <= 0 or released.is_set():
        return released.is_set()
    try:
        async with asyncio.timeout(seconds):
            await released.wait()
    except TimeoutError:
        return False
    return True

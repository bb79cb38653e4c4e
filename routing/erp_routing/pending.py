"""Comparisons that have started and not ended; each of them ends exactly once."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass

from erp_routing.observation import ComparisonTask, CoverageScope


@dataclass(kw_only=True, slots=True, eq=False)
class Pending:
    """One comparison under way. `ended` is set by the first outcome; later ones find it set and do nothing.

    `waits_for_booking`: only the control's booking is missing, which may take as long as it likes.
    """

    task: ComparisonTask
    scope: CoverageScope
    offered: dt.datetime
    ended: bool = False
    waits_for_booking: bool = False
    expiry: asyncio.TimerHandle | None = None


class PendingSet:
    """All comparisons under way, and whether any of them has work left to do."""

    def __init__(self) -> None:
        self._all: set[Pending] = set()
        self._waiting = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def bookings_waited_for(self) -> int:
        """How many comparisons wait for nothing but a booking."""
        return self._waiting

    def add(self, pending: Pending) -> None:
        self._all.add(pending)
        self._note()

    def remove(self, pending: Pending) -> None:
        """Forget a comparison that ended."""
        self.wait_for_booking(pending, False)
        self._all.discard(pending)
        if pending.expiry is not None:
            pending.expiry.cancel()
        self._note()

    def wait_for_booking(self, pending: Pending, waits: bool) -> None:
        """Note that a comparison waits for its booking, or no longer does."""
        if pending.waits_for_booking != waits:
            pending.waits_for_booking = waits
            self._waiting += 1 if waits else -1
            self._note()

    def not_ended(self) -> list[Pending]:
        return [pending for pending in self._all if not pending.ended]

    async def idle(self) -> None:
        """Return when nothing is under way but comparisons that wait for a booking."""
        await self._idle.wait()

    def _note(self) -> None:
        if len(self._all) == self._waiting:
            self._idle.set()
        else:
            self._idle.clear()

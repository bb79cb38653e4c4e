"""The shadow of one booking: the candidate's simulation and the control's booking, whichever ends first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from erp.v1.orders_pb2 import Order
from erp_ports.errors import ErpError
from erp_routing.asking import Asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """What the target booked, or how it refused, and when (`time.monotonic()`) the first byte was sent to it."""

    outcome: Order | ErpError
    started: float
    seconds: float


class BookingShadow:
    """Waits for both sides of a booking. None of its methods blocks or raises."""

    def __init__(self, *, compare: Callable[[Booking, Asked], None], give_up: Callable[[str], None]) -> None:
        self._compare = compare
        self._give_up = give_up
        self._asked: Asked | None = None
        self._booking: Booking | None = None

    @property
    def booked(self) -> bool:
        """Whether the booking is known already."""
        return self._booking is not None

    def complete(self, booked: Order | ErpError, control_started: float, control_seconds: float = 0.0) -> None:
        """Hand over what the target booked, or how it refused, and when (`time.monotonic()`) it was first sent."""
        if self._booking is None:
            self._booking = Booking(outcome=booked, started=control_started, seconds=control_seconds)
            self._compare_if_ready()

    def abandon(self, reason: str) -> None:
        """Say why there will be no booking to compare with; the observation is NOT_COMPARABLE for this reason."""
        self._give_up(reason)

    def simulated(self, asked: Asked) -> None:
        """Hand over what the candidate would book."""
        self._asked = asked
        self._compare_if_ready()

    def _compare_if_ready(self) -> None:
        if self._asked is not None and self._booking is not None:
            self._compare(self._booking, self._asked)

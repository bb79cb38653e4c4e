"""What can be asked to go wrong with the in-memory ERP."""

from __future__ import annotations

from dataclasses import dataclass

from erp_ports.errors import ErpError


@dataclass
class Faults:
    """Switches that a test or a demonstration sets on a running ERP.

    `down`: nothing is reached. `delay`: seconds until the answer comes; a write was executed before them.
    `hold_bookings`: orders are handed over and booked by `InMemoryErp.book_held`. `refuse_next`: what the next order
    is refused with. `lose_next_reply`: the next write is executed and its reply is lost.
    """

    down: bool = False
    delay: float = 0.0
    hold_bookings: bool = False
    refuse_next: ErpError | None = None
    lose_next_reply: bool = False

    def take_refusal(self) -> ErpError | None:
        """Return what the next order is refused with, once."""
        refusal, self.refuse_next = self.refuse_next, None
        return refusal

    def take_lost_reply(self) -> bool:
        """Return whether this reply is lost, once."""
        lost, self.lose_next_reply = self.lose_next_reply, False
        return lost

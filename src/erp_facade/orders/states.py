"""States of a submission, the moves between them, and the state of an order with several parts."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping

from erp.v1.orders_pb2 import Order


class State(enum.StrEnum):
    """How far a submission came; the values are the names of `Order.SubmissionState`."""

    ACCEPTED = "ACCEPTED"
    """Durably accepted, not sent; a clean part may still follow its route."""
    HELD = "HELD"
    """Waits for a person to release it; never sent before."""
    DISPATCHING = "DISPATCHING"
    """Pinned and being sent under a lease."""
    HANDED_OVER = "HANDED_OVER"
    """The ERP holds the request durably and books it later."""
    IN_DOUBT = "IN_DOUBT"
    """Sent with unknown outcome; dirty."""
    REVIEW = "REVIEW"
    """Waits for a person to decide on evidence."""
    BOOKED = "BOOKED"
    """Booked; leaves only to CANCELLED, through a cancellation that is itself BOOKED."""
    PARTIALLY_BOOKED = "PARTIALLY_BOOKED"
    """Of an order only: some parts are BOOKED, others REJECTED or CANCELLED."""
    REJECTED = "REJECTED"
    """Refused for a business reason; final."""
    CANCELLED = "CANCELLED"
    """Cancelled; final."""

    @property
    def message(self) -> Order.SubmissionState.ValueType:
        """The state as the contract writes it."""
        return getattr(Order, self.value)  # type: ignore[no-any-return]


SETTLED = frozenset({State.BOOKED, State.PARTIALLY_BOOKED, State.REJECTED, State.CANCELLED})
AWAITING_PERSON = frozenset({State.HELD, State.REVIEW})

MOVES: Mapping[State, frozenset[State]] = {
    State.ACCEPTED: frozenset({State.DISPATCHING, State.HELD, State.CANCELLED}),
    State.HELD: frozenset({State.ACCEPTED, State.CANCELLED}),
    State.DISPATCHING: frozenset(
        {State.BOOKED, State.REJECTED, State.HANDED_OVER, State.ACCEPTED, State.IN_DOUBT, State.REVIEW}
    ),
    State.HANDED_OVER: frozenset({State.BOOKED, State.REJECTED, State.REVIEW}),
    State.IN_DOUBT: frozenset({State.BOOKED, State.REJECTED, State.HANDED_OVER, State.DISPATCHING, State.REVIEW}),
    State.REVIEW: frozenset({State.BOOKED, State.ACCEPTED, State.CANCELLED}),
    State.BOOKED: frozenset({State.CANCELLED}),
    State.REJECTED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""Every move that a part or a change may make."""

_FIRST_THAT_APPLIES = (
    State.REVIEW,
    State.IN_DOUBT,
    State.HELD,
    State.DISPATCHING,
    State.HANDED_OVER,
    State.ACCEPTED,
)


class ForbiddenMove(Exception):
    """The state machine has no such move; a fault of the program."""


def check_move(before: State, after: State) -> None:
    """Raise ForbiddenMove when the state machine has no move between the two."""
    if after not in MOVES.get(before, frozenset()):
        raise ForbiddenMove(f"a submission cannot move from {before} to {after}")


def order_state(parts: Collection[State]) -> State:
    """Return the state of an order whose parts are in these states; there is at least one part."""
    for state in _FIRST_THAT_APPLIES:
        if state in parts:
            return state
    distinct = set(parts)
    if len(distinct) == 1:
        return distinct.pop()
    return State.PARTIALLY_BOOKED if State.BOOKED in distinct else State.REJECTED

"""What a claim hands to those who send: values, free of the store."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from erp.v1.orders_pb2 import Order
from erp_facade.orders.record import OrderRef
from erp_facade.orders.states import State
from erp_routing.decision import Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class PartClaim:
    """A part that this process may send once: pinned, numbered and leased in a committed transaction.

    `order` holds the lines of the part only. `lease_until` is a reading of the monotonic clock. `decision` is there
    for a part that was just pinned and names a candidate for the dual run, if any. `alone`: it holds all lines.
    """

    order_ref: OrderRef
    part_id: str
    number: int
    target: str
    reference: str
    attempt: int
    dirty: bool
    first_attempt_time: dt.datetime
    attempt_time: dt.datetime
    lease_until: float
    order: Order
    alone: bool
    correlation_id: str
    traceparent: str
    decision: Decision | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimResult:
    """What a claim of an order came to.

    `claims` are to be sent now. `blocked_by` is an earlier order of the customer that must go first. `closed` are
    backends in charge of other lines that take nothing at the moment. `problem` says in words why lines have no
    target. `draining` is set when the intake of a scope is not open. Without any of them there was nothing to claim.
    """

    claims: tuple[PartClaim, ...] = ()
    blocked_by: str | None = None
    closed: frozenset[str] = frozenset()
    problem: str = ""
    draining: bool = False
    state: State | None = None

"""Claiming (T2): from the commit of a claim on, a part's target is fixed.

The routes are read in the transaction that pins, so every claim lies wholly before or wholly after a flip.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from erp.v1.orders_pb2 import Order, OrderLine
from erp_facade.orders.claims import ClaimResult, PartClaim
from erp_facade.orders.clock import Clock
from erp_facade.orders.record import Happening, OrderRef, advance, state_of
from erp_facade.orders.references import References
from erp_facade.orders.states import State, check_move, order_state
from erp_facade.store.route_rows import read_table
from erp_facade.store.schema import UNSETTLED, order_parts, orders
from erp_facade.store.times import from_text, to_text
from erp_ports.ports import FullAdapter
from erp_routing.decision import Decision, NoRoute, RouteTable
from erp_routing.routes import Capability, Intake

_ORDER = select(
    orders.c.id,
    orders.c.business_unit,
    orders.c.customer,
    orders.c.plants,
    orders.c.payload,
    orders.c.state,
    orders.c.next_part,
    orders.c.correlation_id,
    orders.c.traceparent,
).where(orders.c.id == bindparam("of_order"))
_PARTS = select(order_parts).where(order_parts.c.order_id == bindparam("of_order")).order_by(order_parts.c.number)
_EARLIER = (
    select(orders.c.id, orders.c.plants)
    .where(
        orders.c.business_unit == bindparam("unit"),
        orders.c.customer == bindparam("buyer"),
        orders.c.id < bindparam("of_order"),
        UNSETTLED,
    )
    .order_by(orders.c.id.desc())
)
_PART = select(order_parts).where(order_parts.c.part_id == bindparam("of_part"))
_INSERT_PART = insert(order_parts)
_DELETE_PART = delete(order_parts).where(order_parts.c.part_id == bindparam("of_part"))
_LEASE_COLUMNS = (
    "state",
    "attempt",
    "route_version",
    "lease_owner",
    "lease_until",
    "first_attempt_time",
    "attempt_time",
    "update_time",
)
_LEASE_PART = (
    update(order_parts)
    .where(
        order_parts.c.part_id == bindparam("of_part"),
        order_parts.c.state == bindparam("from_state"),
        order_parts.c.attempt == bindparam("from_attempt"),
    )
    .values({name: bindparam(f"to_{name}") for name in _LEASE_COLUMNS})
)

AnyRow = Row[*tuple[Any, ...]]


class _Draining(Exception):
    """The intake of a scope that some lines fall into is not open."""


class _NoTarget(Exception):
    """Some lines of the order have no backend that could book them; `args[0]` says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a claim needs of the order's row."""

    ref: OrderRef
    customer: str
    plants: str
    order: Order
    next_part: int
    correlation_id: str
    traceparent: str


class Claimer:
    """Claims orders and parts for this process."""

    def __init__(
        self,
        *,
        adapters: Mapping[str, FullAdapter],
        references: References,
        clock: Clock,
        owner: str,
        lease_seconds: float,
    ) -> None:
        self._adapters = adapters
        self._references = references
        self._clock = clock
        self._owner = owner
        self._lease_seconds = lease_seconds

    def claim_order(self, connection: Connection, order_id: str, closed: frozenset[str]) -> ClaimResult:
        """Group the lines that were not sent yet by target and claim every part whose backend is not `closed`."""
        row = connection.execute(_ORDER, {"of_order": order_id}).first()
        if row is None or row.state in (State.HELD, State.CANCELLED):
            return ClaimResult()
        parts = connection.execute(_PARTS, {"of_order": order_id}).all()
        return self.claim(connection, _header(row), parts, closed)

    def claim(
        self, connection: Connection, header: Header, parts: Sequence[AnyRow], closed: frozenset[str]
    ) -> ClaimResult:
        """Claim an order whose rows were read, or written, in this transaction."""
        open_parts = [p for p in parts if p.state == State.ACCEPTED]
        if parts and not open_parts:
            return ClaimResult()
        blocker = _earlier_order(connection, header)
        if blocker is not None:
            return ClaimResult(blocked_by=blocker)
        sent = {line_id for p in parts if p.state != State.ACCEPTED for line_id in orjson.loads(p.line_ids)}
        lines = [line for line in header.order.lines if line.line_id not in sent]
        table = read_table(connection)
        try:
            groups, decisions = _targets(table, header, lines)
            self._require_writable(groups)
        except (NoRoute, _NoTarget) as error:
            return ClaimResult(problem=str(error))
        except _Draining:
            return ClaimResult(draining=True)
        shut = closed & groups.keys()
        if shut == groups.keys():
            return ClaimResult(closed=shut)
        return self._pin(connection, header, parts, groups, decisions, table.version, shut)

    def claim_again(self, connection: Connection, part_id: str, attempt: int) -> PartClaim | None:
        """Claim a part in doubt for another attempt at the same target under the same reference.

        Returns None when it is no longer in doubt after that attempt.
        """
        row = connection.execute(_PART, {"of_part": part_id}).first()
        if row is None or row.state != State.IN_DOUBT or row.attempt != attempt:
            return None
        order_row = connection.execute(_ORDER, {"of_order": row.order_id}).one()
        header = _header(order_row)
        part = dict(row._mapping)
        now = self._clock.now()
        lease = self._leased(part, now, row.route_version)
        _lease(connection, part, lease)
        claim = _claim_of(header, part | lease, None)
        state = state_of(connection, row.order_id)
        advance(connection, header.ref, state, [_dispatching(claim, State.IN_DOUBT)], to_text(now))
        return claim

    def _require_writable(self, groups: Mapping[str, list[str]]) -> None:
        for target in groups:
            adapter = self._adapters.get(target)
            if adapter is None:
                raise _NoTarget(f"the route names the backend {target}, which is not configured")
            if adapter.declaration.write_facts is None:
                raise _NoTarget(f"the backend {target} cannot book orders")

    def _pin(
        self,
        connection: Connection,
        header: Header,
        parts: Sequence[AnyRow],
        groups: Mapping[str, list[str]],
        decisions: Mapping[str, Decision | None],
        version: int,
        shut: frozenset[str],
    ) -> ClaimResult:
        """Make one part for each target; a part that keeps its target and lines keeps its row and reference."""
        now = self._clock.now()
        kept = {(p.target, p.line_ids): p for p in parts if p.state == State.ACCEPTED}
        states = [State(p.state) for p in parts if p.state != State.ACCEPTED]
        claims: list[PartClaim] = []
        new_parts = 0
        for target, line_ids in groups.items():
            row = kept.pop((target, _json(line_ids)), None)
            if row is None:
                part = self._new_part(connection, header, header.next_part + new_parts, target, line_ids, now)
                new_parts += 1
            else:
                part = dict(row._mapping)
            lease = {} if target in shut else self._leased(part, now, version)
            if row is None:
                connection.execute(_INSERT_PART, part | lease)
            elif lease:
                _lease(connection, part, lease)
            if lease:
                claims.append(_claim_of(header, part | lease, decisions[target]))
            states.append(State.DISPATCHING if lease else State.ACCEPTED)
        for left in kept.values():
            connection.execute(_DELETE_PART, {"of_part": left.part_id})
        state = order_state(states)
        happenings = [_dispatching(claim, State.ACCEPTED) for claim in claims]
        advance(connection, header.ref, state, happenings, to_text(now), new_parts=new_parts)
        return ClaimResult(claims=tuple(claims), closed=shut, state=state)

    def _new_part(
        self, connection: Connection, header: Header, number: int, target: str, line_ids: list[str], now: dt.datetime
    ) -> dict[str, Any]:
        facts = self._adapters[target].declaration.write_facts
        assert facts is not None, "checked before anything was pinned"
        part_id = f"{header.ref.id}.{number}"
        return {
            "part_id": part_id,
            "order_id": header.ref.id,
            "number": number,
            "line_ids": _json(line_ids),
            "target": target,
            "route_version": 0,
            "reference": self._references.allocate(connection, target, facts.reference, part_id),
            "state": State.ACCEPTED.value,
            "attempt": 0,
            "dirty": False,
            "lease_owner": None,
            "lease_until": None,
            "first_attempt_time": None,
            "attempt_time": None,
            "lookups": 0,
            "create_time": to_text(now),
            "update_time": to_text(now),
        }

    def _leased(self, part: Mapping[str, Any], now: dt.datetime, version: int) -> dict[str, Any]:
        """Return the columns that give this process the next attempt of a part."""
        check_move(State(part["state"]), State.DISPATCHING)
        return {
            "state": State.DISPATCHING.value,
            "attempt": part["attempt"] + 1,
            "route_version": version,
            "lease_owner": self._owner,
            "lease_until": microseconds(self._clock.monotonic() + self._lease_seconds),
            "first_attempt_time": part["first_attempt_time"] or to_text(now),
            "attempt_time": to_text(now),
            "update_time": to_text(now),
        }


def _lease(connection: Connection, part: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    """Write the lease of a part that was read in this transaction."""
    where = {"of_part": part["part_id"], "from_state": part["state"], "from_attempt": part["attempt"]}
    leased = connection.execute(_LEASE_PART, {**where, **{f"to_{name}": value for name, value in columns.items()}})
    assert leased.rowcount == 1, "read in the same transaction"


def _claim_of(header: Header, part: Mapping[str, Any], decision: Decision | None) -> PartClaim:
    order = part_order(header.order, orjson.loads(part["line_ids"]))
    return PartClaim(
        order_ref=header.ref,
        part_id=part["part_id"],
        number=part["number"],
        target=part["target"],
        reference=part["reference"],
        attempt=part["attempt"],
        dirty=part["dirty"],
        first_attempt_time=from_text(part["first_attempt_time"]),
        attempt_time=from_text(part["attempt_time"]),
        lease_until=part["lease_until"] / 1_000_000,
        order=order,
        alone=order is header.order,
        correlation_id=header.correlation_id,
        traceparent=header.traceparent,
        decision=decision,
    )


def microseconds(seconds: float) -> int:
    """Return a reading of the monotonic clock as leases are stored."""
    return int(seconds * 1_000_000)


def part_order(order: Order, line_ids: Sequence[str]) -> Order:
    """Return the order with the lines of one part only."""
    if len(line_ids) == len(order.lines):
        return order
    part = Order()
    part.CopyFrom(order)
    del part.lines[:]
    wanted = set(line_ids)
    part.lines.extend(line for line in order.lines if line.line_id in wanted)
    return part


def _header(row: AnyRow) -> Header:
    return Header(
        ref=OrderRef(id=row.id, business_unit=row.business_unit),
        customer=row.customer,
        plants=row.plants,
        order=Order.FromString(row.payload),
        next_part=row.next_part,
        correlation_id=row.correlation_id,
        traceparent=row.traceparent,
    )


def _earlier_order(connection: Connection, header: Header) -> str | None:
    """Return the customer's last earlier order that shares a plant and is not settled: it goes first."""
    ours = set(header.plants.strip("|").split("|"))
    key = {"unit": header.ref.business_unit, "buyer": header.customer, "of_order": header.ref.id}
    for row in connection.execute(_EARLIER, key):
        if ours & set(row.plants.strip("|").split("|")):
            return str(row.id)
    return None


def _targets(
    table: RouteTable, header: Header, lines: Sequence[OrderLine]
) -> tuple[dict[str, list[str]], dict[str, Decision | None]]:
    """Group line ids by target, in the order of the lines, with the decision that a whole group shares."""
    groups: dict[str, list[str]] = {}
    decisions: dict[str, list[Decision]] = {}
    for line in lines:
        decision = table.decide(header.ref.business_unit, line.plant, Capability.ORDERS, header.customer)
        groups.setdefault(decision.backend, []).append(line.line_id)
        decisions.setdefault(decision.backend, []).append(decision)
        if decision.intake is not Intake.OPEN:
            raise _Draining
    return groups, {target: _common(found) for target, found in decisions.items()}


def _common(decisions: Sequence[Decision]) -> Decision | None:
    """Return the lines' decision when all name the same candidate, because a document is compared as a whole."""
    return decisions[0] if len({d.candidate for d in decisions}) == 1 else None


def _dispatching(claim: PartClaim, before: State) -> Happening:
    return Happening(
        event="order.part.dispatching",
        before=before,
        after=State.DISPATCHING,
        part=claim.number,
        detail=f"attempt {claim.attempt} at {claim.target} under reference {claim.reference}",
        extra=(("target", claim.target), ("attempt", claim.attempt)),
    )


def _json(line_ids: Sequence[str]) -> str:
    return orjson.dumps(line_ids).decode()

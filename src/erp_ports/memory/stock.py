"""Stock of the in-memory ERP: what can leave a plant when, and what bookings take away."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_DOWN, Decimal
from typing import NamedTuple

from erp.v1.availability_pb2 import AvailabilityLine, LineAvailability
from erp.v1.common_pb2 import FULL, NONE, NOT_CHECKED, PARTIAL, AvailabilityDecision, Quantity
from erp_ports.amounts import from_date, quantity, to_date
from erp_ports.memory.config import StockConfig

_SIX_DECIMALS = Decimal("0.000001")


class Supply(NamedTuple):
    """A quantity in the base unit that is there from a date on."""

    date: dt.date
    quantity: Decimal


class Taking(NamedTuple):
    """What a demand takes: `confirmed` by ship date, `taken` from which supply, and the supplies `left`."""

    confirmed: tuple[Supply, ...]
    taken: tuple[Supply, ...]
    left: tuple[Supply, ...]


def decimal_of(message: Quantity) -> Decimal:
    return Decimal(message.value.value)


def supplies_of(stock: StockConfig) -> tuple[Supply, ...]:
    """Return stock and receipts, earliest first; what is on hand is there from the first day."""
    supplies = [Supply(dt.date.min, stock.on_hand), *(Supply(x.date, x.quantity) for x in stock.receipts)]
    return tuple(sorted(x for x in supplies if x.quantity > 0))


def take(supplies: tuple[Supply, ...], wanted: Decimal, requested: dt.date, replenished: dt.date | None) -> Taking:
    """Take `wanted` base units from the earliest supplies.

    What they do not cover is confirmed for `replenished`, the end of the lead time, or stays open when that is None.
    """
    confirmed: dict[dt.date, Decimal] = {}
    taken: list[Supply] = []
    left: list[Supply] = []
    missing = wanted
    for supply in supplies:
        portion = min(supply.quantity, missing)
        if portion:
            taken.append(Supply(supply.date, portion))
            ship_date = max(supply.date, requested)
            confirmed[ship_date] = confirmed.get(ship_date, Decimal(0)) + portion
            missing -= portion
        if supply.quantity > portion:
            left.append(Supply(supply.date, supply.quantity - portion))
    if missing and replenished is not None:
        ship_date = max(replenished, requested)
        confirmed[ship_date] = confirmed.get(ship_date, Decimal(0)) + missing
    return Taking(tuple(Supply(*x) for x in sorted(confirmed.items())), tuple(taken), tuple(left))


def give_back(supplies: tuple[Supply, ...], returned: tuple[Supply, ...]) -> tuple[Supply, ...]:
    """Return the supplies with what a cancelled document had taken."""
    by_date: dict[dt.date, Decimal] = {}
    for date, amount in (*supplies, *returned):
        by_date[date] = by_date.get(date, Decimal(0)) + amount
    return tuple(Supply(*x) for x in sorted(by_date.items()))


def answer(asked: AvailabilityLine, confirmed: tuple[Supply, ...], factor: Decimal, base_unit: str) -> LineAvailability:
    """Return the answer to one line: `confirmed` in base units, `factor` base units to one unit asked for."""
    wanted = decimal_of(asked.quantity)
    unit = asked.quantity.unit
    line = LineAvailability(
        line_id=asked.line_id, product=asked.product, plant=asked.plant, requested_date=asked.requested_date
    )
    portions = _in_unit(confirmed, factor)
    for ship_date, portion in portions:
        line.confirmations.add(ship_date=from_date(ship_date), quantity=quantity(portion, unit))
    line.decision = _decision(portions, wanted, to_date(asked.requested_date))
    if portions and sum(x.quantity for x in portions) == wanted:
        line.earliest_full_date.CopyFrom(from_date(portions[-1].date))
    if unit != base_unit:
        line.base_quantity.CopyFrom(quantity(wanted * factor, base_unit))
    return line


def not_checked(asked: AvailabilityLine) -> LineAvailability:
    """Return the answer for a product whose stock the plant does not keep."""
    return LineAvailability(
        line_id=asked.line_id,
        product=asked.product,
        plant=asked.plant,
        requested_date=asked.requested_date,
        decision=NOT_CHECKED,
    )


def _in_unit(confirmed: tuple[Supply, ...], factor: Decimal) -> list[Supply]:
    """Convert running totals, not portions: rounding down then never adds up to more, nor loses a last piece."""
    portions: list[Supply] = []
    total = told = Decimal(0)
    for date, amount in confirmed:
        total += amount
        portion = (total / factor).quantize(_SIX_DECIMALS, rounding=ROUND_DOWN) - told
        told += portion
        if portion:
            portions.append(Supply(date, portion))
    return portions


def _decision(portions: list[Supply], wanted: Decimal, requested: dt.date) -> AvailabilityDecision.ValueType:
    on_time = sum(x.quantity for x in portions if x.date <= requested)
    if on_time == wanted:
        return FULL
    return PARTIAL if on_time else NONE

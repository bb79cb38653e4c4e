"""Schedule lines of simulated and booked orders as confirmations. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from cloud_erp.s4hana import odata
from erp.v1.common_pb2 import FULL, NONE, PARTIAL, AvailabilityDecision, Confirmation, Quantity
from erp_ports.amounts import from_date, quantity, to_date


def confirmations_from_s4(schedule: Iterable[odata.Entity], unit: str) -> list[Confirmation]:
    """Return what is confirmed for which date, earliest first, each date once.

    The line that only repeats the wish (nothing confirmed, or confirmed for no date) is left out.
    """
    by_date: dict[dt.date, Decimal] = {}
    for line in schedule:
        amount = odata.number(line, "ConfdOrderQtyByMatlAvailCheck")
        date = odata.date(line, "ConfirmedDeliveryDate")
        if amount and amount > 0 and date is not None:
            by_date[date] = by_date.get(date, Decimal(0)) + amount
    return confirmations(sorted(by_date.items()), unit)


def confirmations(portions: Iterable[tuple[dt.date, Decimal]], unit: str) -> list[Confirmation]:
    return [Confirmation(ship_date=from_date(date), quantity=quantity(amount, unit)) for date, amount in portions]


def decision(confirmed: Iterable[Confirmation], wanted: Quantity, requested: dt.date) -> AvailabilityDecision.ValueType:
    """Return the decision on the requested date."""
    on_time = sum((Decimal(c.quantity.value.value) for c in confirmed if to_date(c.ship_date) <= requested), Decimal(0))
    if on_time >= Decimal(wanted.value.value):
        return FULL
    return PARTIAL if on_time else NONE

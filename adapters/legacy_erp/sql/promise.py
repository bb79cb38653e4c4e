"""Available to promise: free stock, then expected receipts, then everything once the lead time has passed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from legacy_erp.sql.units import rounded_down


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """What an item's branch can deliver, in primary units: `stock` now, `receipts` later.

    `lead_date` is the date from which on any quantity is promised, None when the ERP knows none.
    """

    stock: Decimal
    receipts: tuple[tuple[dt.date, Decimal], ...]
    lead_date: dt.date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """What is confirmed for which date, in the unit asked for, earliest first."""

    confirmations: tuple[tuple[dt.date, Decimal], ...]
    on_requested_date: Decimal
    earliest_full_date: dt.date | None


def promise(
    quantity: Decimal, factor: Fraction, requested: dt.date, supply: Supply, *, today: dt.date, places: int
) -> Promise:
    """Return what can leave when; quantities in the unit asked for, of which one is `factor` primary units.

    Nothing is promised before the requested date. A receipt that is overdue counts as expected today.
    """
    confirmed = Decimal(0)
    confirmations: list[tuple[dt.date, Decimal]] = []
    on_requested_date = Decimal(0)
    for date, supplied in _running_supply(supply, today):
        # Rounded down, because a part of the smallest quantity cannot be delivered.
        possible = (
            quantity if supplied is None else min(quantity, rounded_down(max(supplied, Fraction(0)) / factor, places))
        )
        ship_date = max(date, requested)
        if possible > confirmed:
            if confirmations and confirmations[-1][0] == ship_date:
                confirmations[-1] = (ship_date, possible - confirmed + confirmations[-1][1])
            else:
                confirmations.append((ship_date, possible - confirmed))
            confirmed = possible
        if date <= requested:
            on_requested_date = confirmed
    return Promise(
        confirmations=tuple(confirmations),
        on_requested_date=on_requested_date,
        earliest_full_date=confirmations[-1][0] if confirmed == quantity else None,
    )


def _running_supply(supply: Supply, today: dt.date) -> Iterable[tuple[dt.date, Fraction | None]]:
    """Yield each date on which something arrives with all that is there then; None is any quantity."""
    running = Fraction(supply.stock)
    yield today, running
    for date, quantity in sorted((max(date, today), quantity) for date, quantity in supply.receipts):
        if supply.lead_date is not None and date >= supply.lead_date:
            break
        running += Fraction(quantity)
        yield date, running
    if supply.lead_date is not None:
        yield supply.lead_date, None

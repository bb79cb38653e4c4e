"""The price rule: base price, one adjustment level, then the discount agreed for the line.

All arithmetic is exact (fractions per primary unit); only the line's amounts are rounded, half-up, at the end.
What of JDE's pricing this leaves out is listed in the README.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from erp_ports.amounts import minor_digits
from erp_ports.errors import Misconfigured, RefusalReason, Rejected
from legacy_erp.sql.rows import AdjustmentRow, BasePriceRow
from legacy_erp.sql.units import ItemUnits, exact

PERCENT_OF_BASE = "2"
AMOUNT_PER_UNIT = "5"


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceQuestion:
    """One line in the ERP's words. `agreed` is a price per one primary unit that takes the base price's place."""

    number: str
    branch: str
    customer: int
    unit: str
    quantity: Decimal
    discount: Decimal = Decimal(0)
    agreed: Fraction | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceStep:
    """What one step adds to the line's amount, rounded so that all steps add up to it."""

    source: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class LinePrice:
    """The price of a line. `list_price` and `net_price` are for `per` of `unit`; `base_quantity` in primary units."""

    list_price: Decimal
    net_price: Decimal
    per: Decimal
    unit: str
    net_amount: Decimal
    net_per_ordered_unit: Fraction
    base_quantity: Fraction
    steps: tuple[PriceStep, ...]


def price_line(
    question: PriceQuestion,
    units: ItemUnits,
    base_prices: Iterable[BasePriceRow],
    adjustments: Iterable[AdjustmentRow],
    *,
    adjustment_name: str,
    currency: str,
) -> LinePrice:
    """Return the line's price; raise Rejected(PRICE_MISSING) when the ERP has none."""
    price_unit, base, source = _base(question, units, base_prices)
    level = select_adjustment(question, units, adjustments)
    adjusted = base + (_adjustment(level, units, base) if level is not None else 0)
    net = adjusted * (1 - Fraction(question.discount))

    base_quantity = Fraction(question.quantity) * units.factor(question.unit)
    digits = minor_digits(currency)
    totals = [exact(base_quantity * price, digits) for price in (base, adjusted, net)]
    steps = [PriceStep(source=source, amount=totals[0])]
    if level is not None:
        steps.append(PriceStep(source=adjustment_name, amount=totals[1] - totals[0]))
    if question.discount:
        steps.append(PriceStep(source="agreed discount", amount=totals[2] - totals[1]))
    stated_in, per = units.stated_per(price_unit)
    price_factor = units.factor(price_unit)
    return LinePrice(
        list_price=exact(base * price_factor),
        net_price=exact(net * price_factor),
        per=per,
        unit=stated_in,
        net_amount=totals[2],
        net_per_ordered_unit=net * units.factor(question.unit),
        base_quantity=base_quantity,
        steps=tuple(steps),
    )


def _base(question: PriceQuestion, units: ItemUnits, base_prices: Iterable[BasePriceRow]) -> tuple[str, Fraction, str]:
    """Return the unit that the price is stated in, the price per primary unit and where it comes from."""
    if question.agreed is not None:
        return question.unit, question.agreed, "agreed price"
    row = select_base_price(question, base_prices)
    if row is None:
        raise Rejected("the ERP has no price for this product on this date", reason=RefusalReason.PRICE_MISSING)
    return row.unit, Fraction(row.price) / units.factor(row.unit), "F4106"


def select_base_price(question: PriceQuestion, rows: Iterable[BasePriceRow]) -> BasePriceRow | None:
    """Return the row that applies: the customer's before all customers', the branch's before all, then the newest.

    Of two as new as each other the one in the unit ordered applies.
    """
    candidates = [
        row
        for row in rows
        if row.number == question.number
        and row.branch in ("", question.branch)
        and row.customer in (0, question.customer)
    ]
    return max(
        candidates,
        key=lambda r: (r.customer != 0, r.branch != "", r.effective or dt.date.min, r.unit == question.unit),
        default=None,
    )


def select_adjustment(question: PriceQuestion, units: ItemUnits, rows: Iterable[AdjustmentRow]) -> AdjustmentRow | None:
    """Return the level that applies: the customer's before all customers', then the largest quantity reached."""
    ordered = Fraction(question.quantity) * units.factor(question.unit)

    def minimum(row: AdjustmentRow) -> Fraction:
        return Fraction(row.minimum) * units.factor(row.unit or question.unit)

    candidates = [
        row
        for row in rows
        if row.number == question.number
        and row.customer in (0, question.customer)
        and (row.minimum == 0 or minimum(row) <= ordered)
    ]
    return max(
        candidates,
        key=lambda r: (r.customer != 0, minimum(r) if r.minimum else Fraction(0), r.effective or dt.date.min),
        default=None,
    )


def _adjustment(level: AdjustmentRow, units: ItemUnits, base: Fraction) -> Fraction:
    """Return what the level adds per primary unit; reductions are negative."""
    if level.basis == PERCENT_OF_BASE:
        return base * Fraction(level.value) / 100
    if level.basis == AMOUNT_PER_UNIT:
        return Fraction(level.value) / units.factor(level.unit or units.primary)
    raise Misconfigured(
        "the ERP prices this product in a way that is not set up here",
        detail=f"F4072 basis code {level.basis!r} of {level.number} is neither 2 nor 5",
    )

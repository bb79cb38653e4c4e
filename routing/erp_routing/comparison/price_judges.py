"""The judge of prices per unit, exact as fractions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from erp_routing.comparison.classes import ComparisonClass, Severity
from erp_routing.comparison.exact import (
    NANOS,
    minor_units,
    nanos,
    number,
    per_quantity,
    rounding_of_price,
    show_money,
)
from erp_routing.comparison.finding import Finding
from erp_routing.comparison.quantity_judges import in_base_unit

_C = ComparisonClass
# An ERP without unit prices has them derived from the rounded amount, which is half a minor unit off at most; another
# rounding of that amount is one more.
_WITHIN_ROUNDED_AMOUNTS = Fraction(3, 2)


def show_price(price: Any) -> str:
    """Return the price in words: `19.90 EUR per 100 EA`."""
    per = f"{price.per_quantity.value} " if price.HasField("per_quantity") else ""
    return f"{show_money(price.amount)} per {per}{price.unit}"


def unit_price(left: Any, right: Any, control: Any, candidate: Any) -> Finding | None:
    """Compare prices per one unit; where unit prices were rounded, the line's net amount decides instead."""
    shown = show_price(left), show_price(right)
    if left.amount.currency_code != right.amount.currency_code:
        return Finding(_C.MISMATCH, "another currency", *shown)
    left_per, right_per, unit = per_quantity(left), per_quantity(right), left.unit
    if left_per is None or right_per is None:
        return Finding(_C.MISMATCH, "the price has no usable quantity", *shown)
    if left.unit != right.unit:
        left_units, right_units = _base_units(left.unit, control), _base_units(right.unit, candidate)
        if left_units is None or right_units is None or left_units[1] != right_units[1]:
            rule = "the prices are per units that no factor connects; the net amount decides"
            return Finding(_C.NOT_COMPARABLE, rule, *shown, Severity.WARNING)
        left_per, right_per, unit = left_per * left_units[0], right_per * right_units[0], left_units[1]
    gap = abs(Fraction(nanos(left.amount)) / left_per - Fraction(nanos(right.amount)) / right_per)
    if not gap or gap <= rounding_of_price(left, left_per) + rounding_of_price(right, right_per):
        return None
    units = max(_priced_units(control, unit), _priced_units(candidate, unit))
    if gap * units <= _minor_unit(left.amount.currency_code) * _WITHIN_ROUNDED_AMOUNTS:
        return None
    return Finding(_C.MISMATCH, "another price per unit", *shown)


def _minor_unit(currency: str) -> int:
    """Return the currency's minor unit in billionths."""
    return NANOS // minor_units(NANOS, currency)


def _base_units(unit: str, line: Any) -> tuple[Fraction, str] | None:
    """Return how many base units one unit of a price has by the line's own factor, and the base unit."""
    base = in_base_unit(line)
    if unit == base.unit:
        return Fraction(1), base.unit
    many, one = number(base.value.value), number(line.quantity.value.value)
    if unit != line.quantity.unit or not many or not one:
        return None
    return Fraction(many) / Fraction(one), base.unit


def _priced_units(line: Any, unit: str) -> Fraction:
    """Return the line's quantity in the unit of a price, as far as the line says it."""
    for quantity in (line.quantity, in_base_unit(line)):
        value = number(quantity.value.value)
        if quantity.unit == unit and value is not None:
            return Fraction(value)
    return Fraction(1)

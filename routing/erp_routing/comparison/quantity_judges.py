"""Judges of quantities, unit factors and confirmations."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from erp_routing.comparison.classes import ComparisonClass, Severity
from erp_routing.comparison.exact import calendar_date, number, same_number, show_date
from erp_routing.comparison.finding import FieldJudge, Finding

_C = ComparisonClass


def in_base_unit(line: Any) -> Any:
    """Return the line's quantity in its ERP's base unit; without one of its own it is in that unit already."""
    return line.base_quantity if line.HasField("base_quantity") else line.quantity


def _same_quantity(left: Any, right: Any) -> bool:
    return bool(left.unit == right.unit) and same_number(left.value.value, right.value.value)


def _show_quantity(quantity: Any) -> str:
    return f"{quantity.value.value} {quantity.unit}"


def quantity_judge(name: str) -> FieldJudge:
    """Quantities are equal by value, in one unit or in the base unit by each ERP's own factor."""

    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = getattr(control, name), getattr(candidate, name)
        if _same_quantity(left, right):
            return None
        if left.unit != right.unit and _same_quantity(in_base_unit(control), in_base_unit(candidate)):
            return None
        return Finding(_C.MISMATCH, "another quantity", _show_quantity(left), _show_quantity(right))

    return judge


def base_quantity(control: Any, candidate: Any) -> Finding | None:
    """Say whether the two ERPs convert the same quantity with different factors.

    A line without a base quantity is in the base unit already. Where only one side converts, the ERPs keep the product
    in different base units, which is shown and changes neither price nor quantity.
    """
    both = control.HasField("base_quantity"), candidate.HasField("base_quantity")
    if both == (False, False):
        return None
    if all(both):
        left, right = control.base_quantity, candidate.base_quantity
        if _same_quantity(left, right):
            return None
        return Finding(_C.MASTER_DATA_GAP, "the unit factors differ", _show_quantity(left), _show_quantity(right))
    left = control.base_quantity if both[0] else None
    right = candidate.base_quantity if both[1] else None
    if "quantity" in control.DESCRIPTOR.fields_by_name:
        own_left, own_right = in_base_unit(control), in_base_unit(candidate)
        if _same_quantity(own_left, own_right):
            return None
        if own_left.unit == own_right.unit:
            shown = _show_quantity(own_left), _show_quantity(own_right)
            return Finding(_C.MASTER_DATA_GAP, "the unit factors differ", *shown)
    shown = _show_quantity(left) if left else "", _show_quantity(right) if right else ""
    return Finding(_C.MASTER_DATA_GAP, "the base units differ", *shown, Severity.WARNING)


def confirmations_judge(name: str) -> FieldJudge:
    """Confirmed dates and quantities are exact; how they are split into entries does not matter."""

    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = getattr(control, name), getattr(candidate, name)
        if _schedule(left) == _schedule(right):
            return None
        return Finding(_C.MISMATCH, "confirmed dates and quantities are exact", _show(left), _show(right))

    return judge


def _schedule(confirmations: Sequence[Any]) -> dict[tuple[object, str], Decimal | str]:
    """Return the quantity confirmed for each date and unit; an ERP may tell one date in several entries."""
    total: dict[tuple[object, str], Decimal | str] = {}
    for confirmation in confirmations:
        key = calendar_date(confirmation.ship_date), confirmation.quantity.unit
        text = confirmation.quantity.value.value
        value, before = number(text), total.get(key, Decimal(0))
        total[key] = value + before if value is not None and isinstance(before, Decimal) else f"{before} {text}"
    return {key: value for key, value in total.items() if value != 0}


def _show(confirmations: Sequence[Any]) -> str:
    return ", ".join(f"{show_date(calendar_date(c.ship_date))}: {_show_quantity(c.quantity)}" for c in confirmations)

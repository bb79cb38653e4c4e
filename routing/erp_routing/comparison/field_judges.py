"""One judge for each kind of field: two messages that hold the field → a finding, or None when they agree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

from erp_routing.comparison.classes import ComparisonClass, Severity
from erp_routing.comparison.exact import (
    NANOS,
    calendar_date,
    minor_units,
    nanos,
    number,
    per_quantity,
    plain_text,
    rounding_of_price,
    same_number,
    show_amount,
    show_date,
    show_money,
    stored_length,
)
from erp_routing.comparison.field_rules import TEXT_LENGTHS, UNDECIDED, FieldRule, Kind

_C = ComparisonClass


class Finding(NamedTuple):
    """How a field differs; `severity` overrules the field's own when the difference cannot decide."""

    comparison_class: ComparisonClass
    rule: str
    control: str
    candidate: str
    severity: Severity | None = None


FieldJudge = Callable[[Any, Any], Finding | None]
"""Takes the two messages that hold the field: two lines, or two answers."""


def field_judge(field: FieldDescriptor, rule: FieldRule) -> FieldJudge:
    """Return the judge of one field."""
    match rule.kind:
        case Kind.IDENTIFIER:
            return _identifier(field.name)
        case Kind.TEXT:
            return _text(field.name)
        case Kind.QUANTITY:
            return _quantity(field.name)
        case Kind.BASE_QUANTITY:
            return base_quantity
        case Kind.UNIT_PRICE:
            return _present(field.name, rule, _show_price, _unit_price)
        case Kind.LINE_MONEY:
            return _present(field.name, rule, show_money, _line_money)
        case Kind.DOCUMENT_MONEY:
            return _present(field.name, rule, show_money, _document_money)
        case Kind.DATE:
            return _date(field.name, rule)
        case Kind.DECISION:
            return _decision(field, rule)
        case Kind.CONFIRMATIONS:
            return _confirmations(field.name)
    raise ValueError(f"{field.full_name}: {rule.kind} is not the kind of a single field")


def _identifier(name: str) -> FieldJudge:
    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = getattr(control, name), getattr(candidate, name)
        return None if left == right else Finding(_C.MISMATCH, "identifiers are exact", left, right)

    return judge


def _text(name: str) -> FieldJudge:
    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = getattr(control, name), getattr(candidate, name)
        if left == right:
            return None
        seen, other = plain_text(left), plain_text(right)
        if not seen or not other:
            if seen == other:
                return None
            return Finding(_C.NOT_COMPARABLE, "one side states no text", left, right, Severity.INFO)
        if seen == other:
            return Finding(_C.COSMETIC, "padding or case", left, right)
        shorter, longer = sorted((left, right), key=stored_length)
        if stored_length(shorter) in TEXT_LENGTHS and plain_text(longer).startswith(plain_text(shorter)):
            return Finding(_C.COSMETIC, "cut at the length of the ERP's field", left, right)
        return Finding(_C.MISMATCH, "another text", left, right, Severity.WARNING)

    return judge


def _in_base_unit(line: Any) -> Any:
    return line.base_quantity if line.HasField("base_quantity") else line.quantity


def _same_quantity(left: Any, right: Any) -> bool:
    return bool(left.unit == right.unit) and same_number(left.value.value, right.value.value)


def _show_quantity(quantity: Any) -> str:
    return f"{quantity.value.value} {quantity.unit}"


def _quantity(name: str) -> FieldJudge:
    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = getattr(control, name), getattr(candidate, name)
        if _same_quantity(left, right):
            return None
        if left.unit != right.unit and _same_quantity(_in_base_unit(control), _in_base_unit(candidate)):
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
        own_left, own_right = _in_base_unit(control), _in_base_unit(candidate)
        if _same_quantity(own_left, own_right):
            return None
        if own_left.unit == own_right.unit:
            shown = _show_quantity(own_left), _show_quantity(own_right)
            return Finding(_C.MASTER_DATA_GAP, "the unit factors differ", *shown)
    shown = _show_quantity(left) if left else "", _show_quantity(right) if right else ""
    return Finding(_C.MASTER_DATA_GAP, "the base units differ", *shown, Severity.WARNING)


Judged = Callable[[Any, Any, Any, Any], Finding | None]


def _present(name: str, rule: FieldRule, show: Callable[[Any], str], judged: Judged) -> FieldJudge:
    """Return a judge that looks at values only where both sides have one."""

    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = control.HasField(name), candidate.HasField(name)
        if left and right:
            return judged(getattr(control, name), getattr(candidate, name), control, candidate)
        if left == right:
            return None
        shown = (show(getattr(control, name)), "") if left else ("", show(getattr(candidate, name)))
        if rule.absent_counts:
            return Finding(_C.MISMATCH, "one side states none", *shown)
        return Finding(_C.NOT_COMPARABLE, "one side states none", *shown, Severity.INFO)

    return judge


def _line_money(left: Any, right: Any, control: Any, candidate: Any) -> Finding | None:
    return _money(left, right, _within_line)


def _document_money(left: Any, right: Any, control: Any, candidate: Any) -> Finding | None:
    lines = max(len(control.lines), len(candidate.lines))
    return _money(left, right, lambda gap, size: within_document(gap, size, lines))


def _money(left: Any, right: Any, within: Callable[[int, int], bool]) -> Finding | None:
    currency = left.currency_code
    if currency != right.currency_code:
        return Finding(_C.MISMATCH, "another currency", show_money(left), show_money(right))
    exact_left, exact_right = nanos(left), nanos(right)
    ours, theirs = minor_units(exact_left, currency), minor_units(exact_right, currency)
    if ours == theirs:
        return None
    shown = show_amount(exact_left, currency), show_amount(exact_right, currency)
    if within(abs(ours - theirs), min(abs(ours), abs(theirs))):
        return Finding(_C.ROUNDING, "within the tolerance of rounding", *shown)
    return Finding(_C.MISMATCH, "another amount", *shown)


def _within_line(gap: int, size: int) -> bool:
    return gap <= 1


def within_document(gap: int, size: int, lines: int) -> bool:
    """Return whether a gap between totals can come from rounding; all amounts in minor units.

    At most half a minor unit for each line and never less than one; beyond one, also at most 0.01 % of the total.
    """
    return gap <= 1 or (2 * gap <= lines and gap * 10_000 <= size)


def _show_price(price: Any) -> str:
    per = f"{price.per_quantity.value} " if price.HasField("per_quantity") else ""
    return f"{show_money(price.amount)} per {per}{price.unit}"


def _unit_price(left: Any, right: Any, control: Any, candidate: Any) -> Finding | None:
    """Compare prices per one unit; where unit prices were rounded, the line's net amount decides instead."""
    shown = _show_price(left), _show_price(right)
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
    if gap * units <= minor_unit_nanos(left.amount.currency_code):
        return None
    return Finding(_C.MISMATCH, "another price per unit", *shown)


def minor_unit_nanos(currency: str) -> int:
    """Return the currency's minor unit in billionths."""
    return NANOS // minor_units(NANOS, currency)


def _base_units(unit: str, line: Any) -> tuple[Fraction, str] | None:
    """Return how many base units one unit of a price has by the line's own factor, and the base unit."""
    base = _in_base_unit(line)
    if unit == base.unit:
        return Fraction(1), base.unit
    many, one = number(base.value.value), number(line.quantity.value.value)
    if unit != line.quantity.unit or not many or not one:
        return None
    return Fraction(many) / Fraction(one), base.unit


def _priced_units(line: Any, unit: str) -> Fraction:
    """Return the line's quantity in the unit of a price, as far as the line says it."""
    for quantity in (line.quantity, _in_base_unit(line)):
        value = number(quantity.value.value)
        if quantity.unit == unit and value is not None:
            return Fraction(value)
    return Fraction(1)


def _date(name: str, rule: FieldRule) -> FieldJudge:
    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = calendar_date(getattr(control, name)), calendar_date(getattr(candidate, name))
        if left == right:
            return None
        shown = show_date(left), show_date(right)
        if (left is None or right is None) and not rule.absent_counts:
            return Finding(_C.NOT_COMPARABLE, "one side states no date", *shown, Severity.INFO)
        return Finding(_C.MISMATCH, "dates are exact", *shown)

    return judge


def _decision(field: FieldDescriptor, rule: FieldRule) -> FieldJudge:
    enum_type = field.enum_type
    assert enum_type is not None
    name, values, undecided = field.name, enum_type.values_by_number, UNDECIDED[enum_type.full_name]

    def judge(control: Any, candidate: Any) -> Finding | None:
        left, right = (
            values[n].name if n in values else str(n) for n in (getattr(control, name), getattr(candidate, name))
        )
        if left == right or (left in undecided and right in undecided):
            return None
        if left in undecided or right in undecided:
            severity = None if rule.absent_counts else Severity.WARNING
            return Finding(_C.NOT_COMPARABLE, "one side did not decide", left, right, severity)
        return Finding(_C.MISMATCH, "another decision", left, right)

    return judge


def _confirmations(name: str) -> FieldJudge:
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

"""One judge for each kind of field: two messages that hold the field → a finding, or None when they agree."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from erp_routing.comparison.classes import ComparisonClass, Severity
from erp_routing.comparison.exact import calendar_date, plain_text, show_date, show_money, stored_length
from erp_routing.comparison.field_rules import TEXT_LENGTHS, UNDECIDED, FieldRule, Kind
from erp_routing.comparison.finding import FieldJudge, Finding
from erp_routing.comparison.money_judges import document_money, line_money, where_both
from erp_routing.comparison.price_judges import show_price, unit_price
from erp_routing.comparison.quantity_judges import base_quantity, confirmations_judge, quantity_judge

_C = ComparisonClass


def field_judge(field: FieldDescriptor, rule: FieldRule) -> FieldJudge:
    """Return the judge of one field."""
    match rule.kind:
        case Kind.IDENTIFIER:
            return _identifier(field.name)
        case Kind.TEXT:
            return _text(field.name)
        case Kind.QUANTITY:
            return quantity_judge(field.name)
        case Kind.BASE_QUANTITY:
            return base_quantity
        case Kind.UNIT_PRICE:
            return where_both(field.name, rule, show_price, unit_price)
        case Kind.LINE_MONEY:
            return where_both(field.name, rule, show_money, line_money)
        case Kind.DOCUMENT_MONEY:
            return where_both(field.name, rule, show_money, document_money)
        case Kind.DATE:
            return _date(field.name, rule)
        case Kind.DECISION:
            return _decision(field, rule)
        case Kind.CONFIRMATIONS:
            return confirmations_judge(field.name)
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

"""Judges of amounts of money."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from erp_routing.comparison.classes import ComparisonClass, Severity
from erp_routing.comparison.exact import minor_units, nanos, show_amount, show_money
from erp_routing.comparison.field_rules import FieldRule
from erp_routing.comparison.finding import FieldJudge, Finding

_C = ComparisonClass


Judged = Callable[[Any, Any, Any, Any], Finding | None]
"""Takes both values and the two messages that hold them."""


def where_both(name: str, rule: FieldRule, show: Callable[[Any], str], judged: Judged) -> FieldJudge:
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


def line_money(left: Any, right: Any, control: Any, candidate: Any) -> Finding | None:
    """Compare amounts of a line: one minor unit may come from rounding."""
    return _money(left, right, _within_line)


def document_money(left: Any, right: Any, control: Any, candidate: Any) -> Finding | None:
    """Compare totals: what rounding may amount to grows with the number of lines."""
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

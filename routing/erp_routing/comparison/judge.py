"""The verdict on a pair of outcomes: each side answered or failed."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import Message

from erp_ports.errors import ErpError
from erp_routing.comparison.classes import ComparisonClass, Difference, Severity, worst
from erp_routing.comparison.compile import EVERYTHING, Comparability, compare
from erp_routing.comparison.error_classes import error_class, lacks_master_data

Outcome = Message | ErpError


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """How well two outcomes agree. `reason` is empty unless something failed or could not be compared."""

    comparison_class: ComparisonClass
    reason: str = ""
    differences: tuple[Difference, ...] = ()


def judge(control: Outcome, candidate: Outcome, comparability: Comparability = EVERYTHING) -> Verdict:
    """Judge two outcomes of the same question.

    A technical failure says nothing about correctness, whichever side it is on, and is NOT_COMPARABLE. Two refusals of
    the same class agree. A side that lacks a product, customer, plant or unit has a MASTER_DATA_GAP.
    """
    if isinstance(control, Message) and isinstance(candidate, Message):
        differences = tuple(compare(control, candidate, comparability))
        return Verdict(comparison_class=worst(differences), reason=_field_reason(differences), differences=differences)
    for side, outcome in (("candidate", candidate), ("control", control)):
        if isinstance(outcome, ErpError) and not error_class(outcome).business:
            return not_comparable(f"{side} {_words(outcome)}")
    if isinstance(control, ErpError) and isinstance(candidate, ErpError):
        return _two_errors(control, candidate)
    if isinstance(candidate, ErpError):
        failed = ComparisonClass.MASTER_DATA_GAP if lacks_master_data(candidate) else ComparisonClass.CANDIDATE_ERROR
        return _refused(failed, f"candidate {_words(candidate)}", "answered", _words(candidate))
    assert isinstance(control, ErpError)
    failed = ComparisonClass.MASTER_DATA_GAP if lacks_master_data(control) else ComparisonClass.CONTROL_ERROR
    return _refused(failed, f"control {_words(control)}", _words(control), "answered")


def not_comparable(reason: str) -> Verdict:
    """Return the verdict on a pair of which one side is missing."""
    return Verdict(comparison_class=ComparisonClass.NOT_COMPARABLE, reason=reason)


def _two_errors(control: ErpError, candidate: ErpError) -> Verdict:
    if error_class(control) is error_class(candidate):
        return Verdict(comparison_class=ComparisonClass.MATCH, reason=f"both {error_class(control)}")
    gap = lacks_master_data(control) or lacks_master_data(candidate)
    comparison_class = ComparisonClass.MASTER_DATA_GAP if gap else ComparisonClass.MISMATCH
    reason = f"control {_words(control)}; candidate {_words(candidate)}"
    return _refused(comparison_class, reason, _words(control), _words(candidate))


def _refused(comparison_class: ComparisonClass, reason: str, control: str, candidate: str) -> Verdict:
    difference = Difference(
        path="error",
        field="error",
        control=control,
        candidate=candidate,
        comparison_class=comparison_class,
        severity=Severity.GATING,
        rule="refusals are compared by their class",
    )
    return Verdict(comparison_class=comparison_class, reason=reason, differences=(difference,))


def _words(error: ErpError) -> str:
    return f"{error_class(error)}: {error.message}"


def _field_reason(differences: tuple[Difference, ...]) -> str:
    """Return why fields that would decide could not be compared."""
    reasons = (
        d.rule
        for d in differences
        if d.comparison_class is ComparisonClass.NOT_COMPARABLE and d.severity is not Severity.INFO
    )
    return ", ".join(dict.fromkeys(reasons))

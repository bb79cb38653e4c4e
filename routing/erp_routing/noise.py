"""Fields that move by themselves: a difference in them counts only when it stays.

Noise never hides money or ordered quantity: only differences of fields that follow the stock are looked at here.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from google.protobuf.message import Message

from erp_routing.comparison import Comparability, ComparisonClass, Difference, Severity, Verdict, compare
from erp_routing.comparison.classes import worst


def unsettled(verdict: Verdict) -> frozenset[str]:
    """Return the paths whose difference may be noise."""
    return frozenset(d.path for d in verdict.differences if _may_be_noise(d))


def moved(before: Message, after: Message, comparability: Comparability) -> frozenset[str]:
    """Return the paths in which two answers of one ERP to the same question disagree although nothing was asked
    differently: the stock moved meanwhile."""
    return frozenset(d.path for d in compare(before, after, comparability) if d.moves)


def settled(control: Message, candidate: Message, comparability: Comparability, paths: Set[str]) -> frozenset[str]:
    """Return those of the paths in which both ERPs agree now."""
    return frozenset(paths) - {d.path for d in compare(control, candidate, comparability)}


def with_volatile(verdict: Verdict, paths: Set[str], rule: str) -> Verdict:
    """Return the verdict with the differences of these paths judged VOLATILE."""
    if not paths:
        return verdict
    differences = tuple(
        d._replace(comparison_class=ComparisonClass.VOLATILE, rule=rule) if d.path in paths and _may_be_noise(d) else d
        for d in verdict.differences
    )
    return replace(verdict, comparison_class=worst(differences), differences=differences)


def _may_be_noise(difference: Difference) -> bool:
    return (
        difference.moves
        and difference.severity is Severity.GATING
        and difference.comparison_class is ComparisonClass.MISMATCH
    )

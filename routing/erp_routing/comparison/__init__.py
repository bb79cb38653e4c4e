"""Do two answers agree: rules by field, comparators compiled from the contract, and the verdict on a pair."""

from erp_routing.comparison.classes import ComparisonClass, Difference, Severity
from erp_routing.comparison.compile import EVERYTHING, Comparability, compare
from erp_routing.comparison.field_rules import RULE_SET
from erp_routing.comparison.judge import Verdict, judge

__all__ = [
    "EVERYTHING",
    "RULE_SET",
    "Comparability",
    "ComparisonClass",
    "Difference",
    "Severity",
    "Verdict",
    "compare",
    "judge",
]

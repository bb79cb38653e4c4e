"""What a judge of a field says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from erp_routing.comparison.classes import ComparisonClass, Severity


class Finding(NamedTuple):
    """How a field differs; `severity` overrules the field's own when the difference cannot decide."""

    comparison_class: ComparisonClass
    rule: str
    control: str
    candidate: str
    severity: Severity | None = None


FieldJudge = Callable[[Any, Any], Finding | None]
"""Takes the two messages that hold the field: two lines, or two answers."""

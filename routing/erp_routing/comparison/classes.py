"""How well two answers agree, and whether a difference counts."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple


class ComparisonClass(enum.StrEnum):
    """How well two answers agree, declared from best to worst."""

    MATCH = "MATCH"
    ROUNDING = "ROUNDING"
    COSMETIC = "COSMETIC"
    TOLERATED = "TOLERATED"
    VOLATILE = "VOLATILE"
    MASTER_DATA_GAP = "MASTER_DATA_GAP"
    STALE = "STALE"
    NOT_COMPARABLE = "NOT_COMPARABLE"
    MISMATCH = "MISMATCH"
    CONTROL_ERROR = "CONTROL_ERROR"
    CANDIDATE_ERROR = "CANDIDATE_ERROR"

    @property
    def badness(self) -> int:
        """The place in the order from best (0) to worst."""
        return _BADNESS[self]


_BADNESS = {comparison_class: place for place, comparison_class in enumerate(ComparisonClass)}

AGREEING = frozenset(
    {ComparisonClass.MATCH, ComparisonClass.ROUNDING, ComparisonClass.COSMETIC, ComparisonClass.TOLERATED}
)
"""The classes that count as agreement in the match rate."""

DISAGREEING = frozenset(
    {
        ComparisonClass.MISMATCH,
        ComparisonClass.MASTER_DATA_GAP,
        ComparisonClass.CONTROL_ERROR,
        ComparisonClass.CANDIDATE_ERROR,
    }
)
"""The classes that count against the match rate. The others have gates of their own and are not in it."""


class Severity(enum.StrEnum):
    """Whether a difference decides the class of its observation; an IGNOREd field is not looked at."""

    GATING = "GATING"
    WARNING = "WARNING"
    INFO = "INFO"
    IGNORE = "IGNORE"


class Difference(NamedTuple):
    """One field on which two answers differ. (A tuple, because many may be made while callers wait.)

    `path` names lines by their id (`lines[10].net_amount`), `field` leaves the id out (`lines.net_amount`), so that
    differences of many calls can be counted by field. `control` and `candidate` are the values in words; `rule` says
    which rule judged them.
    """

    path: str
    field: str
    control: str
    candidate: str
    comparison_class: ComparisonClass
    severity: Severity
    rule: str
    moves: bool = False
    """The field may change by itself between two reads of the same ERP (stock and what follows from it)."""


def worst(differences: Iterable[Difference]) -> ComparisonClass:
    """Return the worst class of any difference that decides, MATCH when there is none."""
    classes = (d.comparison_class for d in differences if d.severity is Severity.GATING)
    return max(classes, key=_BADNESS.__getitem__, default=ComparisonClass.MATCH)


def match_rate(counts: Iterable[tuple[ComparisonClass, int]]) -> tuple[int, int]:
    """Return how many observations agree, and how many count at all."""
    agreeing = counting = 0
    for comparison_class, count in counts:
        agreeing += count if comparison_class in AGREEING else 0
        counting += count if comparison_class in AGREEING or comparison_class in DISAGREEING else 0
    return agreeing, counting

"""How much of the traffic was compared: seen = unsampled + skipped + shed + pending + not comparable + compared."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from erp_routing.comparison import ComparisonClass
from erp_routing.observation import CoverageScope, LeftOut


@dataclass(kw_only=True, slots=True)
class Counts:
    """Counts of one scope since this process started."""

    seen: int = 0
    unsampled: int = 0
    skipped: int = 0
    shed: int = 0
    pending: int = 0
    not_comparable: int = 0
    compared: int = 0

    @property
    def adds_up(self) -> bool:
        """Whether every call that was seen is accounted for exactly once."""
        left_out = self.unsampled + self.skipped + self.shed
        return self.seen == left_out + self.pending + self.not_comparable + self.compared


class Coverage:
    """Counts by scope, and the counts of left-out calls that the sink has not been told yet."""

    def __init__(self) -> None:
        self.by_scope: defaultdict[CoverageScope, Counts] = defaultdict(Counts)
        self._untold: Counter[tuple[CoverageScope, LeftOut]] = Counter()

    def leave_out(self, scope: CoverageScope, why: LeftOut) -> None:
        """Count a call that is not compared."""
        counts = self.by_scope[scope]
        counts.seen += 1
        self._add(scope, counts, why)

    def begin(self, scope: CoverageScope) -> None:
        """Count a call whose comparison starts."""
        counts = self.by_scope[scope]
        counts.seen += 1
        counts.pending += 1

    def end(self, scope: CoverageScope, comparison_class: ComparisonClass) -> None:
        """Count a comparison that ended and is kept."""
        counts = self.by_scope[scope]
        counts.pending -= 1
        if comparison_class is ComparisonClass.NOT_COMPARABLE:
            counts.not_comparable += 1
        else:
            counts.compared += 1

    def give_up(self, scope: CoverageScope) -> None:
        """Count a comparison that started and was shed after all."""
        counts = self.by_scope[scope]
        counts.pending -= 1
        self._add(scope, counts, LeftOut.SHED)

    def take_untold(self) -> dict[tuple[CoverageScope, LeftOut], int]:
        """Return what the sink has not been told, and forget it."""
        untold, self._untold = self._untold, Counter()
        return dict(untold)

    def put_back(self, untold: dict[tuple[CoverageScope, LeftOut], int]) -> None:
        """Remember counts that the sink could not take."""
        self._untold.update(untold)

    def total(self) -> Counts:
        """Return the counts of all scopes together."""
        total = Counts()
        for counts in self.by_scope.values():
            for name in Counts.__slots__:
                setattr(total, name, getattr(total, name) + getattr(counts, name))
        return total

    def _add(self, scope: CoverageScope, counts: Counts, why: LeftOut) -> None:
        match why:
            case LeftOut.UNSAMPLED:
                counts.unsampled += 1
            case LeftOut.SKIPPED:
                counts.skipped += 1
            case LeftOut.SHED:
                counts.shed += 1
        self._untold[scope, why] += 1

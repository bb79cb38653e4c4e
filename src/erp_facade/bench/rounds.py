"""Interleaved rounds: every contender is measured once in each round, in an order that changes from round to round."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]
"""What one measurement yields, by name: `calls_per_second`, `p50_ms` and so on."""

Measure = Callable[[], Awaitable[Figures]]
Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How often and how long everything is measured; `tell` reports progress to a person."""

    rounds: int
    seconds: float
    tell: Tell


@dataclass(frozen=True, kw_only=True, slots=True)
class Samples:
    """All measurements of one contender, in the order of the rounds."""

    figures: tuple[Figures, ...]

    def values(self, figure: str) -> list[float]:
        return [each[figure] for each in self.figures]

    def median(self, figure: str) -> float:
        return statistics.median(self.values(figure))

    def medians(self) -> dict[str, float]:
        """Return the median of every figure."""
        return {name: self.median(name) for name in self.figures[0]}


def order_of_round(names: Sequence[str], number: int) -> list[str]:
    """Return who is measured when in a round: everybody goes first equally often."""
    first = number % len(names)
    return [*names[first:], *names[:first]]


async def interleave(contenders: Mapping[str, Measure], plan: Plan) -> dict[str, Samples]:
    """Measure every contender in every round, after one whole round that only warms up and is thrown away."""
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    names = list(contenders)
    for measure in contenders.values():
        await measure()
    for number in range(plan.rounds):
        plan.tell(f"  round {number + 1} of {plan.rounds}")
        for name in order_of_round(names, number):
            found[name].append(await contenders[name]())
    return {name: Samples(figures=tuple(figures)) for name, figures in found.items()}

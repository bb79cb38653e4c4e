"""What the demo found, as one value: printed for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from erp.admin.v1 import comparisons_pb2
from erp_facade.demo.counting import BookCount
from erp_sandbox.seeds import ORDERS, Application, Seed

# Classes that say something is wrong; the others agree, or could not be compared.
_BAD = ("MISMATCH", "MASTER_DATA_GAP", "CONTROL_ERROR", "CANDIDATE_ERROR", "STALE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """Observations by class, and those with a bad class that no seed of their call explains."""

    classes: dict[str, int]
    unexpected: tuple[tuple[str, str, str], ...]
    """(observation, class, what differs) of each."""


def judge_observations(
    observations: Sequence[comparisons_pb2.Observation],
    applied: Sequence[Application],
    seeds: Sequence[Seed],
    *,
    simulated: Collection[str],
) -> Observed:
    """Count observations; one is expected if a seed that changed an answer of its call asks for its class.

    `simulated` are the correlation ids of the calls that asked for a simulation; all others beside orders are bookings.
    """
    expected = _expected_classes(applied, seeds, simulated)
    classes: Counter[str] = Counter()
    unexpected: list[tuple[str, str, str]] = []
    for o in observations:
        name = comparisons_pb2.ComparisonClass.Name(o.comparison_class)
        classes[name] += 1
        if name in _BAD and name not in expected.get(o.correlation_id, ()):
            words = "; ".join(f"{d.path}: {d.control_value} / {d.candidate_value}" for d in o.differences[:3])
            unexpected.append((o.name, name, f"{o.operation} {words or o.reason}"))
    return Observed(classes=dict(sorted(classes.items())), unexpected=tuple(unexpected))


def _expected_classes(
    applied: Sequence[Application], seeds: Sequence[Seed], simulated: Collection[str]
) -> dict[str, set[str]]:
    """Return the classes that the seeds of each call (by correlation id) account for."""
    by_id = {s.seed_id: s for s in seeds}
    expected: dict[str, set[str]] = {}
    for a in applied:
        seed, classes = by_id[a.seed_id], expected.setdefault(a.correlation_id, set())
        classes.add(seed.expected_class)
        if seed.cause == "both_refuse" and seed.operation == ORDERS and a.correlation_id not in simulated:
            # No seed touches a booking, so only the simulation beside it is refused.
            classes.add("CANDIDATE_ERROR")
    return expected


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """The outcome of a run."""

    orders_in_data: int
    orders_submitted: int
    orders_unsettled: int
    books: BookCount
    prices: int
    availabilities: int
    refused_reads: int
    replays: int
    invoices: int
    errors: tuple[str, ...]
    seeds: tuple[Seed, ...]
    seeds_found: frozenset[str]
    found_instead: dict[str, str]
    observations: Observed
    weeks_moved: int
    route_version: int

    @property
    def good(self) -> bool:
        """Every order of the data booked exactly once and known to be, every seed found, nothing else a mismatch."""
        return (
            len(self.books.booked) == self.orders_in_data
            and not self.books.unknown
            and not self.orders_unsettled
            and len(self.seeds_found) == len(self.seeds)
            and not self.observations.unexpected
        )

    def as_json(self) -> dict[str, Any]:
        """Return the object that `demo --json` prints."""
        return {
            "orders_in_data": self.orders_in_data,
            "orders_submitted": self.orders_submitted,
            "orders_booked": len(self.books.booked),
            "parts_booked": self.books.documents,
            "orders_lost": len(self.books.lost),
            "orders_booked_twice": len(self.books.twice),
            "documents_nobody_ordered": len(self.books.unknown),
            "orders_unsettled": self.orders_unsettled,
            "prices": self.prices,
            "availability_checks": self.availabilities,
            "reads_refused": self.refused_reads,
            "requests_replayed": self.replays,
            "invoices": self.invoices,
            "observations": sum(self.observations.classes.values()),
            "observations_by_class": self.observations.classes,
            "seeded_divergences": len(self.seeds),
            "seeded_found": len(self.seeds_found),
            "seeded_not_found": [
                {
                    "id": s.seed_id,
                    "cause": s.cause,
                    "expected_class": s.expected_class,
                    "class": self.found_instead.get(s.seed_id, "NOT_ASKED"),
                }
                for s in self.seeds
                if s.seed_id not in self.seeds_found
            ],
            "unexpected_mismatches": len(self.observations.unexpected),
            "unexpected_samples": [
                {"observation": name, "class": found, "differences": words}
                for name, found, words in self.observations.unexpected[:10]
            ],
            "errors": list(self.errors[:20]),
            "weeks_moved": self.weeks_moved,
            "route_version": self.route_version,
            "ok": self.good,
        }

"""Divergences for data that brings none: every cause, spread over the products and plants there are."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from erp_sandbox.master_data import MasterData
from erp_sandbox.seeds import AVAILABILITY, COLUMNS, ORDERS, PRICING

# cause, operation, value, class that the comparison must give it
_CAUSES = (
    ("price", PRICING, "1.50", "MISMATCH"),
    ("stock_frozen", AVAILABILITY, "", "MISMATCH"),
    ("rounding", PRICING, "", "ROUNDING"),
    ("text", PRICING, "", "COSMETIC"),
    ("discount", ORDERS, "0.05", "MISMATCH"),
    ("price_unit", PRICING, "100", "MATCH"),
    ("date_zone", AVAILABILITY, "", "MISMATCH"),
    ("price_unit_wrong", PRICING, "100", "MISMATCH"),
    ("unit_factor", PRICING, "10", "MASTER_DATA_GAP"),
    ("xref_missing", PRICING, "", "MASTER_DATA_GAP"),
    ("date_form", AVAILABILITY, "", "MATCH"),
    ("both_refuse", PRICING, "", "MATCH"),
    ("refuse", ORDERS, "", "CANDIDATE_ERROR"),
    ("timeout", AVAILABILITY, "", "NOT_COMPARABLE"),
    ("throttle", PRICING, "", "NOT_COMPARABLE"),
    ("down", ORDERS, "", "NOT_COMPARABLE"),
)


def write_default_seeds(master: MasterData, path: Path) -> Path:
    """Write a seed file for the data: each cause on each ERP, each on a product of its own as far as they last."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_rows(master))
    return path


def _rows(master: MasterData) -> Iterator[tuple[str, ...]]:
    places = _places(master)
    taken: set[tuple[str, str, str]] = set()
    wanted = [(backend, *cause) for cause in _CAUSES for backend in ("cloud", "legacy")]
    for number, (backend, cause, operation, value, expected) in enumerate(wanted, start=1):
        free = (p for p in (places[number % len(places) :] + places[: number % len(places)]))
        place = next(((pl, pr) for pl, pr in free if (operation, pl, pr) not in taken), None)
        if place is None:
            continue
        plant, product = place
        taken.add((operation, plant, product))
        yield f"D{number:02d}", backend, operation, plant, product, cause, value, expected


def _places(master: MasterData) -> list[tuple[str, str]]:
    """Return (plant, product) pairs, plants taking turns."""
    by_plant: dict[str, list[str]] = {}
    for product, plant in sorted(master.stock):
        by_plant.setdefault(plant, []).append(product)
    longest = max(map(len, by_plant.values()))
    return [(plant, products[i]) for i in range(longest) for plant, products in by_plant.items() if i < len(products)]

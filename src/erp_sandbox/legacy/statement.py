"""What can be told from a statement and its bound values: who asks for what, and about which items."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from urllib.parse import unquote

from erp_sandbox.legacy.words import QUANTITY_DECIMALS
from erp_sandbox.seeds import AVAILABILITY, ORDERS, PRICING

SEEDABLE = frozenset({"F4101", "F4102", "F41002", "F4106", "F4072", "F41021", "F4311"})
"""The tables whose rows a seed can change."""

_OPERATIONS = {"calculate_prices": PRICING, "check_availability": AVAILABILITY, "simulate_order": ORDERS}
_COMMENT = re.compile(r"/\*(?P<pairs>[^*]*)\*/\s*;?\s*$")
_PAIR = re.compile(r"(\w+)='([^']*)'")
_TABLE = re.compile(r"\bF\d{4,5}\b")
_SUFFIX = re.compile(r"\d+$")

Parameters = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A statement's seedable tables, and the call it belongs to; `operation` is None when no seed is about it."""

    tables: frozenset[str]
    operation: str | None
    correlation_id: str


def read_statement(sql: str) -> Statement:
    """Read the trailing comment; without one, the tables tell prices from availability."""
    tables = SEEDABLE.intersection(_TABLE.findall(sql.upper()))
    comment = _COMMENT.search(sql)
    if comment is None:
        return Statement(tables=tables, operation=_operation_by_tables(tables), correlation_id="")
    pairs = {key: unquote(value) for key, value in _PAIR.findall(comment["pairs"])}
    return Statement(
        tables=tables,
        operation=_OPERATIONS.get(pairs.get("action", "")),
        correlation_id=pairs.get("correlation_id", ""),
    )


def _operation_by_tables(tables: frozenset[str]) -> str | None:
    if tables & {"F4106", "F4072"}:
        return PRICING
    return AVAILABILITY if tables & {"F41021", "F4311", "F4102"} else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An item in a branch, with the names that both ERPs' owners use for them."""

    item: int
    number: str
    branch: str
    product: str
    plant: str
    initial: int


def read_places(connection: sqlite3.Connection) -> tuple[Place, ...]:
    """Return every item in every branch; they never change while the stand-in runs."""
    rows = connection.execute(
        "SELECT S.ITM, rtrim(IMLITM), S.MCU, S.PRODUCT, S.PLANT, S.INITIAL FROM SANDBOX_ITEM S"
        " JOIN main.F4101 ON IMITM = S.ITM ORDER BY S.rowid"
    )
    return tuple(
        Place(item=item, number=number, branch=branch, product=product, plant=plant, initial=initial)
        for item, number, branch, product, plant, initial in rows
    )


def asked_items(places: tuple[Place, ...], parameters: Parameters) -> tuple[Place, ...]:
    """Return every place of the items that the bound values name."""
    bound = _bound(parameters)
    return tuple(place for place in places if place.number in bound or place.item in bound)


def asked_branches(places: tuple[Place, ...], parameters: Parameters) -> frozenset[str]:
    """Return the branches that the bound values name, of those that the places are in."""
    bound = _bound(parameters)
    return frozenset(place.branch for place in places if place.branch.strip() in bound)


def _bound(parameters: Parameters) -> set[object]:
    return {_word(value) for name, value in parameters.items() if not name.startswith("quantity")}


def ordered_quantity(parameters: Parameters, place: Place, units: Mapping[str, Fraction]) -> Fraction | None:
    """Return the pieces ordered of an item, from the parameter `quantity…` that goes with it.

    `quantity_3` goes with whatever else ends in 3; a lone `quantity` goes with everything. `units` says how many
    pieces each unit of the item has. None as well when the item is ordered in several quantities.
    """
    found: set[Fraction] = set()
    quantities = {name: value for name, value in parameters.items() if name.startswith("quantity")}
    for name, value in quantities.items():
        partners = _partners(parameters, name) if len(quantities) > 1 else parameters
        words = [_word(partner) for partner in partners.values()]
        if isinstance(value, int) and value > 0 and (place.number in words or place.item in words):
            factor = next((units[word] for word in words if isinstance(word, str) and word in units), Fraction(1))
            found.add(Fraction(value, 10**QUANTITY_DECIMALS) * factor)
    return found.pop() if len(found) == 1 else None


def _partners(parameters: Parameters, name: str) -> dict[str, object]:
    suffix = _SUFFIX.search(name)
    return {
        other: value
        for other, value in parameters.items()
        if other != name and suffix and (found := _SUFFIX.search(other)) and found[0] == suffix[0]
    }


def _word(value: object) -> object:
    return value.strip() if isinstance(value, str) else value

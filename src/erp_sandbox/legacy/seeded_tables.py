"""Showing one statement seeded tables: temporary tables of the same names hide the real ones while it runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from erp_sandbox.legacy import store
from erp_sandbox.legacy.control import Control
from erp_sandbox.legacy.pricing import Priced, pieces_per, unit_price
from erp_sandbox.legacy.schema import TABLES
from erp_sandbox.legacy.seeding import DISTURBANCES, LOOSE_COLUMNS, Facts, Rows, seeded_rows
from erp_sandbox.legacy.statement import (
    Parameters,
    Place,
    Statement,
    asked_branches,
    asked_items,
    ordered_quantity,
    read_places,
    read_statement,
)
from erp_sandbox.legacy.stock import free_stock
from erp_sandbox.legacy.words import cyyddd
from erp_sandbox.seeds import Seed, applicable

_ITEM_COLUMNS = {
    "F4101": ("IMITM", None),
    "F4102": ("IBITM", "IBMCU"),
    "F41002": ("UMITM", None),
    "F4106": ("BPITM", "BPMCU"),
    "F4072": ("ADITM", None),
    "F41021": ("LIITM", "LIMCU"),
    "F4311": ("PDITM", "PDMCU"),
}
"""For each seedable table the columns of the item and, where it has one that counts, of the branch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """What a statement shall see: whole tables by name, and the seeds that made a difference to them.

    With a `disturbance` it shall see nothing: that seed keeps it from answering.
    """

    correlation_id: str
    tables: dict[str, Rows]
    seeds: tuple[Seed, ...]
    disturbance: Seed | None = None


class SeededTables:
    """Works out, for the statements of one connection, which seeds apply and what they change."""

    def __init__(self, connection: sqlite3.Connection, control: Control, *, shadow: bool) -> None:
        self._connection = connection
        self._control = control
        self._shadow = shadow
        self._places = read_places(connection)
        self._last_call = ""
        self._branches: frozenset[str] = frozenset()

    def prepare(self, sql: str, parameters: Parameters) -> Preparation | None:
        """Return what the statement shall see instead of the real tables, None when it shall see those."""
        seeds = self._control.seeds
        if not seeds:
            return None
        statement = read_statement(sql)
        if statement.operation is None or not statement.tables:
            return None
        items = asked_items(self._places, parameters)
        picked = self._picked(seeds, statement, self._in_asked_branches(items, statement, parameters))
        disturbances = [seed for _, seed in picked if seed.cause in DISTURBANCES]
        if disturbances:
            return Preparation(
                correlation_id=statement.correlation_id, tables={}, seeds=(), disturbance=disturbances[0]
            )
        return self._changed(statement, parameters, picked, {place.item for place in items}) if picked else None

    def show(self, preparation: Preparation) -> None:
        """Hide the real tables; `hide` brings them back."""
        for name, rows in preparation.tables.items():
            table = TABLES[name]
            self._connection.execute(table.ddl(temporary=True, untyped=LOOSE_COLUMNS))
            self._connection.executemany(
                f"INSERT INTO temp.{name} VALUES ({', '.join('?' * len(table.columns))})",  # noqa: S608
                [[row[column] for column in table.column_names] for row in rows],
            )

    def hide(self, preparation: Preparation) -> None:
        for name in preparation.tables:
            self._connection.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def _in_asked_branches(
        self, items: tuple[Place, ...], statement: Statement, parameters: Parameters
    ) -> tuple[Place, ...]:
        """Leave out the branches that are not asked for. A statement that names none (adjustments and conversions have
        no branch) is about those that its call named before; without any, about all."""
        if statement.correlation_id != self._last_call or not statement.correlation_id:
            self._last_call, self._branches = statement.correlation_id, frozenset()
        self._branches = asked_branches(items, parameters) or self._branches
        return tuple(place for place in items if place.branch in self._branches) or items

    def _picked(
        self, seeds: tuple[Seed, ...], statement: Statement, places: Iterable[Place]
    ) -> list[tuple[Place, Seed]]:
        """Return the places with their seeds. Another rounding moves one item only: several together would move the
        document's total by more than rounding can."""
        found = []
        rounded = False
        for place in places:
            seed = applicable(
                seeds,
                backend="legacy",
                operation=statement.operation or "",
                plant=place.plant,
                product=place.product,
                correlation_id=statement.correlation_id,
                shadow=self._shadow,
            )
            if seed is None or (seed.cause == "rounding" and rounded):
                continue
            rounded = rounded or seed.cause == "rounding"
            found.append((place, seed))
        return found

    def _changed(
        self, statement: Statement, parameters: Parameters, picked: list[tuple[Place, Seed]], items: set[int]
    ) -> Preparation | None:
        """Change the rows of the items asked for; what else the tables hold, the statement does not look at."""
        tables: dict[str, Rows] = {}
        effective: dict[str, Seed] = {}
        for name in sorted(statement.tables):
            changed = False
            rows = self._rows(name, items)
            for place, seed in picked:
                mine = [row for row in rows if _is_about(name, row, place)]
                after = seeded_rows(seed, name, mine, self._facts(place, parameters, pricing=name == "F4072"))
                if after != mine or any(type(a) is not type(b) for a, b in _cells(after, mine)):
                    rows = [row for row in rows if not _is_about(name, row, place)] + after
                    effective[seed.seed_id] = seed
                    changed = True
            if changed:
                tables[name] = rows
        if not tables:
            return None
        return Preparation(correlation_id=statement.correlation_id, tables=tables, seeds=tuple(effective.values()))

    def _rows(self, table: str, items: set[int]) -> Rows:
        names = TABLES[table].column_names
        found = self._connection.execute(
            f"SELECT {', '.join(names)} FROM main.{table}"  # noqa: S608 (our own names only)
            f" WHERE {_ITEM_COLUMNS[table][0]} IN ({', '.join('?' * len(items))})",
            tuple(items),
        )
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _facts(self, place: Place, parameters: Parameters, *, pricing: bool) -> Facts:
        primary: str = self._connection.execute(
            "SELECT IMUOM1 FROM main.F4101 WHERE IMITM = ?", (place.item,)
        ).fetchone()[0]
        currency: str = self._connection.execute("SELECT AICRCD FROM main.F03012 LIMIT 1").fetchone()[0]
        facts = Facts(
            place=place,
            currency=currency,
            primary=primary.strip(),
            today=store.today(self._connection),
            free=free_stock(self._connection, place.item, place.branch),
        )
        if not pricing:
            return facts
        pieces = ordered_quantity(parameters, place, self._units(place, facts.primary))
        if pieces is None:
            return facts
        what = Priced(
            item=place.item,
            branch=place.branch,
            customer=self._customer(parameters),
            currency=currency,
            day=_day(parameters, cyyddd(facts.today)),
            pieces=pieces,
            primary=facts.primary,
        )
        return replace(facts, pieces=pieces, price=unit_price(self._connection, what))

    def _units(self, place: Place, primary: str) -> dict[str, Fraction]:
        units = self._connection.execute("SELECT UMUM FROM main.F41002 WHERE UMITM = ?", (place.item,)).fetchall()
        factors = {unit.strip(): pieces_per(self._connection, place.item, unit.strip(), primary) for (unit,) in units}
        return {unit: factor for unit, factor in factors.items() if factor is not None}

    def _customer(self, parameters: Parameters) -> int:
        """Return the customer among the bound numbers, 0 when there is none."""
        for name, value in parameters.items():
            if isinstance(value, int) and not name.startswith("quantity"):
                known = self._connection.execute("SELECT 1 FROM main.F03012 WHERE AIAN8 = ?", (value,)).fetchone()
                if known:
                    return value
        return 0


def _is_about(table: str, row: dict[str, object], place: Place) -> bool:
    item, branch = _ITEM_COLUMNS[table]
    return row[item] == place.item and (branch is None or row[branch] == place.branch)


def _cells(after: Rows, before: Rows) -> Iterable[tuple[object, object]]:
    return (pair for a, b in zip(after, before, strict=True) for pair in zip(a.values(), b.values(), strict=True))


def _day(parameters: Parameters, otherwise: int) -> int:
    """Return the date among the bound values: the first parameter whose name says so."""
    found = (value for name, value in parameters.items() if "date" in name and isinstance(value, int) and value > 0)
    return next(found, otherwise)

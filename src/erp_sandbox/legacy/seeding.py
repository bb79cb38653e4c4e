"""What each seed does to the rows of a table: pure functions over whole rows of one item in one branch.

Seeds change what a table seems to hold for one statement, never what it holds; whatever SQL reads it, sums and joins
included, sees the change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from erp_sandbox.legacy.fill import ADJUSTMENT
from erp_sandbox.legacy.pricing import AMOUNT_PER_UNIT, PERCENT_OF_BASE, UnitPrice
from erp_sandbox.legacy.statement import Place
from erp_sandbox.legacy.words import (
    AMOUNT_DECIMALS,
    CONVERSION_DECIMALS,
    FACTOR_DECIMALS,
    FOREVER,
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    cyyddd,
    explicit,
    from_cyyddd,
    implied,
    round_amount,
)
from erp_sandbox.master_data import BEGINNING
from erp_sandbox.seed_effects import (
    extra_discount,
    frozen_stock,
    moved_net,
    moved_price,
    other_case,
    seeded_factor,
    spoiled_text,
)
from erp_sandbox.seeds import Seed

Row = dict[str, object]
Rows = list[Row]

DISTURBANCES = frozenset({"timeout", "throttle", "down"})
"""Causes that keep the statement from answering at all."""

LOOSE_COLUMNS = frozenset({"PDPDDJ", "IBLTLV"})
"""Columns that a seed may hand over in another form of number than the schema's."""

_MINOR_UNIT = Decimal(1).scaleb(-AMOUNT_DECIMALS)
_DESCRIPTION_LENGTH = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a seed has to know besides the rows; `pieces` and `price` are None where the statement does not say.

    `free` is the free stock in pieces, `price` that of the item for the customer asked for.
    """

    place: Place
    currency: str
    primary: str
    today: dt.date
    free: Fraction
    pieces: Fraction | None = None
    price: UnitPrice | None = None


Effect = Callable[[Seed, Rows, Facts], Rows]


def seeded_rows(seed: Seed, table: str, rows: Rows, facts: Facts) -> Rows:
    """Return the rows as this answer shows them; the same rows when the seed does nothing to this table."""
    effect = _EFFECTS.get((seed.cause, table))
    return rows if effect is None else effect(seed, rows, facts)


def _number(row: Row, column: str) -> int:
    value = row[column]
    assert isinstance(value, int)
    return value


def _vanish(_seed: Seed, _rows: Rows, _facts: Facts) -> Rows:
    return []


def _base_price(seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    return [
        {**row, "BPUPRC": implied(moved_price(seed, explicit(_number(row, "BPUPRC"), PRICE_DECIMALS)), PRICE_DECIMALS)}
        for row in rows
    ]


def _pricing_unit(seed: Seed) -> tuple[str, int]:
    """This ERP's price lists know the hundred and the thousand; any other factor becomes the hundred."""
    return ("TH", 1000) if seed.value == 1000 else ("HC", 100)


def _price_unit(seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    unit, factor = _pricing_unit(seed)
    return [{**row, "BPUOM": unit, "BPUPRC": _number(row, "BPUPRC") * factor} for row in rows]


def _price_unit_wrong(seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    return [{**row, "BPUOM": _pricing_unit(seed)[0]} for row in rows]


def _adjustment(facts: Facts, basis: str, value: int) -> Row:
    """An adjustment level for every customer, quantity and date."""
    return {
        "ADAST": ADJUSTMENT,
        "ADITM": facts.place.item,
        "ADLITM": facts.place.number,
        "ADAN8": 0,
        "ADCRCD": facts.currency,
        "ADUOM": facts.primary,
        "ADMNQ": 0,
        "ADEFTJ": cyyddd(BEGINNING),
        "ADEXDJ": cyyddd(FOREVER),
        "ADBSCD": basis,
        "ADFVTR": value,
    }


def _discount(seed: Seed, rows: Rows, facts: Facts) -> Rows:
    """Deepen the percentages that are there, and add one for whoever has none."""
    kept = 1 - extra_discount(seed)
    changed = []
    for row in rows:
        percent = explicit(_number(row, "ADFVTR"), FACTOR_DECIMALS)
        if row["ADBSCD"] == PERCENT_OF_BASE:
            row = {**row, "ADFVTR": implied((1 + percent / 100) * kept * 100 - 100, FACTOR_DECIMALS)}
        changed.append(row)
    if any(row["ADAN8"] == 0 and row["ADMNQ"] == 0 for row in rows):
        return changed
    return [*changed, _adjustment(facts, PERCENT_OF_BASE, implied(kept * 100 - 100, FACTOR_DECIMALS))]


def _rounding(seed: Seed, rows: Rows, facts: Facts) -> Rows:
    """Adjust by the smallest amount per piece that moves the line's net amount by exactly one minor unit.

    An adjustment has four decimals: for some hundreds of pieces no such amount may exist, and nothing changes.
    """
    if facts.pieces is None or facts.price is None:
        return rows
    net = round_amount(facts.price.net * facts.pieces)
    target = moved_net(seed, net, _MINOR_UNIT)
    half = Fraction(_MINOR_UNIT) / 2
    steps = 10**FACTOR_DECIMALS
    if target > net:
        level = ceil(((Fraction(target) - half) / facts.pieces - facts.price.base) * steps)
    else:
        level = ceil(((Fraction(target) + half) / facts.pieces - facts.price.base) * steps) - 1
    if round_amount((facts.price.base + Fraction(level, steps)) * facts.pieces) != target:
        return rows
    return [_adjustment(facts, AMOUNT_PER_UNIT, level)]


def _factor(seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    return [
        {
            **row,
            "UMCONV": implied(
                seeded_factor(seed, explicit(_number(row, "UMCONV"), CONVERSION_DECIMALS)), CONVERSION_DECIMALS
            ),
        }
        for row in rows
    ]


def _obsolete(_seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    return [{name: "O" if name in ("IMSTKT", "IBSTKT") else value for name, value in row.items()} for row in rows]


def _text(seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    """Spoil both description lines; a line that would grow beyond its column only changes its case."""
    changed = []
    for row in rows:
        texts = {}
        for column in ("IMDSC1", "IMDSC2"):
            text = str(row[column]).rstrip()
            spoiled = spoiled_text(seed, text)
            texts[column] = (spoiled if len(spoiled) <= _DESCRIPTION_LENGTH else other_case(text)).ljust(
                _DESCRIPTION_LENGTH
            )
        changed.append({**row, **texts})
    return changed


def _with_free(rows: Rows, pieces: Decimal) -> Rows:
    """Return the locations with this much free stock, all of it in the first."""
    changed = []
    for index, row in enumerate(rows):
        committed = _number(row, "LIPCOM") + _number(row, "LIHCOM")
        free = implied(pieces, QUANTITY_DECIMALS) if index == 0 else 0
        changed.append({**row, "LIPQOH": committed + free})
    return changed


def _frozen(seed: Seed, rows: Rows, facts: Facts) -> Rows:
    present = explicit(implied(facts.free, QUANTITY_DECIMALS), QUANTITY_DECIMALS)
    initial = explicit(facts.place.initial, QUANTITY_DECIMALS)
    return _with_free(rows, frozen_stock(seed, initial=initial, present=present))


def _stock_tomorrow(_seed: Seed, rows: Rows, facts: Facts) -> Rows:
    return _with_free(rows, Decimal(0)) if facts.free > 0 else rows


def _receipts_tomorrow(_seed: Seed, rows: Rows, facts: Facts) -> Rows:
    """Every receipt a day later; what is free today arrives tomorrow."""
    later = [{**row, "PDPDDJ": cyyddd(from_cyyddd(_number(row, "PDPDDJ")) + dt.timedelta(days=1))} for row in rows]
    if facts.free <= 0:
        return later
    arrival: Row = {
        "PDDOCO": 0,
        "PDITM": facts.place.item,
        "PDMCU": facts.place.branch,
        "PDUOPN": implied(facts.free, QUANTITY_DECIMALS),
        "PDPDDJ": cyyddd(facts.today + dt.timedelta(days=1)),
        "PDNXTR": "280",
    }
    return [arrival, *later]


def _lead_time_tomorrow(_seed: Seed, rows: Rows, _facts: Facts) -> Rows:
    return [{**row, "IBLTLV": _number(row, "IBLTLV") + 1} for row in rows]


def _as_float(column: str) -> Effect:
    """Hand the same number over as a whole float, as SQL Server's JD Edwards tables do."""
    return lambda _seed, rows, _facts: [{**row, column: float(_number(row, column))} for row in rows]


_EFFECTS: Mapping[tuple[str, str], Effect] = {
    ("rounding", "F4072"): _rounding,
    ("price_unit", "F4106"): _price_unit,
    ("price_unit_wrong", "F4106"): _price_unit_wrong,
    ("discount", "F4072"): _discount,
    ("price", "F4106"): _base_price,
    ("unit_factor", "F41002"): _factor,
    ("xref_missing", "F4101"): _vanish,
    ("xref_missing", "F4102"): _vanish,
    ("xref_missing", "F4106"): _vanish,
    ("stock_frozen", "F41021"): _frozen,
    ("date_form", "F4311"): _as_float("PDPDDJ"),
    ("date_form", "F4102"): _as_float("IBLTLV"),
    ("date_zone", "F41021"): _stock_tomorrow,
    ("date_zone", "F4311"): _receipts_tomorrow,
    ("date_zone", "F4102"): _lead_time_tomorrow,
    ("refuse", "F4101"): _obsolete,
    ("refuse", "F4102"): _obsolete,
    ("both_refuse", "F4101"): _obsolete,
    ("both_refuse", "F4102"): _obsolete,
    ("text", "F4101"): _text,
}

"""Seeded divergences: the differences between the two stand-ins that a comparison is expected to find.

A seed file names, per product and plant, what one ERP gets wrong and the class that the comparison should give it.
Seeds touch reads and simulations made with the shadow credential only, never a booking; `both_refuse` touches reads
and simulations of either credential, so that both ERPs refuse alike.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import sys
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

PRICING = "PRICING"
AVAILABILITY = "AVAILABILITY"
ORDERS = "ORDERS"
BACKENDS = ("legacy", "cloud")
OPERATIONS = (PRICING, AVAILABILITY, ORDERS)
COLUMNS = ("id", "backend", "operation", "plant", "product", "cause", "value", "expected_class")
CLASSES = (
    "MATCH",
    "ROUNDING",
    "COSMETIC",
    "TOLERATED",
    "VOLATILE",
    "MASTER_DATA_GAP",
    "STALE",
    "NOT_COMPARABLE",
    "MISMATCH",
    "CONTROL_ERROR",
    "CANDIDATE_ERROR",
)
_MONEY = (PRICING, ORDERS)
_STOCK = (AVAILABILITY, ORDERS)
CAUSES: dict[str, tuple[str, ...]] = {
    "rounding": _MONEY,
    "price_unit": _MONEY,
    "price_unit_wrong": _MONEY,
    "discount": _MONEY,
    "price": _MONEY,
    "text": _MONEY,
    "stock_frozen": _STOCK,
    "date_form": _STOCK,
    "date_zone": _STOCK,
    "unit_factor": OPERATIONS,
    "xref_missing": OPERATIONS,
    "both_refuse": OPERATIONS,
    "refuse": OPERATIONS,
    "timeout": OPERATIONS,
    "throttle": OPERATIONS,
    "down": OPERATIONS,
}
"""Every cause with the operations whose answer it can change."""

_DEFAULTS = {
    "rounding": Decimal(1),
    "price_unit": Decimal(100),
    "price_unit_wrong": Decimal(100),
    "discount": Decimal("0.05"),
    "price": Decimal("1.00"),
    "unit_factor": Decimal(10),
}
_LARGEST_PRICE_UNIT = 99_999
_TRUE_FACTOR = 12


class SeedError(ValueError):
    """The seed file at `path` cannot be used; `problems` holds every reason, each with its line number."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(f"{path}: " + "; ".join(problems))


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """One row of the file; `plant` and `product` may be `*`.

    `value` is the number of the file or the cause's default: a fraction for `discount`, per cent where `percent` is
    set (`price` only), None where the cause has none or, for `stock_frozen`, where the initial stock decides.
    """

    seed_id: str
    backend: str
    operation: str
    plant: str
    product: str
    cause: str
    value: Decimal | None
    percent: bool = False
    expected_class: str

    def matches(self, *, operation: str, plant: str, product: str) -> bool:
        return self.operation == operation and self.plant in ("*", plant) and self.product in ("*", product)


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A seed that changed the answer of the call with this correlation id."""

    seed_id: str
    correlation_id: str
    backend: str
    time: dt.datetime


def applicable(
    seeds: Iterable[Seed],
    *,
    backend: str,
    operation: str,
    plant: str,
    product: str,
    correlation_id: str,
    shadow: bool,
) -> Seed | None:
    """Return the one seed that this backend applies to this line of the call, if any.

    Both ERPs come to the same pick on their own: each lists what the *candidate* of this call would apply (its own
    seeds when asked with the shadow credential, else the other's) and lets the correlation id choose.
    """
    candidates = [
        seed
        for seed in seeds
        if seed.matches(operation=operation, plant=plant, product=product)
        and (seed.cause == "both_refuse" or (seed.backend == backend) == shadow)
    ]
    if not candidates:
        return None
    pick = candidates[zlib.crc32(correlation_id.encode()) % len(candidates)]
    return pick if shadow or pick.cause == "both_refuse" else None


def load_seeds(path: Path) -> tuple[Seed, ...]:
    """Read a seed file; raise SeedError with every problem at once. An empty file holds no seeds.

    A value that is not the number its cause needs is a warning on standard error, and the default is taken.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _seeds(path, csv.DictReader(io.StringIO(text, newline="")))
    except OSError as error:
        raise SeedError(path, [f"cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SeedError(path, ["is not UTF-8"]) from error
    except csv.Error as error:
        raise SeedError(path, [f"is not CSV: {error}"]) from error


def _seeds(path: Path, reader: csv.DictReader[str]) -> tuple[Seed, ...]:
    if reader.fieldnames is None:
        return ()
    problems = _header_problems([name.strip() for name in reader.fieldnames])
    if problems:
        raise SeedError(path, problems)
    reader.fieldnames = [name.strip() for name in reader.fieldnames]
    seeds: list[Seed] = []
    first_line: dict[str, int] = {}
    for row in reader:
        line = reader.line_num
        if None in row or None in row.values():
            problems.append(f"line {line}: needs {len(COLUMNS)} fields")
            continue
        cells = {name: cell.strip() for name, cell in row.items()}
        found = _row_problems(cells, first_line)
        problems += [f"line {line}: {problem}" for problem in found]
        first_line.setdefault(cells["id"], line)
        if not found:
            seeds.append(_seed(cells, path, line))
    if problems:
        raise SeedError(path, problems)
    return tuple(seeds)


def _header_problems(names: Sequence[str]) -> list[str]:
    problems = [f"line 1: column {name} is missing" for name in COLUMNS if name not in names]
    problems += [f"line 1: column {name!r} is unknown" for name in names if name not in COLUMNS]
    problems += [f"line 1: column {name} is there twice" for name in COLUMNS if names.count(name) > 1]
    return problems


def _row_problems(cells: dict[str, str], first_line: dict[str, int]) -> list[str]:
    problems = [f"{name} is empty" for name in COLUMNS if name != "value" and not cells[name]]
    if cells["id"] in first_line:
        problems.append(f"id {cells['id']} was used in line {first_line[cells['id']]}")
    for name, known in (("backend", BACKENDS), ("operation", OPERATIONS), ("expected_class", CLASSES)):
        if cells[name] and cells[name] not in known:
            problems.append(f"{name} {cells[name]!r} is unknown; known are {', '.join(known)}")
    cause, operation = cells["cause"], cells["operation"]
    if cause and cause not in CAUSES:
        problems.append(f"cause {cause!r} is unknown; known are {', '.join(CAUSES)}")
    elif cause and operation in OPERATIONS and operation not in CAUSES[cause]:
        problems.append(f"cause {cause} has no effect on {operation}, only on {', '.join(CAUSES[cause])}")
    return problems


def _seed(cells: dict[str, str], path: Path, line: int) -> Seed:
    cause, text = cells["cause"], cells["value"]
    value = _DEFAULTS.get(cause)
    percent = False
    if text and (cause in _DEFAULTS or cause == "stock_frozen"):
        try:
            value, percent = _value(cause, text)
        except (InvalidOperation, ValueError):
            default = "the initial stock and ten more" if value is None else value
            print(f"{path}: line {line}: value {text!r} does not suit {cause}; taking {default}", file=sys.stderr)
    return Seed(
        seed_id=cells["id"],
        backend=cells["backend"],
        operation=cells["operation"],
        plant=cells["plant"],
        product=cells["product"],
        cause=cause,
        value=value,
        percent=percent,
        expected_class=cells["expected_class"],
    )


def _value(cause: str, text: str) -> tuple[Decimal, bool]:
    """Return the number and whether it is per cent; raise when it would have no effect or no sense."""
    percent = text.endswith("%") and cause in ("price", "discount")
    number = Decimal(text.removesuffix("%").strip() if percent else text)
    if not number.is_finite():
        raise ValueError("not a number")
    if cause == "discount":
        number = number / 100 if percent or number >= 1 else number
        sensible, percent = 0 < number < 1, False
    elif cause in ("price_unit", "price_unit_wrong"):
        sensible = number == number.to_integral_value() and 1 < number <= _LARGEST_PRICE_UNIT
    elif cause == "unit_factor":
        sensible = number == number.to_integral_value() and number > 0 and number != _TRUE_FACTOR
    elif cause == "stock_frozen":
        sensible = number >= 0
    else:
        sensible = number != 0
    if not sensible:
        raise ValueError("has no effect")
    return number, percent

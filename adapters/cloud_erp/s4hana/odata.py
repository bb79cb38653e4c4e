"""OData V2 on the wire: literals, dates, decimals, keys, envelopes. Pure functions.

V2 writes decimals as strings, dates as `/Date(milliseconds)/` and wraps every answer in `d`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote

from erp_ports.amounts import plain

Entity = Mapping[str, Any]

_UTC = dt.UTC
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_TICKS = re.compile(r"^/Date\((-?\d+)([+-]\d{1,4})?\)/$")
# Dates that SAP writes for "none" or "never ends".
_NULL_DATES = frozenset({dt.date(1900, 1, 1), dt.date(9999, 12, 31), dt.date(1, 1, 1)})
_FIRST_LEGAL = dt.date(1900, 1, 2)


class Unreadable(ValueError):
    """The answer is not what the protocol allows here."""


def parse(content: bytes) -> Any:
    """Read JSON with exact numbers; raise Unreadable."""
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as problem:
        raise Unreadable("the answer is not JSON") from problem


def entity(body: Any) -> Entity:
    """Return the entity of `{"d": {...}}`; some servers wrap it once more in `results`."""
    inner = body.get("d") if isinstance(body, dict) else None
    if isinstance(inner, dict) and isinstance(inner.get("results"), dict):
        inner = inner["results"]
    if not isinstance(inner, dict):
        raise Unreadable("the answer holds no entity")
    return inner


def with_etag(source: Entity, stated: str) -> Entity:
    """Return the entity with this ETag in `__metadata`, unless it has one or none is stated."""
    metadata = source.get("__metadata")
    known = metadata if isinstance(metadata, dict) else {}
    return {**source, "__metadata": {**known, "etag": stated}} if stated and not known.get("etag") else source


def page(body: Any) -> tuple[list[Entity], str | None]:
    """Return the entities of a list and the link to its next page: `d` is the list itself or holds `results`."""
    inner = body.get("d") if isinstance(body, dict) else None
    if isinstance(inner, list):
        return _entities(inner), None
    if isinstance(inner, dict):
        if isinstance(inner.get("results"), list):
            link = inner.get("__next")
            return _entities(inner["results"]), link if isinstance(link, str) and link else None
        # A function import that returns a collection may be wrapped in its own name.
        lists = [value for value in inner.values() if isinstance(value, dict) and "results" in value]
        if len(lists) == 1:
            return _entities(lists[0]["results"]), None
    raise Unreadable("the answer holds no list")


def children(parent: Entity, name: str) -> list[Entity] | None:
    """Return an expanded navigation as a list, or None where the server left it out."""
    value = parent.get(name)
    if isinstance(value, dict):
        if "__deferred" in value:
            return None
        value = value.get("results", [value] if value else [])
    return _entities(value) if isinstance(value, list) else None


def continuation(parent: Entity, name: str) -> str | None:
    """Return the link to the rest of an expanded navigation, where the server paged it."""
    value = parent.get(name)
    link = value.get("__next") if isinstance(value, dict) else None
    return link if isinstance(link, str) and link else None


def child(parent: Entity, name: str) -> Entity | None:
    """Return an expanded navigation to one entity, or None where there is none."""
    found = children(parent, name)
    return found[0] if found else None


def _entities(values: Iterable[Any]) -> list[Entity]:
    found = list(values)
    if not all(isinstance(value, dict) for value in found):
        raise Unreadable("the list holds something that is no entity")
    return found


def text(source: Entity, name: str) -> str:
    """Return a field as text without blanks around it; missing and null are empty."""
    value = source.get(name)
    return "" if value is None else str(value).strip()


def flag(source: Entity, name: str) -> bool:
    """Return a Boolean field; ABAP's `X` counts as true."""
    return source.get(name) in (True, "X", "true")


def number(source: Entity, name: str) -> Decimal | None:
    """Return a decimal field, exact; None when missing. ABAP may put the minus sign behind."""
    raw = text(source, name)
    if not raw:
        return None
    if raw.endswith("-"):
        raw = "-" + raw[:-1]
    try:
        value = Decimal(raw)
    except InvalidOperation as problem:
        raise Unreadable(f"{name} is not a number: {raw!r}") from problem
    if not value.is_finite():
        raise Unreadable(f"{name} is not a number: {raw!r}")
    return value


def needed_number(source: Entity, name: str) -> Decimal:
    """Return a decimal field; raise Unreadable when it is missing."""
    value = number(source, name)
    if value is None:
        raise Unreadable(f"{name} is missing")
    return value


def moment(source: Entity, name: str) -> dt.datetime | None:
    """Return a date field as an instant in UTC; None when missing, null, or a date that means none."""
    raw = text(source, name)
    if not raw.strip("0-:T"):  # ABAP's initial date is all zeros
        return None
    ticks = _TICKS.match(raw)
    try:
        # The offset behind the ticks says where the value was written down; the ticks are UTC all the same.
        value = _EPOCH + dt.timedelta(milliseconds=int(ticks[1])) if ticks else _from_iso(raw)
    except (ValueError, OverflowError) as problem:
        raise Unreadable(f"{name} is not a date: {raw!r}") from problem
    return None if value.date() in _NULL_DATES or value.date() < _FIRST_LEGAL else value


def _from_iso(raw: str) -> dt.datetime:
    value = dt.datetime.fromisoformat(raw)
    return value.replace(tzinfo=_UTC) if value.tzinfo is None else value.astimezone(_UTC)


def date(source: Entity, name: str) -> dt.date | None:
    """Return a date-only field, which V2 writes as 00:00 UTC; written out, it is the date that stands there."""
    value = moment(source, name)
    if value is None:
        return None
    raw = text(source, name)
    return value.date() if _TICKS.match(raw) else dt.datetime.fromisoformat(raw).date()


def wire_date(value: dt.date) -> str:
    """Write a date as JSON has it: 00:00 UTC in milliseconds."""
    midnight = dt.datetime(value.year, value.month, value.day, tzinfo=_UTC)
    return f"/Date({(midnight - _EPOCH) // dt.timedelta(milliseconds=1)})/"


def wire_number(value: Decimal) -> str:
    """Write a decimal as JSON has it: a string."""
    return plain(value)


def literal(value: str) -> str:
    """Write a string in a key or filter: quoted, quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def date_literal(value: dt.date) -> str:
    return f"datetime'{value.isoformat()}T00:00:00'"


def key(entity_set: str, **fields: str) -> str:
    """Write an address by key: `A_SalesOrder('1')`, or with names where the key has several fields."""
    if len(fields) == 1:
        return f"{entity_set}({_escaped_literal(next(iter(fields.values())))})"
    return f"{entity_set}({','.join(f'{name}={_escaped_literal(value)}' for name, value in fields.items())})"


def _escaped_literal(value: str) -> str:
    return quote(literal(value), safe="'")


def query(**options: str) -> str:
    """Write query options; a blank is `%20`, because many OData servers take `+` for a plus.

    System options are named without their `$`: `query(filter="A eq 'x'", top="5")`.
    """
    return "&".join(f"{_system(name)}={quote(value, safe=_QUERY_SAFE)}" for name, value in options.items())


_QUERY_SAFE = "'(),:/$"
_SYSTEM = frozenset({"filter", "expand", "select", "orderby", "top", "skip", "inlinecount", "format"})


def _system(name: str) -> str:
    return f"${name}" if name in _SYSTEM else name

"""Which line of one answer belongs to which line of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from erp_ports.amounts import plain
from erp_routing.comparison.exact import calendar_date, number


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """Pairs in the control's order, and what has no partner."""

    pairs: list[tuple[Any, Any]]
    only_control: list[Any]
    only_candidate: list[Any]


def match_lines(control: Sequence[Any], candidate: Sequence[Any]) -> Matched:
    """Match by the line id where it names one line on each side, else by product, plant, quantity and date.

    Lines of equal content are interchangeable, so the order of the answers does not matter.
    """
    by_id = _unique_ids(candidate)
    own_ids = _unique_ids(control)
    taken = {line_id for line_id in own_ids if line_id in by_id}
    by_content: dict[tuple[object, ...], list[Any]] = defaultdict(list)
    for line in reversed(candidate):
        if line.line_id not in taken:
            by_content[_content(line)].append(line)
    pairs: list[tuple[Any, Any]] = []
    only_control: list[Any] = []
    for line in control:
        if line.line_id in taken:
            pairs.append((line, by_id[line.line_id]))
        elif alike := by_content.get(_content(line)):
            pairs.append((line, alike.pop()))
        else:
            only_control.append(line)
    left = [line for lines in by_content.values() for line in reversed(lines)]
    return Matched(pairs=pairs, only_control=only_control, only_candidate=left)


def _unique_ids(lines: Sequence[Any]) -> dict[str, Any]:
    by_id: dict[str, Any] = {}
    repeated = {""}
    for line in lines:
        if line.line_id in by_id:
            repeated.add(line.line_id)
        by_id[line.line_id] = line
    return {line_id: line for line_id, line in by_id.items() if line_id not in repeated}


def _content(line: Any) -> tuple[object, ...]:
    fields = line.DESCRIPTOR.fields_by_name
    quantity: tuple[object, ...] = ()
    if "quantity" in fields:
        value = number(line.quantity.value.value)
        quantity = (value if value is not None else line.quantity.value.value, line.quantity.unit)
    date = calendar_date(line.requested_date) if "requested_date" in fields else None
    return (line.product, line.plant, quantity, date)


def describe_line(line: Any) -> str:
    """Return the line in words: `12 EA of businessUnits/NW/products/11`."""
    if "quantity" not in line.DESCRIPTOR.fields_by_name:
        return str(line.product)
    value = number(line.quantity.value.value)
    shown = plain(value) if value is not None else line.quantity.value.value
    return f"{shown} {line.quantity.unit} of {line.product}"

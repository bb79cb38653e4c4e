"""The breakdown of a price, compared to explain a difference: it never decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from erp.v1.pricing_pb2 import PriceComponent
from erp_routing.comparison.classes import ComparisonClass, Difference, Severity
from erp_routing.comparison.exact import minor_units, nanos, show_amount


def component_differences(prefix: str, control: Any, candidate: Any) -> Iterator[Difference]:
    """Yield what differs between two lines after summing up components of the same kind.

    ERPs name and split their conditions each in their own way, so only the sums say something.
    """
    if control.components == candidate.components:
        return
    ours, theirs = _sums(control.components), _sums(candidate.components)
    for key in sorted(ours.keys() | theirs.keys()):
        kind, currency = key
        left, right = ours.get(key, 0), theirs.get(key, 0)
        if left != right and minor_units(left, currency) != minor_units(right, currency):
            name = PriceComponent.Kind.Name(kind)
            yield Difference(
                path=f"{prefix}components[{name}]",
                field=f"lines.components[{name}]",
                control=show_amount(left, currency) if key in ours else "",
                candidate=show_amount(right, currency) if key in theirs else "",
                comparison_class=ComparisonClass.MISMATCH,
                severity=Severity.INFO,
                rule="the breakdown explains and does not decide",
            )


def _sums(components: Iterable[Any]) -> dict[tuple[PriceComponent.Kind.ValueType, str], int]:
    sums: dict[tuple[PriceComponent.Kind.ValueType, str], int] = defaultdict(int)
    for component in components:
        sums[component.kind, component.amount.currency_code] += nanos(component.amount)
    return sums

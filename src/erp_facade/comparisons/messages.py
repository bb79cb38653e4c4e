"""Rows of observations as messages of `erp.admin.v1`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from sqlalchemy import Row

from erp.admin.v1 import comparisons_pb2, routes_pb2
from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.orders_pb2 import SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_facade.comparisons.queries import FieldCount
from erp_facade.comparisons.rows import differences_from_json, plants_from_text
from erp_facade.store.times import from_text
from erp_ports.amounts import plain
from erp_ports.operations import Operation
from erp_routing.comparison import ComparisonClass, Difference
from erp_routing.comparison.classes import match_rate
from erp_routing.coverage import Counts

_MESSAGES: Mapping[str, tuple[type[Message], type[Message]]] = {
    Operation.CALCULATE_PRICES: (CalculatePricesRequest, CalculatePricesResponse),
    Operation.CHECK_AVAILABILITY: (CheckAvailabilityRequest, CheckAvailabilityResponse),
    Operation.SIMULATE_ORDER: (SimulateOrderRequest, SimulateOrderResponse),
}
"""Request and answer of each operation that is compared."""

_RATE_DIGITS = Decimal("0.000001")


def observation_message(row: Row[Any]) -> comparisons_pb2.Observation:
    """Return an observation without request and answers."""
    message = comparisons_pb2.Observation(
        name=f"observations/{row.id}",
        correlation_id=row.correlation_id,
        business_unit=row.business_unit,
        plants=plants_from_text(row.plants),
        capability=routes_pb2.Capability.Value(row.capability),
        operation=row.operation,
        control=row.control,
        candidate=row.candidate,
        comparison_class=comparisons_pb2.ComparisonClass.Value(row.comparison_class),
        reason=row.reason,
        differences=[difference_message(d) for d in differences_from_json(row.differences)],
        route_version=row.route_version,
        rule_set=row.rule_set,
    )
    message.observe_time.FromDatetime(from_text(row.observe_time))
    message.control_latency.FromTimedelta(dt.timedelta(microseconds=row.control_us))
    message.candidate_latency.FromTimedelta(dt.timedelta(microseconds=row.candidate_us))
    return message


def whole_observation_message(row: Row[Any]) -> comparisons_pb2.Observation:
    """Return an observation with the request and what each side said, as JSON."""
    message = observation_message(row)
    request, answer = _MESSAGES[row.operation]
    message.request_json = _json(request, row.request)
    message.control_json = row.control_error or _json(answer, row.control_answer)
    message.candidate_json = row.candidate_error or _json(answer, row.candidate_answer)
    return message


def difference_message(difference: Difference) -> comparisons_pb2.Difference:
    return comparisons_pb2.Difference(
        path=difference.path,
        control_value=difference.control,
        candidate_value=difference.candidate,
        comparison_class=comparisons_pb2.ComparisonClass.Value(difference.comparison_class),
        severity=comparisons_pb2.Severity.Value(difference.severity),
        rule=difference.rule,
    )


def field_message(found: FieldCount) -> comparisons_pb2.FieldSummary:
    return comparisons_pb2.FieldSummary(
        capability=routes_pb2.Capability.Value(found.capability),
        path=found.field,
        comparison_class=comparisons_pb2.ComparisonClass.Value(found.comparison_class),
        count=found.count,
        sample=difference_message(found.sample),
        sample_observation=f"observations/{found.newest}",
    )


def scope_message(
    business_unit: str, plants: Iterable[str], capability: str, kinds: Mapping[str, int], pending: int
) -> comparisons_pb2.ScopeSummary:
    """Return the counts of a scope; `kinds` maps classes, and why calls were left out, to how many."""
    classes = [(c, kinds[c]) for c in ComparisonClass if c in kinds]
    not_comparable = kinds.get(ComparisonClass.NOT_COMPARABLE, 0)
    counts = Counts(
        unsampled=kinds.get("unsampled", 0),
        skipped=kinds.get("skipped", 0),
        shed=kinds.get("shed", 0),
        pending=pending,
        not_comparable=not_comparable,
        compared=sum(number for _, number in classes) - not_comparable,
    )
    agreeing, counting = match_rate(classes)
    return comparisons_pb2.ScopeSummary(
        business_unit=business_unit,
        plants=plants,
        capability=routes_pb2.Capability.Value(capability),
        classes=[
            comparisons_pb2.ClassCount(comparison_class=comparisons_pb2.ComparisonClass.Value(c), count=number)
            for c, number in classes
        ],
        seen=counts.unsampled + counts.skipped + counts.shed + counts.pending + counts.not_comparable + counts.compared,
        unsampled=counts.unsampled,
        skipped=counts.skipped,
        shed=counts.shed,
        pending=counts.pending,
        not_comparable=counts.not_comparable,
        compared=counts.compared,
        match_rate=plain((Decimal(agreeing) / counting).quantize(_RATE_DIGITS, "ROUND_FLOOR")) if counting else "",
    )


def _json(kind: type[Message], content: bytes | None) -> str:
    return "" if content is None else MessageToJson(kind.FromString(content), indent=None)

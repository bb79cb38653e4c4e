"""Observations in a real store: written in batches, counted, listed, summarised."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from erp.admin.v1 import comparisons_pb2, routes_pb2
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_facade.api_error import ApiError
from erp_facade.comparisons import ComparisonService, StoreSink
from erp_facade.page_token import PageTokens
from erp_facade.store import Store
from erp_facade.store.schema import observations
from erp_ports.amounts import money, quantity
from erp_ports.errors import Throttled
from erp_ports.operations import Operation
from erp_routing.comparison import RULE_SET, Verdict, judge
from erp_routing.coverage import Coverage
from erp_routing.observation import CoverageScope, ErrorRecord, LeftOut, Observation
from erp_routing.routes import Capability

NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
PRICING, AVAILABILITY = routes_pb2.PRICING, routes_pb2.AVAILABILITY


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'facade.db'}")
    yield opened
    await opened.close()


@pytest.fixture
async def sink(store: Store) -> AsyncIterator[StoreSink]:
    built = StoreSink(store, flush_seconds=0.0)
    yield built
    await built.close()


@pytest.fixture
def coverage() -> Coverage:
    return Coverage()


@pytest.fixture
def service(store: Store, coverage: Coverage) -> ComparisonService:
    return ComparisonService(store, PageTokens(b"0123456789abcdef"), lambda: coverage.by_scope)


CONTEXT: Any = None
"""The service reads nothing of the context."""


def answer(net: str) -> CalculatePricesResponse:
    response = CalculatePricesResponse()
    line = response.lines.add(line_id="10", product="businessUnits/NW/products/11", plant="EU01")
    line.quantity.CopyFrom(quantity(Decimal(10), "EA"))
    line.net_amount.CopyFrom(money(Decimal(net), "EUR"))
    return response


def observation(*, candidate: Any = None, correlation_id: str = "call-1", **changes: Any) -> Observation:
    said = answer("199.00") if candidate is None else candidate
    verdict: Verdict = judge(answer("199.00"), said)
    fields: dict[str, Any] = {
        "observe_time": NOW,
        "correlation_id": correlation_id,
        "business_unit": "NW",
        "plants": ("EU01", "NA01"),
        "capability": Capability.PRICING,
        "operation": Operation.CALCULATE_PRICES,
        "control": "legacy",
        "candidate": "cloud",
        "comparison_class": verdict.comparison_class,
        "reason": verdict.reason,
        "differences": verdict.differences,
        "route_version": 3,
        "rule_set": RULE_SET,
        "control_seconds": 0.0125,
        "candidate_seconds": 0.25,
        "request": CalculatePricesRequest(parent="businessUnits/NW", currency_code="EUR"),
        "control_answer": answer("199.00"),
        "candidate_answer": None if isinstance(said, Exception) else said,
        "control_error": None,
        "candidate_error": ErrorRecord.of(said) if isinstance(said, Throttled) else None,
    }
    return Observation(**{**fields, **changes})


async def keep(sink: StoreSink, *kept: Observation) -> None:
    await asyncio.gather(*(sink.store(o) for o in kept))


async def list_all(service: ComparisonService, **fields: Any) -> list[comparisons_pb2.Observation]:
    response = await service.list_observations(CONTEXT, comparisons_pb2.ListObservationsRequest(**fields))
    return list(response.observations)


async def test_an_observation_comes_back_with_both_answers(sink: StoreSink, service: ComparisonService) -> None:
    await keep(sink, observation(candidate=answer("250.00")))
    (listed,) = await list_all(service)
    assert (listed.request_json, listed.control_json, listed.candidate_json) == ("", "", "")
    whole = await service.get_observation(CONTEXT, comparisons_pb2.GetObservationRequest(name=listed.name))
    assert json.loads(whole.request_json) == {"parent": "businessUnits/NW", "currencyCode": "EUR"}
    assert json.loads(whole.control_json)["lines"][0]["netAmount"] == {"currencyCode": "EUR", "units": "199"}
    assert json.loads(whole.candidate_json)["lines"][0]["netAmount"] == {"currencyCode": "EUR", "units": "250"}
    assert whole.observe_time.ToDatetime(dt.UTC) == NOW
    assert (list(whole.plants), whole.capability, whole.operation) == (["EU01", "NA01"], PRICING, "calculate_prices")
    assert whole.comparison_class == comparisons_pb2.MISMATCH
    assert whole.control_latency.ToTimedelta() == dt.timedelta(milliseconds=12.5)
    assert whole.candidate_latency.ToTimedelta() == dt.timedelta(milliseconds=250)
    (found,) = whole.differences
    assert (found.path, found.control_value, found.candidate_value, found.severity) == (
        "lines[10].net_amount", "199.00 EUR", "250.00 EUR", comparisons_pb2.GATING,
    )  # fmt: skip


async def test_a_candidate_that_failed_is_shown_with_its_error(sink: StoreSink, service: ComparisonService) -> None:
    await keep(sink, observation(candidate=Throttled("too many")))
    (listed,) = await list_all(service)
    whole = await service.get_observation(CONTEXT, comparisons_pb2.GetObservationRequest(name=listed.name))
    assert json.loads(whole.candidate_json) == {
        "error_class": "THROTTLED", "error": "Throttled", "message": "too many",
    }  # fmt: skip
    assert whole.reason == "candidate THROTTLED: too many"


async def test_an_observation_that_does_not_exist_is_not_found(service: ComparisonService) -> None:
    with pytest.raises(ApiError) as refused:
        await service.get_observation(CONTEXT, comparisons_pb2.GetObservationRequest(name="observations/NONE"))
    assert refused.value.reason == "NOT_FOUND"


async def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition(
    sink: StoreSink, service: ComparisonService
) -> None:
    for number in range(7):
        await keep(sink, observation(correlation_id=str(number)))
    seen: list[str] = []
    request = comparisons_pb2.ListObservationsRequest(page_size=3, business_unit="NW")
    sizes = []
    while True:
        response = await service.list_observations(CONTEXT, request)
        sizes.append(len(response.observations))
        seen += [o.correlation_id for o in response.observations]
        if not response.next_page_token:
            break
        request.page_token = response.next_page_token
        await keep(sink, observation(correlation_id="arrived meanwhile"))
    assert (seen, sizes) == ([str(n) for n in range(6, -1, -1)], [3, 3, 1])


async def test_a_page_token_of_another_request_is_refused(sink: StoreSink, service: ComparisonService) -> None:
    await keep(sink, observation(), observation())
    first = await service.list_observations(CONTEXT, comparisons_pb2.ListObservationsRequest(page_size=1))
    with pytest.raises(ApiError) as refused:
        await list_all(service, page_size=1, page_token=first.next_page_token, plant="EU01")
    assert refused.value.reason == "INVALID_PAGE_TOKEN"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"a", "b", "c"}),
        ({"business_unit": "SW"}, {"b"}),
        ({"plant": "NA01"}, {"a", "c"}),
        ({"plant": "NA0"}, set()),
        ({"plant": "%"}, set()),
        ({"capability": AVAILABILITY}, {"c"}),
        ({"comparison_class": comparisons_pb2.MISMATCH}, {"b"}),
        ({"correlation_id": "c"}, {"c"}),
        ({"business_unit": "SW", "plant": "NA01"}, set()),
    ],
)
async def test_observations_are_filtered(
    sink: StoreSink, service: ComparisonService, fields: dict[str, Any], expected: set[str]
) -> None:
    await keep(
        sink,
        observation(correlation_id="a"),
        observation(correlation_id="b", business_unit="SW", plants=("EU01",), candidate=answer("1.00")),
        observation(correlation_id="c", capability=Capability.AVAILABILITY),
    )
    assert {o.correlation_id for o in await list_all(service, **fields)} == expected


async def test_a_summary_counts_classes_by_scope_and_adds_up(
    sink: StoreSink, service: ComparisonService, coverage: Coverage
) -> None:
    scope = CoverageScope(business_unit="NW", plants=("EU01", "NA01"), capability=Capability.PRICING)
    await keep(
        sink,
        *[observation() for _ in range(7)],
        observation(candidate=answer("199.01")),
        observation(candidate=answer("250.00")),
        observation(candidate=Throttled("too many")),
    )
    await sink.count({(scope, LeftOut.UNSAMPLED): 4, (scope, LeftOut.SHED): 2})
    await sink.count({(scope, LeftOut.UNSAMPLED): 1, (scope, LeftOut.SKIPPED): 3})
    coverage.begin(scope)
    summary = await service.summarize_observations(CONTEXT, comparisons_pb2.SummarizeObservationsRequest())
    (counts,) = summary.scopes
    assert (counts.business_unit, list(counts.plants), counts.capability) == ("NW", ["EU01", "NA01"], PRICING)
    assert {c.comparison_class: c.count for c in counts.classes} == {
        comparisons_pb2.MATCH: 7,
        comparisons_pb2.ROUNDING: 1,
        comparisons_pb2.NOT_COMPARABLE: 1,
        comparisons_pb2.MISMATCH: 1,
    }
    assert (counts.unsampled, counts.skipped, counts.shed, counts.pending) == (5, 3, 2, 1)
    assert (counts.not_comparable, counts.compared, counts.seen) == (1, 9, 21)
    assert counts.match_rate == "0.888888"


async def test_a_summary_counts_observations_by_field_and_shows_the_newest(
    sink: StoreSink, service: ComparisonService
) -> None:
    two_lines = answer("250.00")
    two_lines.lines.add().CopyFrom(two_lines.lines[0])
    two_lines.lines[1].line_id = "20"
    await keep(sink, observation(candidate=answer("250.00")))
    await keep(sink, observation(candidate=two_lines))
    await keep(sink, observation(candidate=answer("251.00"), correlation_id="newest"))
    await keep(sink, observation(candidate=answer("199.01")), observation())
    summary = await service.summarize_observations(CONTEXT, comparisons_pb2.SummarizeObservationsRequest())
    found = [(f.path, f.comparison_class, f.count) for f in summary.fields]
    assert found == [
        ("lines.net_amount", comparisons_pb2.MISMATCH, 3),
        ("lines", comparisons_pb2.MISMATCH, 1),
        ("lines.net_amount", comparisons_pb2.ROUNDING, 1),
    ]
    assert (summary.fields[0].sample.path, summary.fields[0].sample.candidate_value) == (
        "lines[10].net_amount", "251.00 EUR",
    )  # fmt: skip
    (newest,) = await list_all(service, correlation_id="newest")
    assert summary.fields[0].sample_observation == newest.name


async def test_a_summary_of_a_plant_or_of_nothing(sink: StoreSink, service: ComparisonService) -> None:
    nothing = await service.summarize_observations(CONTEXT, comparisons_pb2.SummarizeObservationsRequest())
    assert (len(nothing.scopes), len(nothing.fields)) == (0, 0)
    await keep(sink, observation(), observation(plants=("EU02",), candidate=Throttled("too many")))
    request = comparisons_pb2.SummarizeObservationsRequest(plant="EU02", capability=PRICING)
    summary = await service.summarize_observations(CONTEXT, request)
    assert [(list(s.plants), s.match_rate) for s in summary.scopes] == [(["EU02"], "")]


async def test_many_observations_become_few_transactions_and_are_reported_when_durable(store: Store) -> None:
    reported: list[Observation] = []
    transactions = 0
    write = store.write

    async def counting(work: Any, *args: Any) -> Any:
        nonlocal transactions
        transactions += 1
        return await write(work, *args)

    store.write = counting  # type: ignore[method-assign]
    sink = StoreSink(store, flush_seconds=0.01, batch=30, observed=reported.append)
    await keep(sink, *[observation(correlation_id=str(n)) for n in range(70)])

    def number(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(observations)).scalar_one()

    assert await store.read(number) == 70
    assert (transactions, len(reported)) == (3, 70)
    await sink.close()


async def test_a_store_that_fails_is_told_to_whoever_waits_and_the_next_batch_is_kept(store: Store) -> None:
    sink = StoreSink(store, flush_seconds=0.0)
    broken = replace(observation(), reason=None)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="NOT NULL"):
        await sink.store(broken)
    await sink.store(observation())
    await sink.close()


async def test_whoever_listens_to_observations_cannot_hold_them_up(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def deaf(observation: Observation) -> None:
        raise RuntimeError("deaf")

    sink = StoreSink(store, flush_seconds=0.0, observed=deaf)
    await keep(sink, observation(), observation())
    await sink.store(observation())
    await sink.close()
    assert [r.message for r in caplog.records] == ["comparisons.observed_failed"] * 3

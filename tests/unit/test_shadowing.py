"""What is offered to the dual run when only some lines of an answer have a candidate."""

from __future__ import annotations

import time
from typing import Any

from google.type.date_pb2 import Date

from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_facade.call_meta import CallMeta
from erp_facade.clients import LOCAL
from erp_facade.context import Context
from erp_facade.reads import Answer, Part
from erp_facade.shadowing import Shadowing
from erp_ports.amounts import money_amount
from erp_ports.errors import ErpError, Rejected
from erp_ports.operations import Operation
from erp_routing.decision import RouteTable
from erp_routing.routes import Capability, Route, Scope, Stage


class DualRun:
    """Keeps what it is offered."""

    def __init__(self) -> None:
        self.offered: list[Any] = []
        self.skipped: list[Any] = []

    def offer(self, task: Any) -> None:
        self.offered.append(task)

    def skip(self, *scope: Any) -> None:
        self.skipped.append(scope)


TABLE = RouteTable(
    [
        Route(scope=Scope(plant=plant), stage=stage, legacy_backend="old", cloud_backend="new")
        for plant, stage in (("EU01", Stage.SHADOW), ("NA01", Stage.LEGACY))
    ],
    3,
)


def offer(outcome: CalculatePricesResponse | ErpError) -> DualRun:
    """Offer an answer to a request with one line of a plant in SHADOW and one of a plant on LEGACY."""
    request = CalculatePricesRequest(parent="businessUnits/NW")
    for number, plant in (("1", "EU01"), ("2", "NA01")):
        request.lines.add(line_id=number, plant=plant)
    decisions = [TABLE.decide("NW", line.plant, Capability.PRICING, "ALFKI") for line in request.lines]
    part = Part(backend="old", indices=[0, 1], decisions=decisions)
    answer = Answer(part=part, request=request, outcome=outcome, started=0.0, seconds=0.1)
    meta = CallMeta(method="m", transport="grpc", correlation_id="c", deadline=time.monotonic() + 5)
    dual_run = DualRun()
    Shadowing(dual_run).offer(  # type: ignore[arg-type]
        Operation.CALCULATE_PRICES, Capability.PRICING, "NW", Context(client=LOCAL, meta=meta), answer, False
    )
    return dual_run


def test_the_lines_with_a_candidate_are_offered_as_a_document_of_their_own() -> None:
    response = CalculatePricesResponse(pricing_date=Date(year=2026, month=3, day=1))
    for number, units in (("1", 10), ("2", 32)):
        line = response.lines.add(line_id=number)
        line.net_amount.currency_code, line.net_amount.units = "USD", units
    response.net_amount.currency_code, response.net_amount.units = "USD", 42
    (task,) = offer(response).offered
    assert [line.line_id for line in task.request.lines] == ["1"]
    assert [line.line_id for line in task.control_answer.lines] == ["1"]
    assert money_amount(task.control_answer.net_amount) == 10
    assert task.control_answer.pricing_date == response.pricing_date
    assert (task.candidate, task.plants, task.route_version) == ("new", ("EU01",), 3)


def test_an_error_for_the_whole_document_is_not_compared_with_some_of_its_lines() -> None:
    dual_run = offer(Rejected("no"))
    assert dual_run.offered == []
    assert dual_run.skipped == [("NW", ("EU01",), Capability.PRICING)]

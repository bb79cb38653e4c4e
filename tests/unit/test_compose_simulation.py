"""A simulation put together from prices and availability."""

from __future__ import annotations

from decimal import Decimal

import pytest

from erp.v1.availability_pb2 import CheckAvailabilityResponse
from erp.v1.common_pb2 import FULL, PARTIAL
from erp.v1.orders_pb2 import CREDIT_DECISION_NOT_CHECKED, SimulatedLine, SimulateOrderRequest
from erp.v1.pricing_pb2 import CalculatePricesResponse
from erp_ports.amounts import money
from erp_ports.compose import COMPOSED_FIELDS, availability_request, compose_simulation, pricing_request


def _request() -> SimulateOrderRequest:
    request = SimulateOrderRequest(parent="businessUnits/NW")
    request.order.customer = "businessUnits/NW/customers/ALFKI"
    request.order.currency_code = "EUR"
    for line_id in ("20", "10"):
        line = request.order.lines.add(line_id=line_id, product=f"businessUnits/NW/products/{line_id}", plant="HAM")
        line.agreed_discount.value = "0.05"
    return request


def _prices() -> CalculatePricesResponse:
    prices = CalculatePricesResponse(net_amount=money(Decimal("3.00"), "EUR"))
    prices.lines.add(line_id="10", net_amount=money(Decimal("1.00"), "EUR"), description="Ten")
    prices.lines.add(line_id="20", net_amount=money(Decimal("2.00"), "EUR"), description="Twenty")
    return prices


def _availability() -> CheckAvailabilityResponse:
    availability = CheckAvailabilityResponse()
    availability.lines.add(line_id="20", decision=FULL)
    availability.lines.add(line_id="10", decision=PARTIAL)
    return availability


def test_lines_are_matched_by_their_id_and_keep_the_order_of_the_order() -> None:
    answer = compose_simulation(_request(), _prices(), _availability())
    found = [(x.line_id, x.net_amount.units, x.decision, x.description) for x in answer.lines]
    assert found == [("20", 2, FULL, "Twenty"), ("10", 1, PARTIAL, "Ten")]
    assert answer.net_amount.units == 3
    assert answer.composed
    assert answer.credit_decision == CREDIT_DECISION_NOT_CHECKED
    assert not answer.HasField("tax_amount")


def test_tax_is_passed_on_where_it_is_stated() -> None:
    prices = _prices()
    prices.tax_amount.CopyFrom(money(Decimal("0.57"), "EUR"))
    assert compose_simulation(_request(), prices, _availability()).tax_amount == prices.tax_amount


def test_a_missing_line_is_named_and_never_left_out() -> None:
    availability = _availability()
    del availability.lines[0]
    with pytest.raises(ValueError, match="20"):
        compose_simulation(_request(), _prices(), availability)


def test_both_questions_carry_what_the_order_says() -> None:
    request = _request()
    assert [x.agreed_discount.value for x in pricing_request(request).lines] == ["0.05", "0.05"]
    assert [x.line_id for x in availability_request(request).lines] == ["20", "10"]
    assert pricing_request(request).customer == availability_request(request).customer == request.order.customer


def test_the_declared_fields_are_fields_of_a_simulated_line() -> None:
    assert {field.name for field in SimulatedLine.DESCRIPTOR.fields} - COMPOSED_FIELDS == {"source"}

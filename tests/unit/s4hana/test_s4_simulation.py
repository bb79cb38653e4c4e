from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from google.type.date_pb2 import Date

from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_simulation import simulation_from_s4, simulation_to_s4
from erp.v1.common_pb2 import FULL, NONE, NOT_CHECKED, PARTIAL, AvailabilityDecision
from erp.v1.orders_pb2 import CreditDecision, SimulateOrderRequest, SimulateOrderResponse
from erp_ports.amounts import money_amount, quantity
from erp_ports.errors import Rejected

SUNDAY = Date(year=2026, month=11, day=22)
SUNDAY_TICKS = "/Date(1795305600000)/"
MONDAY = Date(year=2026, month=11, day=23)
MONDAY_TICKS = "/Date(1795392000000)/"


def request(*dates: Date) -> SimulateOrderRequest:
    asked = SimulateOrderRequest(parent="businessUnits/NW")
    order = asked.order
    order.customer = "businessUnits/NW/customers/ALFKI"
    order.currency_code = "USD"
    order.purchase_order_number = "PO 1"
    order.pricing_date.CopyFrom(SUNDAY)
    for position, date in enumerate(dates or (SUNDAY,), start=1):
        order.lines.add(
            line_id=f"L{position}",
            product="businessUnits/NW/products/11",
            plant="1010",
            quantity=quantity(Decimal(12), "EA"),
            requested_date=date,
        )
    return asked


def schedule(confirmed: str, ticks: str | None) -> dict[str, Any]:
    return {"ConfdOrderQtyByMatlAvailCheck": confirmed, "ConfirmedDeliveryDate": ticks, "ScheduleLine": "1"}


def answer(*lines: dict[str, Any], credit: str | None = "A", **fields: Any) -> dict[str, Any]:
    item = {
        "SalesOrderItem": "10",
        "RequestedQuantity": "12.000",
        "RequestedQuantityUnit": "EA",
        "NetAmount": "168.000",
        "TaxAmount": "13.440",
        "ConfdDelivQtyInOrderQtyUnit": "0.000",
        "to_ScheduleLine": {"results": list(lines)},
        **fields,
    }
    return {
        "to_Pricing": {"TotalNetAmount": "168.000"},
        "to_Credit": None if credit is None else {"TotalCreditCheckStatus": credit},
        "to_Item": {"results": [item]},
    }


def simulated(words: Words, document: dict[str, Any]) -> SimulateOrderResponse:
    return simulation_from_s4(request(), document, words, {})


def test_a_simulation_asks_for_schedule_lines_and_credit(words: Words) -> None:
    body = simulation_to_s4(request(), words)
    assert (body["to_Credit"], body["to_Item"][0]["to_ScheduleLine"]) == ({}, [])
    assert body["RequestedDeliveryDate"] == SUNDAY_TICKS
    assert body["PurchaseOrderByCustomer"] == "PO 1"


def test_a_line_with_a_date_of_its_own_states_it(words: Words) -> None:
    first, second = simulation_to_s4(request(MONDAY, SUNDAY), words)["to_Item"]
    assert first["to_ScheduleLine"] == [{"RequestedDeliveryDate": MONDAY_TICKS, "ScheduleLineOrderQuantity": "12"}]
    assert second["to_ScheduleLine"] == []


def test_a_simulated_item_is_a_simulated_line(words: Words) -> None:
    response = simulated(words, answer(schedule("12.000", SUNDAY_TICKS), SalesOrderItemText="Queso"))
    line = response.lines[0]
    assert (line.line_id, line.description, line.plant) == ("L1", "Queso", "1010")
    assert money_amount(line.net_price.amount) == Decimal(14)
    assert (line.requested_date, line.decision) == (SUNDAY, FULL)
    assert (money_amount(response.net_amount), money_amount(response.tax_amount)) == (Decimal(168), Decimal("13.44"))
    assert not response.composed


@pytest.mark.parametrize(
    ("lines", "decision", "confirmed"),
    [
        ([schedule("4.000", SUNDAY_TICKS), schedule("8.000", MONDAY_TICKS)], PARTIAL, [("4", 22), ("8", 23)]),
        ([schedule("0.000", SUNDAY_TICKS), schedule("12.000", MONDAY_TICKS)], NONE, [("12", 23)]),
        ([schedule("8.000", MONDAY_TICKS), schedule("4.000", SUNDAY_TICKS)], PARTIAL, [("4", 22), ("8", 23)]),
        ([schedule("6.000", SUNDAY_TICKS), schedule("6.000", SUNDAY_TICKS)], FULL, [("12", 22)]),
        ([schedule("0.000", None)], NONE, []),
        ([], NONE, []),
    ],
)
def test_schedule_lines_decide(
    words: Words,
    lines: list[dict[str, Any]],
    decision: AvailabilityDecision.ValueType,
    confirmed: list[tuple[str, int]],
) -> None:
    line = simulated(words, answer(*lines)).lines[0]
    assert line.decision == decision
    assert [(c.quantity.value.value, c.ship_date.day) for c in line.confirmations] == confirmed


def test_an_item_that_says_nothing_of_its_stock_is_not_checked(words: Words) -> None:
    line = simulated(words, answer(to_ScheduleLine=None, ConfdDelivQtyInOrderQtyUnit=None)).lines[0]
    assert line.decision == NOT_CHECKED


def test_a_confirmed_quantity_without_a_date_is_not_taken_for_none(words: Words) -> None:
    line = simulated(words, answer(to_ScheduleLine=None, ConfdDelivQtyInOrderQtyUnit="12.000")).lines[0]
    assert line.decision == NOT_CHECKED


def test_another_material_is_not_simulated_in_place_of_the_one_asked_for(words: Words) -> None:
    assert simulated(words, answer(Material="000000000000000011")).lines[0].product.endswith("/11")
    with pytest.raises(Rejected, match="line L1"):
        simulated(words, answer(Material="000000000000000012"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, "CREDIT_DECISION_NOT_CHECKED"),
        ("", "CREDIT_DECISION_NOT_CHECKED"),
        ("A", "CREDIT_DECISION_APPROVED"),
        ("B", "CREDIT_DECISION_ON_HOLD"),
        ("D", "CREDIT_DECISION_APPROVED"),
        ("X", "CREDIT_DECISION_UNKNOWN"),
    ],
)
def test_the_credit_check_is_a_decision(words: Words, code: str | None, expected: str) -> None:
    assert CreditDecision.Name(simulated(words, answer(credit=code)).credit_decision) == expected

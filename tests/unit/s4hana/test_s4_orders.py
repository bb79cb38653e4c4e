from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from google.type.date_pb2 import Date

from cloud_erp.s4hana.mapping import Words
from cloud_erp.s4hana.mapping_orders import (
    find_filter,
    first_schedule_line,
    has_reference,
    order_from_s4,
    order_to_s4,
    own_dates,
    repeatable_headers,
)
from erp.v1.orders_pb2 import BillingState, FulfilmentState, Order
from erp_ports.amounts import money_amount, quantity
from erp_ports.values import OrderSubmission

SUNDAY = Date(year=2026, month=11, day=22)
MONDAY = Date(year=2026, month=11, day=23)
REFERENCE = "ABCDEFGHIJKLMNOP"
SUFFIX = {"reference": {"field": "PurchaseOrderByCustomer", "length": 9}}


def submission(*dates: Date, reference: str = REFERENCE) -> OrderSubmission:
    order = Order(
        customer="businessUnits/NW/customers/ALFKI",
        currency_code="USD",
        purchase_order_number="PO 4711",
        pricing_date=SUNDAY,
        requested_date=SUNDAY,
    )
    for position, date in enumerate(dates or (SUNDAY,), start=1):
        order.lines.add(
            line_id=f"L{position}",
            product="businessUnits/NW/products/11",
            plant="1010",
            quantity=quantity(Decimal(12), "EA"),
            requested_date=date,
        )
    return OrderSubmission(
        business_unit="NW",
        order=order,
        reference=reference,
        attempt=1,
        first_attempt_time=dt.datetime(2026, 11, 22, 8, 0, 1, 500, tzinfo=dt.UTC),
    )


def item(**fields: Any) -> dict[str, Any]:
    return {
        "SalesOrder": "12",
        "SalesOrderItem": "10",
        "UnderlyingPurchaseOrderItem": "L1",
        "Material": "11",
        "SalesOrderItemText": "Queso",
        "RequestedQuantity": "12.000",
        "RequestedQuantityUnit": "EA",
        "NetAmount": "168.000",
        "TransactionCurrency": "USD",
        "ProductionPlant": "1010",
        "SalesDocumentRjcnReason": "",
        "DeliveryStatus": "A",
        "to_ScheduleLine": {
            "results": [
                {
                    "ScheduleLine": "1",
                    "RequestedDeliveryDate": "/Date(1795305600000)/",
                    "ConfirmedDeliveryDate": "/Date(1795305600000)/",
                    "ConfdOrderQtyByMatlAvailCheck": "12.000",
                }
            ]
        },
        **fields,
    }


def document(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "SalesOrder": "12",
        "SalesOrganization": "1010",
        "SoldToParty": "10100001",
        "PurchaseOrderByCustomer": "PO 4711",
        "AssignmentReference": REFERENCE,
        "TransactionCurrency": "USD",
        "TotalNetAmount": "168.000",
        "PricingDate": "/Date(1795305600000)/",
        "RequestedDeliveryDate": "/Date(1795305600000)/",
        "OverallSDProcessStatus": "A",
        "OverallTotalDeliveryStatus": "A",
        "OverallOrdReltdBillgStatus": "",
        "OverallSDDocumentRejectionSts": "A",
        "TotalCreditCheckStatus": "",
        "to_Item": {"results": list(items or (item(),))},
        **fields,
    }


def test_an_order_is_one_deep_insert(words: Words) -> None:
    attempt = submission()
    attempt.order.lines[0].agreed_discount.value = "0.05"
    assert order_to_s4(attempt, words) == {
        "SalesOrderType": "OR",
        "SalesOrganization": "1010",
        "DistributionChannel": "10",
        "OrganizationDivision": "00",
        "SoldToParty": "0010100001",
        "TransactionCurrency": "USD",
        "PricingDate": "/Date(1795305600000)/",
        "RequestedDeliveryDate": "/Date(1795305600000)/",
        "PurchaseOrderByCustomer": "PO 4711",
        "AssignmentReference": REFERENCE,
        "to_Item": [
            {
                "SalesOrderItem": "10",
                "Material": "000000000000000011",
                "ProductionPlant": "1010",
                "RequestedQuantity": "12",
                "RequestedQuantityUnit": "EA",
                "UnderlyingPurchaseOrderItem": "L1",
                "to_PricingElement": [{"ConditionType": "DRG1", "ConditionRateValue": "-5"}],
            }
        ],
    }


def test_the_header_asks_for_the_earliest_date_and_other_lines_keep_theirs(words: Words) -> None:
    attempt = submission(MONDAY, SUNDAY)
    assert order_to_s4(attempt, words)["RequestedDeliveryDate"] == "/Date(1795305600000)/"
    assert own_dates(attempt.order) == {0: dt.date(2026, 11, 23)}
    address = "A_SalesOrderScheduleLine(SalesOrder='12',SalesOrderItem='10',ScheduleLine='1')"
    assert first_schedule_line(item(), "12") == address


def test_every_attempt_of_a_reference_is_the_same_request() -> None:
    headers = repeatable_headers(submission())
    assert headers == repeatable_headers(submission())
    assert len(headers["RequestID"]) == 32
    assert set(headers["RequestID"]) <= set("0123456789ABCDEF")
    assert headers["RepeatabilityCreation"] == "Sun, 22 Nov 2026 08:00:01 GMT"
    assert headers["RequestID"] != repeatable_headers(submission(reference="OTHER"))["RequestID"]


def test_the_creation_time_of_a_request_is_greenwich_time_whatever_zone_it_comes_in() -> None:
    told = submission()
    moved = replace(told, first_attempt_time=told.first_attempt_time.astimezone(ZoneInfo("Asia/Tokyo")))
    assert repeatable_headers(moved) == repeatable_headers(told)


def test_the_document_read_back_is_what_was_ordered(words: Words) -> None:
    order = order_from_s4(document(), "NW", words)
    assert order.customer == "businessUnits/NW/customers/ALFKI"
    assert (order.purchase_order_number, order.currency_code) == ("PO 4711", "USD")
    assert (order.pricing_date, order.requested_date) == (SUNDAY, SUNDAY)
    line = order.lines[0]
    assert (line.line_id, line.product, line.plant) == ("L1", "businessUnits/NW/products/11", "1010")
    assert line.quantity == quantity(Decimal(12), "EA")
    assert (money_amount(line.net_amount), line.requested_date) == (Decimal(168), SUNDAY)
    assert [(c.ship_date, c.quantity) for c in line.confirmations] == [(SUNDAY, quantity(Decimal(12), "EA"))]
    part = order.parts[0]
    assert (part.document_number, part.reference, list(part.line_ids)) == ("12", REFERENCE, ["L1"])
    assert (part.submission_state, money_amount(part.net_amount)) == (Order.BOOKED, Decimal(168))


def test_status_codes_come_back_unchanged_beside_their_meaning(words: Words) -> None:
    part = order_from_s4(document(OverallTotalDeliveryStatus="B"), "NW", words).parts[0]
    assert FulfilmentState.Name(part.fulfilment_state) == "FULFILMENT_STATE_PARTIAL"
    assert BillingState.Name(part.billing_state) == "BILLING_STATE_NOT_APPLICABLE"
    raw = {status.field: status.value for status in part.source_statuses}
    assert raw["OverallTotalDeliveryStatus"] == "B"
    assert {status.backend for status in part.source_statuses} == {"s4"}


def test_a_status_without_a_meaning_is_unknown_and_raises_an_alert(words: Words, alerts: list[Any]) -> None:
    part = order_from_s4(document(OverallTotalDeliveryStatus="Z"), "NW", words).parts[0]
    assert FulfilmentState.Name(part.fulfilment_state) == "FULFILMENT_STATE_UNKNOWN"
    assert alerts == [("s4.code_without_meaning", {"field": "OverallTotalDeliveryStatus", "code": "Z"})]


@pytest.mark.parametrize(
    "rejected",
    [{"OverallSDDocumentRejectionSts": "C"}, {"to_Item": {"results": [item(SalesDocumentRjcnReason="61")]}}],
)
def test_a_document_whose_items_are_all_rejected_is_cancelled(words: Words, rejected: dict[str, Any]) -> None:
    order = order_from_s4(document(**rejected), "NW", words)
    assert (order.submission_state, order.parts[0].submission_state) == (Order.CANCELLED, Order.CANCELLED)


@pytest.mark.parametrize(
    ("fields", "hold"),
    [
        ({}, Order.HOLD_UNSPECIFIED),
        ({"TotalCreditCheckStatus": "B"}, Order.CREDIT),
        ({"DeliveryBlockReason": "01"}, Order.SOURCE_HOLD),
        ({"TotalBlockStatus": "C"}, Order.SOURCE_HOLD),
        ({"HdrGeneralIncompletionStatus": "A"}, Order.SOURCE_HOLD),
        ({"HdrGeneralIncompletionStatus": "C"}, Order.HOLD_UNSPECIFIED),
    ],
)
def test_blocks_of_the_erp_are_a_hold(words: Words, fields: dict[str, str], hold: Order.Hold.ValueType) -> None:
    assert order_from_s4(document(**fields), "NW", words).hold == hold


def test_free_goods_that_the_erp_added_are_no_lines(words: Words) -> None:
    free = item(SalesOrderItem="11", HigherLevelItem="10", UnderlyingPurchaseOrderItem="")
    assert [x.line_id for x in order_from_s4(document(item(), free), "NW", words).lines] == ["L1"]


def test_an_order_typed_in_the_erp_has_item_numbers_as_line_ids(words: Words) -> None:
    typed = item(SalesOrderItem="000010", UnderlyingPurchaseOrderItem="", ProductionPlant=None, Plant="1010")
    line = order_from_s4(document(typed), "NW", words).lines[0]
    assert (line.line_id, line.plant) == ("10", "1010")


def test_a_customer_without_an_id_here_keeps_its_key_and_raises_an_alert(words: Words, alerts: list[Any]) -> None:
    order = order_from_s4(document(SoldToParty="999"), "NW", words)
    assert order.customer == "businessUnits/NW/customers/999"
    assert alerts == [("s4.key_without_id", {"kind": "customer", "key": "999"})]


def test_a_document_with_little_in_it_can_be_read(words: Words) -> None:
    bare = {"SalesOrderItem": "10", "Material": "11", "RequestedQuantity": "1", "RequestedQuantityUnit": "EA"}
    few = {"SalesOrder": "12", "TransactionCurrency": "USD", "to_Item": [bare]}
    order = order_from_s4(few, "NW", words)
    assert (order.lines[0].line_id, order.lines[0].plant) == ("10", "")
    assert FulfilmentState.Name(order.fulfilment_state) == "FULFILMENT_STATE_UNKNOWN"
    assert money_amount(order.net_amount) == 0


def test_an_order_is_found_by_its_reference(words: Words) -> None:
    assert find_filter(REFERENCE, words) == f"AssignmentReference eq '{REFERENCE}'"
    assert has_reference(document(), REFERENCE, words)
    assert not has_reference(document(), "OTHER", words)


def test_as_a_suffix_the_reference_leaves_the_customers_number_alone(make_words: Callable[..., Words]) -> None:
    words = make_words(**SUFFIX)
    body = order_to_s4(submission(reference="ABCDEFGHI"), words)
    assert body["PurchaseOrderByCustomer"] == "PO 4711~ABCDEFGHI"
    assert "AssignmentReference" not in body
    booked = order_from_s4(document(PurchaseOrderByCustomer="PO 4711~ABCDEFGHI"), "NW", words)
    assert (booked.purchase_order_number, booked.parts[0].reference) == ("PO 4711", "ABCDEFGHI")
    assert find_filter("ABCDEFGHI", words) == "endswith(PurchaseOrderByCustomer,'~ABCDEFGHI') eq true"


def test_a_number_without_suffix_stays_whole(make_words: Callable[..., Words]) -> None:
    words = make_words(**SUFFIX)
    for number in ("PO 4711", "PO~4711-IS-LONGER"):
        booked = order_from_s4(document(PurchaseOrderByCustomer=number), "NW", words)
        assert (booked.purchase_order_number, booked.parts[0].reference) == (number, "")

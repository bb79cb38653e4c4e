"""Requests are checked against configuration and clock before any ERP is asked; every violation is found at once."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from google.type.date_pb2 import Date

from erp.v1.availability_pb2 import CheckAvailabilityRequest
from erp.v1.orders_pb2 import Order
from erp.v1.pricing_pb2 import CalculatePricesRequest
from erp_facade.checks import check_availability, check_order, check_pricing
from erp_facade.site import SellingUnit, Site
from erp_facade.validation import ContractRules

NOON_UTC = dt.datetime(2026, 3, 10, 12, 0, tzinfo=dt.UTC)


def site(now: dt.datetime = NOON_UTC) -> Site:
    unit = SellingUnit(
        name="NW",
        zone=ZoneInfo("Europe/Berlin"),
        currencies=frozenset({"USD", "EUR"}),
        plants={
            "EU01": ZoneInfo("Europe/Berlin"),
            "AP01": ZoneInfo("Asia/Tokyo"),
            "NA01": ZoneInfo("America/New_York"),
        },
        customer_prefix="businessUnits/NW/customers/",
        product_prefix="businessUnits/NW/products/",
    )
    return Site(selling_units={"NW": unit}, measure_units=frozenset({"EA"}), now=lambda: now)


def prices(*plants: str) -> CalculatePricesRequest:
    request = CalculatePricesRequest(
        parent="businessUnits/NW", customer="businessUnits/NW/customers/ALFKI", currency_code="USD"
    )
    for number, plant in enumerate(plants or ("EU01",), start=1):
        line = request.lines.add(line_id=str(number), product="businessUnits/NW/products/11", plant=plant)
        line.quantity.value.value, line.quantity.unit = "12", "EA"
    return request


def test_a_sound_request_has_no_violations_and_gets_today_in_the_business_units_zone() -> None:
    request = prices()
    late = dt.datetime(2026, 3, 10, 23, 30, tzinfo=dt.UTC)
    assert check_pricing(site(late), request) == []
    assert (request.pricing_date.month, request.pricing_date.day) == (3, 11)


def test_a_pricing_date_in_the_past_is_legal() -> None:
    request = prices()
    request.pricing_date.CopyFrom(Date(year=1996, month=7, day=4))
    assert check_pricing(site(), request) == []


def test_every_violation_is_found_at_once_with_its_path_and_reason() -> None:
    request = prices("EU01", "XX99", "EU01")
    request.customer = "businessUnits/OTHER/customers/ALFKI"
    request.currency_code = "GBP"
    request.lines[2].line_id = "1"
    request.lines[2].quantity.unit = "KGM"
    request.lines[0].agreed_unit_price.amount.currency_code = "EUR"
    request.lines[0].agreed_unit_price.unit = "EA"
    found = {(v.field, v.reason) for v in check_pricing(site(), request)}
    assert found == {
        ("customer", "INVALID_FIELD"),
        ("currency_code", "UNSUPPORTED_CURRENCY"),
        ("lines[1].plant", "UNKNOWN_PLANT"),
        ("lines[2].line_id", "DUPLICATE_LINE_ID"),
        ("lines[2].quantity.unit", "UNKNOWN_UNIT"),
        ("lines[0].agreed_unit_price.amount.currency_code", "MIXED_CURRENCIES"),
    }


def test_an_unknown_business_unit_is_named_together_with_those_that_exist() -> None:
    request = prices()
    request.parent = "businessUnits/ZZ"
    (violation,) = check_pricing(site(), request)
    assert (violation.field, violation.reason) == ("parent", "UNKNOWN_BUSINESS_UNIT")
    assert "ZZ" in violation.description
    assert "NW" in violation.description


@pytest.mark.parametrize(("plant", "day", "legal"), [("AP01", 10, False), ("AP01", 11, True), ("NA01", 10, True)])
def test_a_requested_date_is_judged_by_today_in_its_plant(plant: str, day: int, legal: bool) -> None:
    evening = dt.datetime(2026, 3, 10, 16, 0, tzinfo=dt.UTC)  # the 11th in Tokyo, the 10th in New York
    request = CheckAvailabilityRequest(parent="businessUnits/NW", customer="businessUnits/NW/customers/ALFKI")
    line = request.lines.add(line_id="1", product="businessUnits/NW/products/11", plant=plant)
    line.quantity.value.value, line.quantity.unit = "1", "EA"
    line.requested_date.CopyFrom(Date(year=2026, month=3, day=day))
    reasons = [v.reason for v in check_availability(site(evening), request)]
    assert reasons == ([] if legal else ["DATE_IN_PAST"])


def test_lines_without_a_date_take_the_orders_and_an_order_without_one_takes_today() -> None:
    order = Order(customer="businessUnits/NW/customers/ALFKI", currency_code="USD", purchase_order_number="1")
    for number in ("1", "2"):
        line = order.lines.add(line_id=number, product="businessUnits/NW/products/11", plant="EU01")
        line.quantity.value.value, line.quantity.unit = "1", "EA"
    order.lines[1].requested_date.CopyFrom(Date(year=2026, month=5, day=1))
    dated = Order()
    dated.CopyFrom(order)
    dated.requested_date.CopyFrom(Date(year=2026, month=4, day=1))
    assert check_order(site(), "businessUnits/NW", order) == []
    assert check_order(site(), "businessUnits/NW", dated) == []
    assert [line.requested_date.month for line in order.lines] == [3, 5]
    assert [line.requested_date.month for line in dated.lines] == [4, 5]


@pytest.mark.parametrize("date", [Date(year=2026, month=2, day=30), Date(year=2026, month=13, day=1), Date(year=2026)])
def test_a_date_that_does_not_exist_is_refused(date: Date) -> None:
    request = prices()
    request.pricing_date.CopyFrom(date)
    (violation,) = check_pricing(site(), request)
    assert violation.field == "pricing_date"
    assert "not a calendar date" in violation.description


@pytest.mark.parametrize(
    "quantity",
    ["0", "0.0", "-1", "1.0000001", "1." + "0" * 20, "1e3", "", "abc", "1234567890123", "01", ".5", "0.0000000"],
)
def test_a_quantity_that_is_no_amount_of_goods_breaks_the_contract(quantity: str) -> None:
    request = prices()
    request.lines[0].quantity.value.value = quantity
    (violation,) = ContractRules().violations(request)
    assert violation.field == "lines[0].quantity"


@pytest.mark.parametrize("quantity", ["1", "0.5", "0.000001", "999999999999", "12.500000", "0.10", "0.123456"])
def test_a_quantity_of_goods_keeps_the_contract(quantity: str) -> None:
    request = prices()
    request.lines[0].quantity.value.value = quantity
    assert ContractRules().violations(request) == []


@pytest.mark.parametrize("discount", ["1", "1.5", "-0.1", "0.1234567", "5%", ""])
def test_a_discount_that_is_no_fraction_breaks_the_contract(discount: str) -> None:
    request = prices()
    request.lines[0].agreed_discount.value = discount
    (violation,) = ContractRules().violations(request)
    assert violation.field == "lines[0].agreed_discount"


@pytest.mark.parametrize("per", ["abc", "NaN", "1E+900000000", "1_0", "0", "-1", "1.5", "1000001", ""])
def test_a_price_unit_that_is_no_whole_number_is_refused_with_what_breaks_the_contract(per: str) -> None:
    request = prices()
    price = request.lines[0].agreed_unit_price
    price.amount.currency_code, price.amount.units, price.unit = "USD", 5, "EA"
    price.per_quantity.value = per
    (violation,) = ContractRules().violations(request)
    assert violation.field == "lines[0].agreed_unit_price.per_quantity"


@pytest.mark.parametrize("per", ["1", "100", "1000000", "100.00"])
def test_a_price_per_a_whole_number_of_units_is_legal(per: str) -> None:
    request = prices()
    price = request.lines[0].agreed_unit_price
    price.amount.currency_code, price.amount.units, price.unit = "USD", 5, "EA"
    price.per_quantity.value = per
    assert ContractRules().violations(request) == []
    assert check_pricing(site(), request) == []


@pytest.mark.parametrize(("quantity", "units", "legal"), [("10", 10**12, False), ("10", 10**12 - 1, True)])
def test_an_agreed_price_that_no_sum_of_money_could_hold_is_refused(quantity: str, units: int, legal: bool) -> None:
    request = prices()
    line = request.lines[0]
    line.quantity.value.value = quantity
    price = line.agreed_unit_price
    price.amount.currency_code, price.amount.units, price.unit = "USD", units, "EA"
    fields = [v.field for v in check_pricing(site(), request)]
    assert fields == ([] if legal else ["lines[0].agreed_unit_price.amount"])


def test_five_thousand_lines_are_one_violation() -> None:
    (violation,) = ContractRules().violations(prices(*["EU01"] * 5_000))
    assert violation.field == "lines"
    assert "1000" in violation.description

"""Prices and dates without a document."""

import datetime as dt
from decimal import Decimal

import pytest


def simulated(response):
    assert response.status_code == 201, response.text
    return response.json()["d"]["to_Item"]["results"][0]


def conditions(item):
    return [(c["ConditionType"], Decimal(c["ConditionAmount"])) for c in item["to_PricingElement"]["results"]]


@pytest.fixture
def client(idle_sandbox, connect):
    return connect(idle_sandbox, live=False)


def test_a_simulation_shows_only_what_was_asked_for_and_books_nothing(idle_sandbox, client, kit):
    answer = client.simulate(kit.asked(), to_Pricing={}, to_Credit={}).json()["d"]
    assert (answer["SalesOrder"], answer["to_Pricing"]["TotalNetAmount"]) == ("", "52.78")
    assert answer["to_Credit"]["TotalCreditCheckStatus"] == "A"
    item = answer["to_Item"]["results"][0]
    assert "__deferred" in answer["to_Partner"] and "__deferred" in item["to_ScheduleLine"]
    assert idle_sandbox.book() == []


def test_the_price_is_the_one_of_the_pricing_date(client, kit):
    earlier = kit.wire(kit.today - dt.timedelta(days=8))
    nets = [
        simulated(client.simulate(kit.asked(), PricingDate=day))["NetAmount"] for day in (earlier, kit.wire(kit.today))
    ]
    assert nets == ["105.00", "52.78"]


def test_a_dozen_has_twelve_pieces_and_iso_calls_it_dzn(client, kit):
    item = simulated(client.simulate(kit.asked("2", RequestedQuantityUnit="DZ")))
    assert (item["NetAmount"], item["RequestedQuantityISOUnit"]) == ("253.32", "DZN")


def test_the_customers_adjustment_and_an_agreed_discount_apply_one_after_the_other(client, kit):
    discount = {"ConditionType": "DRV1", "ConditionRateValue": "-10"}
    item = simulated(client.simulate(kit.asked("100", to_PricingElement=[discount]), SoldToParty=kit.tomsp))
    assert item["NetAmount"] == "902.45"
    assert conditions(item) == [
        ("PPR0", Decimal("1055.50")),
        ("ZADJ", Decimal("-52.77")),
        ("DRV1", Decimal("-100.28")),
        ("TTX1", Decimal(0)),
    ]


@pytest.mark.parametrize("kind", ["PPR0", "PMP0"])
def test_an_agreed_price_takes_the_place_of_the_found_one(client, kit, kind):
    agreed = {
        "ConditionType": kind,
        "ConditionRateValue": "700",
        "ConditionCurrency": "USD",
        "ConditionQuantity": "100",
        "ConditionQuantityUnit": "EA",
    }
    item = simulated(client.simulate(kit.asked("3", to_PricingElement=[agreed])))
    active = [c for c in item["to_PricingElement"]["results"] if not c["ConditionInactiveReason"]]
    assert item["NetAmount"] == "21.00"
    assert (active[0]["ConditionType"], active[0]["ConditionQuantity"], active[0]["ConditionClass"]) == (
        kind,
        "100",
        "B",
    )
    assert active[0]["ConditionIsManuallyChanged"] is True


def test_a_condition_that_nobody_may_enter_is_refused(client, kit):
    wrong = {"ConditionType": "ZADJ", "ConditionRateValue": "-99"}
    assert kit.errors(client.simulate(kit.asked(to_PricingElement=[wrong]))) == ["VK/069"]


def test_leading_zeros_of_a_material_do_not_count(client, kit):
    item = simulated(client.simulate(kit.asked(Material="000000000000000011")))
    assert item["Material"] == "11"


def test_a_line_may_ask_for_a_date_of_its_own(client, kit):
    later = kit.wire(kit.today + dt.timedelta(days=20))
    item = simulated(client.simulate(kit.asked("500", to_ScheduleLine=[{"RequestedDeliveryDate": later}])))
    (line,) = item["to_ScheduleLine"]["results"]
    assert (line["ConfirmedDeliveryDate"], line["ConfdOrderQtyByMatlAvailCheck"]) == (later, "500")


def test_items_of_one_document_do_not_share_the_same_pieces(client, kit):
    response = client.simulate(kit.asked("20", to_ScheduleLine=[]), kit.asked("20", to_ScheduleLine=[]))
    confirmed = [
        Decimal(item["to_ScheduleLine"]["results"][0]["ConfdOrderQtyByMatlAvailCheck"])
        for item in response.json()["d"]["to_Item"]["results"]
    ]
    assert confirmed == [20, 2]


def test_availability_is_told_at_a_moment_of_a_quantity_and_as_a_series(client, kit):
    base = "API_PRODUCT_AVAILY_INFO_BASIC"
    question = "ATPCheckingRule='A'&Material='11'&SupplyingPlant='EU01'"
    series = client.d(f"{base}/CalculateAvailabilityTimeseries?{question}")["results"]
    assert [Decimal(p["AvailableQuantityInBaseUnit"]) for p in series[:2]] == [22, 52]
    starts = [kit.wire(kit.today + dt.timedelta(days=days)) for days in (0, 7, 14)]
    assert [p["PeriodStartUTCDateTime"] for p in series] == starts
    moment = "datetimeoffset'2026-12-01T12:00:00Z'"
    at = client.d(f"{base}/DetermineAvailabilityAt?{question}&RequestedUTCDateTime={moment}")
    assert at["DetermineAvailabilityAt"]["AvailableQuantityInBaseUnit"] == "52"
    of = client.d(f"{base}/DetermineAvailabilityOf?{question}&RequestedQuantityInBaseUnit=53M")
    assert of["DetermineAvailabilityOf"]["PeriodStartUTCDateTime"] == starts[2]


def test_a_period_begins_at_midnight_of_the_plant(client, kit):
    record = client.series("12", "NA01").json()["d"]["results"][0]
    midnight_in_new_york = dt.datetime(kit.today.year, kit.today.month, kit.today.day, 5, tzinfo=dt.UTC)
    assert record["PeriodStartUTCDateTime"] == f"/Date({int(midnight_in_new_york.timestamp() * 1000)})/"
    assert record["PeriodStartTimeZone"] == "EST"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("ATPCheckingRule='A'&Material='99'&SupplyingPlant='EU01'", "M3/305"),
        ("ATPCheckingRule='A'&Material='11'&SupplyingPlant='NA01'", "M3/351"),
        ("ATPCheckingRule='A'&Material='11'", "/IWCOR/CX_DS_URI_ERROR"),
        ("ATPCheckingRule='A'&Material=11&SupplyingPlant='EU01'", "/IWCOR/CX_DS_URI_ERROR"),
    ],
)
def test_a_question_about_stock_that_cannot_be_answered_says_why(client, kit, options, code):
    response = client.get(f"API_PRODUCT_AVAILY_INFO_BASIC/CalculateAvailabilityTimeseries?{options}")
    assert (response.status_code, kit.errors(response)) == (400, [code])


def test_units_and_customers_can_be_looked_up(client):
    units = client.d("API_PRODUCT_SRV/A_ProductUnitsOfMeasure", filter="Product eq '000000000000000011'")["results"]
    factors = {(u["AlternativeUnit"], u["QuantityNumerator"], u["QuantityDenominator"], u["BaseUnit"]) for u in units}
    assert factors == {("EA", "1", "1", "EA"), ("DZ", "12", "1", "EA")}
    assert client.d("API_PRODUCT_SRV/A_Product('11')")["BaseUnit"] == "EA"
    assert client.d("API_BUSINESS_PARTNER/A_Customer('0010100002')")["CustomerName"] == "TOMSP Ltd"
    assert client.get("API_BUSINESS_PARTNER/A_Customer('4711')").status_code == 404

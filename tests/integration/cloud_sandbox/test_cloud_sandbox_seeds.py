"""Seeded divergences, as the caller with the shadow credential meets them."""

import datetime as dt
from decimal import Decimal

import httpx
import pytest

from erp_sandbox.seeds import Seed

SIMULATION = "API_SALES_ORDER_SIMULATION_SRV/A_SalesOrderSimulation"


def seed(cause, operation, value=None, *, seed_id="S1", backend="cloud", product="11"):
    return Seed(
        seed_id=seed_id,
        backend=backend,
        operation=operation,
        plant="*",
        product=product,
        cause=cause,
        value=None if value is None else Decimal(value),
        expected_class="MISMATCH",
    )


@pytest.fixture
def seeded(start, connect):
    """Start a stand-in with these seeds; return it with a live and a shadow client."""

    def started(*seeds):
        sandbox = start(seeds=seeds)
        return sandbox, connect(sandbox), connect(sandbox, live=False)

    return started


def item_of(response):
    assert response.status_code == 201, response.text
    return response.json()["d"]["to_Item"]["results"][0]


def base_price(item):
    price = item["to_PricingElement"]["results"][0]
    return Decimal(price["ConditionRateValue"]), Decimal(price["ConditionQuantity"])


@pytest.mark.parametrize(
    ("cause", "value", "net", "price"),
    [
        ("rounding", "1", "52.79", ("10.555", 1)),
        ("rounding", "-1", "52.77", ("10.555", 1)),
        ("price_unit", "100", "52.78", ("1055.5", 100)),
        ("price_unit_wrong", "100", "0.53", ("10.555", 100)),
        ("discount", "0.05", "50.14", ("10.555", 1)),
        ("price", "1.00", "57.78", ("11.555", 1)),
    ],
)
def test_a_price_seed_moves_what_it_names_for_the_shadow_user_alone(seeded, kit, cause, value, net, price):
    sandbox, live, shadow = seeded(seed(cause, "PRICING", value))
    correlation = {"X-Correlation-ID": "call-1"}
    item = item_of(shadow.simulate(kit.asked(), headers=correlation))
    assert (item["NetAmount"], base_price(item)) == (net, (Decimal(price[0]), Decimal(price[1])))
    amounts = [Decimal(c["ConditionAmount"]) for c in item["to_PricingElement"]["results"]]
    assert sum(amounts) == Decimal(net)
    assert item_of(live.simulate(kit.asked()))["NetAmount"] == "52.78"
    assert live.order(kit.ordered()).json()["d"]["TotalNetAmount"] == "52.78"
    assert [(a.seed_id, a.correlation_id, a.backend) for a in sandbox.applied()] == [("S1", "call-1", "cloud")]


def test_another_rounding_moves_one_line_of_a_document_only(seeded, kit):
    sandbox, _, shadow = seeded(seed("rounding", "PRICING", "1", product="*"))
    lines = (kit.asked(), kit.asked(SalesOrderItem="20", UnderlyingPurchaseOrderItem="20"))
    plain = shadow.simulate(*lines, headers={"X-Correlation-ID": "call-1"})
    assert plain.status_code == 201, plain.text
    items = plain.json()["d"]["to_Item"]["results"]
    assert sorted(item["NetAmount"] for item in items) == ["52.78", "52.79"]
    assert [a.seed_id for a in sandbox.applied()] == ["S1"]


def test_a_seed_of_one_operation_does_not_touch_another(seeded, kit):
    sandbox, _, shadow = seeded(seed("price", "ORDERS", "1"))
    assert item_of(shadow.simulate(kit.asked()))["NetAmount"] == "52.78"
    assert item_of(shadow.simulate(kit.asked(to_ScheduleLine=[])))["NetAmount"] == "57.78"
    assert len(sandbox.applied()) == 1


def test_another_factor_shows_only_where_dozens_are_asked_for(seeded, kit):
    sandbox, _, shadow = seeded(seed("unit_factor", "PRICING", "10"))
    assert item_of(shadow.simulate(kit.asked()))["NetAmount"] == "52.78"
    assert sandbox.applied() == []
    assert item_of(shadow.simulate(kit.asked("1", RequestedQuantityUnit="DZ")))["NetAmount"] == "105.55"
    assert len(sandbox.applied()) == 1


def test_another_factor_stands_in_the_master_data_too(seeded):
    sandbox, live, shadow = seeded(seed("unit_factor", "AVAILABILITY", "10"))
    path = "API_PRODUCT_SRV/A_ProductUnitsOfMeasure?$filter=Product eq '{}' and AlternativeUnit eq 'DZ'"

    def factor(client, product):
        (row,) = client.get(path.format(product)).json()["d"]["results"]
        return row["QuantityNumerator"]

    assert (factor(shadow, "12"), factor(live, "11")) == ("12", "12")
    assert sandbox.applied() == []
    assert factor(shadow, "11") == "10"
    assert len(sandbox.applied()) == 1


def test_a_text_seed_spoils_the_description(seeded, kit):
    _, _, shadow = seeded(seed("text", "PRICING"))
    assert item_of(shadow.simulate(kit.asked()))["SalesOrderItemText"] == "QUESO  CABRALES"


def test_a_frozen_stock_shows_in_the_series_and_in_the_simulation(seeded, kit):
    _, live, shadow = seeded(
        seed("stock_frozen", "AVAILABILITY", seed_id="A"), seed("stock_frozen", "ORDERS", seed_id="O")
    )
    live.booked(kit.ordered("20"))
    assert (live.available(), shadow.available()) == (2, 32)
    item = item_of(shadow.simulate(kit.asked("30", to_ScheduleLine=[])))
    assert item["ConfdDelivQtyInOrderQtyUnit"] == "30"
    assert item["to_ScheduleLine"]["results"][0]["ConfirmedDeliveryDate"] == kit.wire(kit.today)


def test_a_date_may_be_written_in_another_form_or_a_day_late(seeded, kit):
    _, _, shadow = seeded(seed("date_form", "AVAILABILITY", seed_id="A"), seed("date_zone", "ORDERS", seed_id="O"))
    record = shadow.series("11", "EU01").json()["d"]["results"][0]
    assert record["PeriodStartUTCDateTime"] == kit.wire(kit.today).replace(")/", "+0000)/")
    item = item_of(shadow.simulate(kit.asked(to_ScheduleLine=[])))
    tomorrow = kit.wire(kit.today + dt.timedelta(days=1))
    assert item["to_ScheduleLine"]["results"][0]["ConfirmedDeliveryDate"] == tomorrow


@pytest.mark.parametrize(
    ("cause", "pricing", "availability"), [("xref_missing", "V1/302", "M3/305"), ("refuse", "V1/028", "V1/028")]
)
def test_a_hidden_and_a_blocked_material_are_refused(seeded, kit, cause, pricing, availability):
    _, live, shadow = seeded(seed(cause, "PRICING", seed_id="P"), seed(cause, "AVAILABILITY", seed_id="A"))
    assert kit.errors(shadow.simulate(kit.asked())) == [pricing]
    assert kit.errors(shadow.series("11", "EU01")) == [availability]
    assert item_of(live.simulate(kit.asked()))["NetAmount"] == "52.78"


def test_a_material_that_both_refuse_is_refused_to_either_user_but_booked(seeded, kit):
    sandbox, live, shadow = seeded(seed("both_refuse", "PRICING", backend="legacy"))
    for number, client in enumerate((live, shadow)):
        response = client.simulate(kit.asked(), headers={"X-Correlation-ID": f"call-{number}"})
        assert kit.errors(response) == ["V1/028"]
    assert live.order(kit.ordered()).status_code == 201
    assert [a.correlation_id for a in sandbox.applied()] == ["call-0", "call-1"]


def test_throttled_and_down_are_told_as_such(seeded, kit):
    _, _, shadow = seeded(seed("throttle", "PRICING", seed_id="P"), seed("down", "AVAILABILITY", seed_id="A"))
    throttled = shadow.simulate(kit.asked())
    assert (throttled.status_code, throttled.headers["retry-after"]) == (429, "1")
    down = shadow.series("11", "EU01")
    assert (down.status_code, "retry-after" in down.headers) == (503, False)


def test_a_seeded_time_out_outlasts_the_callers_patience_and_harms_nobody_else(seeded, kit):
    sandbox, live, shadow = seeded(seed("timeout", "AVAILABILITY"))
    with pytest.raises(httpx.ReadTimeout):
        shadow.get(
            "API_PRODUCT_AVAILY_INFO_BASIC/CalculateAvailabilityTimeseries?"
            "ATPCheckingRule='A'&Material='11'&SupplyingPlant='EU01'",
            timeout=0.2,
        )
    assert live.available() == 22
    assert [a.seed_id for a in sandbox.applied()] == ["S1"]


def test_a_seed_of_the_other_erp_does_nothing_here(seeded, kit):
    sandbox, live, shadow = seeded(seed("price", "PRICING", "1", backend="legacy"))
    nets = [item_of(client.simulate(kit.asked()))["NetAmount"] for client in (live, shadow)]
    assert (nets, sandbox.applied()) == (["52.78", "52.78"], [])

"""Orders on both real adapters and stand-ins: booked exactly once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

CREATE = "OrderService.CreateOrder"
GET = "OrderService.GetOrder"


@pytest.fixture
def site(stand_ins: Any) -> Iterator[Any]:
    """Both stand-ins, healthy before and after, with every plant on the legacy ERP."""
    stand_ins.facade.reset_routes()
    yield stand_ins
    stand_ins.cloud.faults()
    stand_ins.legacy.faults()


@pytest.fixture
def asking(stand_ins: Any, ask: Any) -> Any:
    return type(ask)(unit=stand_ins.master.business_unit, customer=stand_ins.master.customers[0].customer)


def line(site: Any, asking: Any, line_id: str, plant: str = "", quantity: str = "1") -> Any:
    """A line for a product that is sold and has plenty of stock in the plant."""
    dropped = {p.product for p in site.master.products if p.discontinued}
    product, plant = next(
        (p, pl) for (p, pl), s in site.master.stock.items() if plant in ("", pl) and p not in dropped and s.on_hand > 50
    )
    return asking.line(line_id, product, plant, quantity)


def settled(call: Any, name: str, until: Any) -> Any:
    def probe() -> Any:
        order = call(GET, {"name": name}).json
        return order if order["submissionState"] in ("BOOKED", "REJECTED", "PARTIALLY_BOOKED", "CANCELLED") else None

    return until(probe, 40)


def states(facade: Any, name: str) -> list[str]:
    entries = facade.grpc("DocumentService.TraceOrder", {"name": name}).json["entries"]
    return [e["submissionState"] for e in entries if e["partId"]]


def test_an_order_with_lines_of_two_erps_is_booked_in_both_each_line_once(
    site: Any, asking: Any, transport: str, wait_until: Any
) -> None:
    plants = sorted(site.master.plants)
    site.facade.set_route("CLOUD", plant=plants[0])
    call = site.facade.client(transport)
    number = f"TWO-{transport}"
    lines = [line(site, asking, str(n), plants[n % 2]) for n in range(4)]

    created = call(CREATE, asking.create(number, *lines))
    order = settled(call, created.json["name"], wait_until)

    assert order["submissionState"] == "BOOKED"
    assert {p["source"]["backend"]: p["lineIds"] for p in order["parts"]} == {
        "cloud": ["0", "2"],
        "legacy": ["1", "3"],
    }
    assert site.booked(number) == [("cloud", "0"), ("cloud", "2"), ("legacy", "1"), ("legacy", "3")]
    assert [ln["source"]["backend"] for ln in order["lines"]] == ["cloud", "legacy", "cloud", "legacy"]
    total = sum(int(p["netAmount"]["units"]) * 100 + p["netAmount"]["nanos"] // 10**7 for p in order["parts"])
    assert int(order["netAmount"]["units"]) * 100 + order["netAmount"]["nanos"] // 10**7 == total


def test_the_legacy_erp_is_handed_the_order_and_books_it_later(site: Any, asking: Any, wait_until: Any) -> None:
    call = site.facade.grpc
    created = call(CREATE, asking.create("HANDED", line(site, asking, "1")))
    order = settled(call, created.json["name"], wait_until)

    assert order["submissionState"] == "BOOKED"
    told = states(site.facade, order["name"])
    assert told.index("DISPATCHING") < told.index("HANDED_OVER") < told.index("BOOKED")
    assert site.booked("HANDED") == [("legacy", "1")]


def test_over_rest_an_order_under_way_is_accepted_and_followed(site: Any, asking: Any, wait_until: Any) -> None:
    site.facade.set_route("CLOUD")
    site.cloud.faults(slow=1.5)
    call = site.facade.rest

    created = call(CREATE, asking.create("FOLLOW", line(site, asking, "1")), seconds=0.5)
    assert (created.http_status, created.json["submissionState"]) == (202, "DISPATCHING")
    assert created.metadata["location"] == f"/v1/{created.json['name']}"
    site.cloud.faults()
    wait_until(lambda: call.http.get(created.metadata["location"]).json()["submissionState"] == "BOOKED" or None)

    replayed = call(CREATE, asking.create("FOLLOW", line(site, asking, "1")))
    assert (replayed.http_status, replayed.json["replayed"]) == (200, True)
    assert site.booked("FOLLOW") == [("cloud", "1")]


def test_a_lost_reply_puts_the_order_in_doubt_until_it_is_found_and_never_books_it_again(
    site: Any, asking: Any, transport: str, wait_until: Any
) -> None:
    site.facade.set_route("CLOUD")
    site.cloud.drop_reply_after_executing()
    call, number = site.facade.client(transport), f"LOST-{transport}"

    created = call(CREATE, asking.create(number, line(site, asking, "1")))
    again = call(CREATE, asking.create(number, line(site, asking, "1")))
    order = settled(call, created.json["name"], wait_until)

    assert created.status == "OK"
    assert again.json["name"] == created.json["name"]
    assert order["submissionState"] == "BOOKED"
    told = states(site.facade, order["name"])
    assert told.index("IN_DOUBT") < told.index("BOOKED")
    assert site.booked(number) == [("cloud", "1")]


def test_an_order_in_doubt_does_not_follow_the_route_to_the_other_erp(site: Any, asking: Any, wait_until: Any) -> None:
    site.facade.set_route("CLOUD")
    site.cloud.drop_reply_after_executing()
    created = site.facade.grpc(CREATE, asking.create("STAYS", line(site, asking, "1")), seconds=0.5)
    site.facade.set_route("LEGACY")

    order = settled(site.facade.grpc, created.json["name"], wait_until)

    assert [p["source"]["backend"] for p in order["parts"]] == ["cloud"]
    assert site.booked("STAYS") == [("cloud", "1")]


def test_an_order_that_was_surely_not_executed_waits_and_may_follow_the_route(
    site: Any, asking: Any, wait_until: Any
) -> None:
    site.facade.set_route("CLOUD")
    site.cloud.faults(throttling=2)
    created = site.facade.grpc(CREATE, asking.create("MOVES", line(site, asking, "1")), seconds=1.0)
    assert created.json["submissionState"] in ("ACCEPTED", "DISPATCHING")
    wait_until(lambda: "ACCEPTED" in states(site.facade, created.json["name"]) or None)

    site.facade.set_route("LEGACY")
    order = settled(site.facade.grpc, created.json["name"], wait_until)

    assert order["submissionState"] == "BOOKED"
    assert site.booked("MOVES") == [("legacy", "1")]


def test_while_an_erp_is_down_orders_are_accepted_listed_and_booked_later(
    site: Any, asking: Any, wait_until: Any
) -> None:
    site.facade.set_route("CLOUD")
    booked = site.facade.grpc(CREATE, asking.create("UP", line(site, asking, "1"))).json
    assert booked["submissionState"] == "BOOKED"
    site.cloud.faults(down=True)

    shown = site.facade.rest(GET, {"name": booked["name"]}).json
    listed = site.facade.rest("OrderService.ListOrders", {"parent": f"businessUnits/{asking.unit}", "pageSize": 500})

    assert (shown["submissionState"], [p["stale"] for p in shown["parts"]]) == ("BOOKED", [True])
    assert booked["name"] in [o["name"] for o in listed.json["orders"]]


@pytest.mark.parametrize(("stage", "backend"), [("LEGACY", "legacy"), ("CLOUD", "cloud")])
def test_what_an_erp_does_not_know_is_not_found_or_ends_as_a_rejected_order(
    site: Any, asking: Any, transport: str, wait_until: Any, stage: str, backend: str
) -> None:
    site.facade.set_route(stage)
    call, number = site.facade.client(transport), f"NOPROD-{backend}-{transport}"
    unknown = {**line(site, asking, "1"), "product": f"businessUnits/{asking.unit}/products/999999"}

    for method, request in (
        ("PricingService.CalculatePrices", asking.prices(unknown)),
        ("AvailabilityService.CheckAvailability", asking.availability(unknown)),
        ("OrderService.SimulateOrder", asking.simulate(number, unknown)),
    ):
        assert call(method, request).error == ("NOT_FOUND", "UNKNOWN_PRODUCT", {}), method
    order = settled(call, call(CREATE, asking.create(number, unknown)).json["name"], wait_until)

    assert (order["submissionState"], order["refusal"]["reason"]) == ("REJECTED", "UNKNOWN_PRODUCT")
    assert site.booked(number) == []


@pytest.mark.parametrize("stage", ["LEGACY", "CLOUD"])
def test_a_customer_that_no_table_has_is_refused_before_an_erp_is_asked(
    site: Any, ask: Any, asking: Any, transport: str, stage: str
) -> None:
    site.facade.set_route(stage)
    site.cloud.faults(down=True)
    site.legacy.faults(down=True)
    stranger = type(ask)(unit=asking.unit, customer="NOBODY")
    call = site.facade.client(transport)

    priced = call("PricingService.CalculatePrices", stranger.prices(line(site, asking, "1")))
    created = call(CREATE, stranger.create("STRANGER", line(site, asking, "1")))

    assert priced.error == ("NOT_FOUND", "UNKNOWN_CUSTOMER", {"customer": "UNKNOWN_CUSTOMER"})
    assert created.error == ("NOT_FOUND", "UNKNOWN_CUSTOMER", {"order.customer": "UNKNOWN_CUSTOMER"})


def test_a_refusal_of_the_job_that_books_later_ends_the_order_with_its_reason(
    site: Any, asking: Any, wait_until: Any
) -> None:
    customer = site.master.customers[1].customer
    site.legacy.hold_customer(customer)
    held = type(asking)(unit=asking.unit, customer=customer)
    created = site.facade.grpc(CREATE, held.create("CREDIT", line(site, asking, "1")))
    order = settled(site.facade.grpc, created.json["name"], wait_until)
    site.legacy.hold_customer(customer, held=False)

    assert (order["submissionState"], order["refusal"]["reason"]) == ("REJECTED", "CREDIT")
    assert site.booked("CREDIT") == []


def test_the_same_content_under_another_key_is_marked_and_booked(site: Any, asking: Any, wait_until: Any) -> None:
    site.facade.set_route("CLOUD")
    first = site.facade.grpc(CREATE, asking.create("TWIN", line(site, asking, "1"), request_id="twin-a")).json
    second = site.facade.grpc(CREATE, asking.create("TWIN", line(site, asking, "1"), request_id="twin-b")).json
    assert second["possibleDuplicateOf"] == first["name"]
    assert first["possibleDuplicateOf"] == ""

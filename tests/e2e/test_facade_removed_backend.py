"""A backend that is gone from the configuration while routes and orders still name it."""

from __future__ import annotations

from typing import Any

import pytest

PARENT = "businessUnits/NW"


@pytest.fixture(scope="module")
def shared(start_shared: Any) -> Any:
    """A facade that comes back without its legacy backend; NA01 moved to the cloud before, AP01 is compared with it."""
    before = start_shared()
    before.set_route("CLOUD", plant="NA01")
    before.set_route("CLOUD_SHADOWED", plant="AP01")
    line = {"lineId": "1", "product": f"{PARENT}/products/11", "plant": "EU01",
            "quantity": {"value": {"value": "1"}, "unit": "EA"}}  # fmt: skip
    order = {"customer": f"{PARENT}/customers/ALFKI", "currencyCode": "USD", "purchaseOrderNumber": "EARLIER",
             "lines": [line]}  # fmt: skip
    answer = before.grpc("OrderService.CreateOrder", {"parent": PARENT, "requestId": "earlier", "order": order})
    assert answer.json["submissionState"] == "BOOKED"
    before.stop()
    left = {name: backend for name, backend in before.settings["backends"].items() if name != "legacy"}
    return start_shared(folder=before.folder, content={**before.settings, "backends": left})


@pytest.mark.parametrize("method", ["PricingService.CalculatePrices", "OrderService.CreateOrder"])
def test_what_its_routes_send_there_is_refused_as_misconfigured(client: Any, ask: Any, method: str) -> None:
    line = ask.line("1")
    request = ask.prices(line) if method.startswith("Pricing") else ask.create("GONE", line)
    answer = client(method, request)
    assert (answer.status, answer.reason) == ("INTERNAL", "BACKEND_MISCONFIGURED")
    assert answer.error_metadata["backend"] == "legacy"


def test_nothing_was_accepted_for_it(client: Any) -> None:
    listed = client("OrderService.ListOrders", {"parent": PARENT, "purchaseOrderNumber": "GONE"})
    assert listed.json["orders"] == []


@pytest.mark.parametrize("plant", ["NA01", "AP01"])
def test_other_plants_are_served(client: Any, ask: Any, plant: str) -> None:
    answer = client("PricingService.CalculatePrices", ask.prices(ask.line("1", plant=plant)))
    assert answer.status == "OK"


def test_its_invoices_are_unreachable_and_its_orders_stale(client: Any) -> None:
    assert client("InvoiceService.ListInvoices", {"parent": PARENT}).json["unreachable"] == ["legacy"]
    (order,) = client("OrderService.ListOrders", {"parent": PARENT, "purchaseOrderNumber": "EARLIER"}).json["orders"]
    shown = client("OrderService.GetOrder", {"name": order["name"]}).json
    assert [part["stale"] for part in shown["parts"]] == [True]

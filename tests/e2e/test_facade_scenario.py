"""A plain gRPC client and a plain HTTP client do the same and get the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# What differs from run to run: names and numbers of documents, instants, and how far the ERP's own jobs are.
_OF_THE_RUN = {
    "name", "etag", "createTime", "updateTime", "asOf", "validUntil", "documentNumber", "reference", "requestId",
    "purchaseOrderNumber", "invoiceNumber", "order", "orderDocumentNumber", "possibleDuplicateOf", "nextPageToken",
    "sourceStatuses",
}  # fmt: skip


def comparable(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items() if k not in _OF_THE_RUN}
    return [comparable(v) for v in value] if isinstance(value, list) else value


def settled(call: Any, name: str) -> dict[str, Any] | None:
    order = call("OrderService.GetOrder", {"name": name}).json
    return order if order["submissionState"] in ("BOOKED", "REJECTED", "CANCELLED") else None


def billed(call: Any, name: str) -> dict[str, Any] | None:
    order = call("OrderService.GetOrder", {"name": name}).json
    return order if order["billingState"] == "BILLING_STATE_BILLED" else None


def run_scenario(call: Any, ask: Any, until: Callable[..., Any], tag: str, lines: list[Any], ship: Any) -> Any:
    """Quote, order, repeat, read, cancel and look at the invoice; return every step's outcome, named."""
    parent = f"businessUnits/{ask.unit}"
    steps: dict[str, Any] = {}

    def step(name: str, method: str, request: dict[str, Any]) -> Any:
        answer = call(method, request)
        steps[name] = (answer.status, answer.reason, answer.violations, comparable(answer.json))
        return answer

    step("price", "PricingService.CalculatePrices", ask.prices(*lines))
    step("availability", "AvailabilityService.CheckAvailability", ask.availability(*lines))
    step("simulate", "OrderService.SimulateOrder", ask.simulate(f"{tag}-S", *lines))
    create = ask.create(f"{tag}-1", *lines)
    first = call("OrderService.CreateOrder", create)
    assert first.status == "OK", first
    name = first.json["name"]
    until(lambda: settled(call, name))
    ship()
    steps["billed"] = comparable(until(lambda: billed(call, name)))
    again = step("replay", "OrderService.CreateOrder", create)
    assert (again.json["name"], again.json["replayed"]) == (name, True)
    other = {**create, "order": {**create["order"], "purchaseOrderNumber": f"{tag}-X"}}
    step("reused key", "OrderService.CreateOrder", other)

    second = call("OrderService.CreateOrder", ask.create(f"{tag}-2", lines[0])).json["name"]
    until(lambda: settled(call, second))
    ship()
    until(lambda: billed(call, second))
    page: dict[str, Any] = {"parent": parent, "customer": create["order"]["customer"], "pageSize": 1}
    newest = step("first page", "OrderService.ListOrders", page).json
    older = step("second page", "OrderService.ListOrders", {**page, "pageToken": newest["nextPageToken"]}).json
    assert [o["name"] for page in (newest, older) for o in page["orders"]] == [second, name]

    of_order = {"parent": parent, "order": name}
    issued = until(lambda: call("InvoiceService.ListInvoices", of_order).json["invoices"] or None)
    assert [i["order"] for i in issued] == [name]
    step("invoices of the order", "InvoiceService.ListInvoices", of_order)
    step("invoice", "InvoiceService.GetInvoice", {"name": issued[0]["name"]})

    # More than any stock covers: a backorder is not shipped before it is cancelled.
    backorder = {**lines[0], "quantity": {"value": {"value": "5000"}, "unit": "EA"}}
    third = call("OrderService.CreateOrder", ask.create(f"{tag}-3", backorder)).json["name"]
    until(lambda: settled(call, third))
    cancel = {"name": third, "requestId": f"cancel-{tag}", "reason": "ordered twice"}
    cancelled = call("OrderService.CancelOrder", cancel)
    assert cancelled.status == "OK", cancelled
    gone = until(lambda: o if (o := settled(call, third)) and o["submissionState"] == "CANCELLED" else None)
    steps["cancelled"] = comparable(gone["changes"])
    step("unknown order", "OrderService.GetOrder", {"name": f"{parent}/orders/01HZZZZZZZZZZZZZZZZZZZZZZZ"})
    step("unknown invoice", "InvoiceService.GetInvoice", {"name": f"{parent}/invoices/legacy~nothing"})
    return steps


def assert_same(told: dict[str, Any], other: dict[str, Any]) -> None:
    assert told.keys() == other.keys()
    for step, outcome in told.items():
        assert outcome == other[step], f"the step {step!r} differs"


def test_both_transports_tell_the_same_story_of_the_in_memory_erps(shared: Any, ask: Any, wait_until: Any) -> None:
    lines = [ask.line("1", "11", quantity="12"), ask.line("2", "42", quantity="3", agreedDiscount={"value": "0.05"})]

    def ship() -> None:
        shared.memory("legacy").ship_and_invoice_all()

    over_grpc = run_scenario(shared.grpc, ask, wait_until, "G", lines, ship)
    over_rest = run_scenario(shared.rest, ask, wait_until, "R", lines, ship)

    assert_same(over_grpc, over_rest)
    assert over_grpc["price"][3]["netAmount"] == {"currencyCode": "USD", "units": "291", "nanos": 900000000}
    assert over_grpc["billed"]["submissionState"] == "BOOKED"
    assert over_grpc["reused key"][:2] == ("INVALID_ARGUMENT", "IDEMPOTENCY_KEY_REUSED")
    assert [c["state"] for c in over_grpc["cancelled"]] == ["BOOKED"]
    assert over_grpc["unknown order"][:2] == ("NOT_FOUND", "ORDER_NOT_FOUND")
    assert over_grpc["unknown invoice"][:2] == ("NOT_FOUND", "INVOICE_NOT_FOUND")
    assert shared.booked("G-1") == shared.booked("R-1") == [("legacy", "1"), ("legacy", "2")]
    assert shared.booked("G-X") == shared.booked("G-3") == shared.booked("R-3") == []


@pytest.mark.parametrize(("stage", "backend"), [("LEGACY", "legacy"), ("CLOUD", "cloud")])
def test_both_transports_tell_the_same_story_of_each_real_adapter(
    stand_ins: Any, wait_until: Any, ask: Any, stage: str, backend: str
) -> None:
    facade, master = stand_ins.facade, stand_ins.master
    facade.reset_routes()
    assert facade.set_route(stage, reason="the whole site moves").status == "OK"
    product, plant = next((p, pl) for (p, pl), s in master.stock.items() if s.on_hand > 50)
    other = next(p for (p, pl), s in master.stock.items() if pl == plant and p != product and s.on_hand > 50)
    site = type(ask)(unit=master.business_unit, customer=master.customers[0].customer)

    lines = [site.line("1", product, plant, "2"), site.line("2", other, plant, "1", agreedDiscount={"value": "0.05"})]
    told = {
        tag: run_scenario(facade.client(transport), site, wait_until, f"{tag}{stage}", lines, lambda: None)
        for tag, transport in (("G", "grpc"), ("R", "rest"))
    }
    assert_same(told["G"], told["R"])
    assert {part["source"]["backend"] for part in told["G"]["billed"]["parts"]} == {backend}

"""Showing orders: live states, silent ERPs, lists, traces, documents entered in an ERP."""

from __future__ import annotations

import json

import grpc

from erp.v1.orders_pb2 import (
    BILLING_STATE_BILLED,
    FULFILMENT_STATE_COMPLETE,
    FULFILMENT_STATE_PARTIAL,
    ListOrdersRequest,
    Order,
)
from erp_routing.routes import Intake, Stage


async def test_an_order_shows_what_its_erp_says_now(bench):
    order = await bench.create(bench.request("r1"))
    legacy = bench.erps["legacy"]
    legacy.ship(order.parts[0].document_number)
    legacy.invoice(order.parts[0].document_number)
    now = await bench.get(order.name)
    assert (now.fulfilment_state, now.billing_state) == (FULFILMENT_STATE_COMPLETE, BILLING_STATE_BILLED)
    assert (now.parts[0].stale, now.etag) == (False, order.etag)


async def test_an_order_half_of_which_is_shipped_is_partially_fulfilled(bench):
    order = await bench.create(bench.request("r1", plants=("EU01", "EU02")))
    bench.erps["cloud"].ship(order.parts[1].document_number)
    assert (await bench.get(order.name)).fulfilment_state == FULFILMENT_STATE_PARTIAL


async def test_while_its_erp_is_silent_an_order_shows_what_was_last_known(bench):
    order = await bench.create(bench.request("r1", plants=("EU01", "EU02")))
    bench.erps["legacy"].ship(order.parts[0].document_number)
    await bench.get(order.name)
    bench.erps["legacy"].faults.down = True
    shown = await bench.get(order.name)
    assert [p.stale for p in shown.parts] == [True, False]
    assert shown.parts[0].fulfilment_state == FULFILMENT_STATE_COMPLETE


async def test_an_order_is_served_by_its_owner_after_a_flip(bench):
    order = await bench.create(bench.request("r1"))
    await bench.set_routes(bench.route("EU01", Stage.CLOUD))
    bench.erps["legacy"].ship(order.parts[0].document_number)
    shown = await bench.get(order.name)
    assert (shown.parts[0].source.backend, shown.fulfilment_state) == ("legacy", FULFILMENT_STATE_COMPLETE)


async def test_a_document_entered_in_an_erp_is_shown_under_its_name(bench):
    order = await bench.create(bench.request("r1"))
    name = f"businessUnits/NW/orders/legacy~{order.parts[0].document_number}"
    shown = await bench.get(name)
    assert (shown.name, shown.purchase_order_number) == (name, "PO-r1")
    assert shown.lines[0].source.backend == "legacy"


async def test_documents_that_do_not_exist_are_not_found(bench, refused):
    for order in ("legacy~1", "nowhere~1", "01ARZ3NDEKTSV4RRFFQ69G5FAV"):
        error = await refused(bench.get(f"businessUnits/NW/orders/{order}"))
        assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "ORDER_NOT_FOUND")


async def test_a_document_of_a_silent_erp_is_unavailable(bench, refused):
    bench.erps["legacy"].faults.down = True
    error = await refused(bench.get("businessUnits/NW/orders/legacy~1"))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE")


async def test_pages_hold_every_order_once_newest_first_also_while_the_erps_are_down(bench):
    names = [(await bench.create(bench.request(f"r{n}"))).name for n in range(7)]
    for erp in bench.erps.values():
        erp.faults.down = True
    request = ListOrdersRequest(parent="businessUnits/NW", page_size=3)
    seen = []
    while True:
        page = await bench.orders.list(request)
        seen += [o.name for o in page.orders]
        if not page.next_page_token:
            break
        assert len(page.orders) == 3
        request.page_token = page.next_page_token
    assert seen == names[::-1]


async def test_a_list_is_filtered_by_customer_purchase_order_and_state(bench):
    await bench.set_routes(bench.route("EU01", Stage.LEGACY), bench.route("EU02", Stage.CLOUD, intake=Intake.DRAINING))
    booked = await bench.create(bench.request("r1", customer="C1", po="A"))
    waiting = await bench.create(bench.request("r2", customer="C2", po="B", plants=("EU02",)), wait=0)

    async def found(**fields):
        return [
            o.name for o in (await bench.orders.list(ListOrdersRequest(parent="businessUnits/NW", **fields))).orders
        ]

    assert await found(customer="businessUnits/NW/customers/C1") == [booked.name]
    assert await found(purchase_order_number="B") == [waiting.name]
    assert await found(submission_state=Order.BOOKED) == [booked.name]
    assert await found() == [waiting.name, booked.name]
    assert (await bench.orders.list(ListOrdersRequest(parent="businessUnits/XX"))).orders == []


async def test_a_trace_tells_the_whole_way(bench):
    order = await bench.create(bench.request("r1"))
    trace = await bench.orders.trace(order.name)
    assert [(e.sequence, e.event, e.part_id, e.actor) for e in trace.entries] == [
        (1, "order.accepted", "", "crm"),
        (2, "order.part.dispatching", "1", "dispatcher"),
        (3, "order.part.booked", "1", "dispatcher"),
    ]
    assert trace.entries[2].submission_state == Order.BOOKED
    assert trace.order.name == order.name


async def test_events_have_the_shape_of_cloud_events(bench):
    from erp_facade.orders.rows import read_events

    order = await bench.create(bench.request("r1"))
    rows = await bench.store.read(read_events, order.name.rpartition("/")[2])
    event = json.loads(rows[0].data)
    assert {"specversion", "id", "source", "type", "subject", "time", "data"} <= event.keys()
    assert (event["type"], event["subject"]) == ("order.accepted", order.name)


async def test_open_orders_are_counted_by_state(bench):
    await bench.create(bench.request("r1"))
    bench.erps["legacy"].faults.hold_bookings = True
    order = await bench.create(bench.request("r2"), wait=0)
    await bench.until(order.name, "HANDED_OVER")
    assert await bench.orders.open_counts() == {"HANDED_OVER": 1}
    bench.erps["legacy"].book_held()
    await bench.until(order.name, "BOOKED")
    assert await bench.orders.open_counts() == {}

"""A facade process that kills itself at a named point, or takes over what an earlier one left behind.

Arguments: folder, point. The ERP's books are a file in the folder that outlives the process; each line is one
booking. With the point `none` it works until the order is settled and prints it as `state document_number attempts`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import structlog
from sqlalchemy import insert, update

from erp.v1.orders_pb2 import CreateOrderRequest, ListOrdersRequest, Order
from erp_facade.call_meta import CallMeta
from erp_facade.orders import Orders
from erp_facade.orders.apply import apply_result
from erp_facade.store import Store
from erp_facade.store.route_rows import read_version, route_to_row
from erp_facade.store.schema import route_state, routes
from erp_ports.operations import Declaration, Operation, ReferenceKind, ReferenceShape, Support, WriteFacts
from erp_ports.values import Booked, FindResult, FindState
from erp_routing.routes import Route, Scope, Stage

SHAPE = ReferenceShape(kind=ReferenceKind.NUMBER, length=8, field="EDOC")


class FileErp:
    """An ERP whose books are a file and that books a reference once."""

    def __init__(self, books: Path, point: str) -> None:
        self._books = books
        self._point = point
        self.declaration = Declaration(
            operations={Operation.CREATE_ORDER: Support.SUPPORTED, Operation.FIND_ORDER: Support.SUPPORTED},
            write_facts=WriteFacts(reference=SHAPE, unique_reference="the file is searched first"),
        )

    def _booking(self, reference: str) -> Booked | None:
        lines = self._books.read_text().splitlines() if self._books.exists() else []
        for number, line in enumerate(lines, 1):
            if json.loads(line)["reference"] == reference:
                order = Order.FromString(bytes.fromhex(json.loads(line)["order"]))
                return Booked(document_number=str(number), order=order)
        return None

    async def create_order(self, submission, call):
        if self._point == "before the send":
            os._exit(9)
        existing = self._booking(submission.reference)
        if existing is not None:
            return replace(existing, existing=True)
        with self._books.open("a") as file:
            entry = {"reference": submission.reference, "order": submission.order.SerializeToString().hex()}
            file.write(json.dumps(entry) + "\n")
        if self._point == "after the send":
            os._exit(9)
        booked = self._booking(submission.reference)
        assert booked is not None
        return booked

    async def find_order(self, business_unit, reference, call):
        booked = self._booking(reference)
        if booked is None:
            return FindResult(state=FindState.NOT_FOUND)
        return FindResult(state=FindState.BOOKED, bookings=(booked,))


def set_route(connection):
    if read_version(connection) == 0:
        route = Route(scope=Scope(), stage=Stage.LEGACY, legacy_backend="erp", cloud_backend="other")
        connection.execute(insert(routes), [route_to_row(route)])
        connection.execute(update(route_state).values(version=1))


def request():
    message = CreateOrderRequest(parent="businessUnits/NW", request_id="r1")
    message.order.customer = "businessUnits/NW/customers/C1"
    message.order.currency_code = "EUR"
    message.order.purchase_order_number = "PO-1"
    line = message.order.lines.add(line_id="1", product="businessUnits/NW/products/11", plant="EU01")
    line.quantity.value.value, line.quantity.unit = "10", "EA"
    return message


async def check(message):
    return message.order


async def main(folder: Path, point: str) -> None:
    store = await Store.open(f"sqlite:///{folder}/store.db")
    await store.write(set_route)
    log = structlog.wrap_logger(
        structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )
    erp = FileErp(folder / "books", point)
    orders = Orders(store=store, adapters={"erp": erp}, deployment_key=b"key", tokens=None, log=log)
    if point == "before the result is stored":
        write = store.write

        async def kill_at_result(work, *args):
            if work is apply_result:
                os._exit(9)
            return await write(work, *args)

        store.write = kill_at_result
    if point != "before the claim":
        await orders.dispatcher.start()
    meta = CallMeta(method="CreateOrder", transport="test", correlation_id="", deadline=time.monotonic() + 5)
    order = await orders.create(request(), client="crm", meta=meta, check=check)
    if point in ("before the claim", "after the result is stored"):
        os._exit(9)
    async with asyncio.timeout(30):
        while order.submission_state not in (Order.BOOKED, Order.REVIEW):
            await asyncio.sleep(0.02)
            [order] = (await orders.list(ListOrdersRequest(parent="businessUnits/NW"))).orders
    state = Order.SubmissionState.Name(order.submission_state)
    print(state, order.parts[0].document_number, order.parts[0].attempts)
    await orders.dispatcher.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

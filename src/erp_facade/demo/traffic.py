"""Order traffic as a CRM would send it: price, availability, order; now and then a retry of the same request."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import grpc
import grpc.aio

from erp.v1 import availability_pb2, availability_pb2_grpc, orders_pb2, orders_pb2_grpc, pricing_pb2, pricing_pb2_grpc
from erp_ports.amounts import from_date, plain
from erp_ports.names import business_unit_name, customer_name, product_name
from erp_sandbox.master_data import MasterData, Order

_STATE = orders_pb2.Order.SubmissionState
SETTLED = (_STATE.BOOKED, _STATE.PARTIALLY_BOOKED, _STATE.REJECTED, _STATE.CANCELLED)
_RETRY_EVERY = 10
_PATIENCE = 8


@dataclass(slots=True)
class Tally:
    """What the callers saw."""

    submitted: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    prices: int = 0
    availabilities: int = 0
    refused_reads: int = 0
    replays: int = 0
    errors: list[str] = field(default_factory=list)


class Traffic:
    """Sends orders over gRPC with a fixed number of callers, each waiting for its answer before the next."""

    def __init__(self, master: MasterData, channel: grpc.aio.Channel, *, callers: int) -> None:
        self._master = master
        self._callers = callers
        self._prices = pricing_pb2_grpc.PricingServiceStub(channel)
        self._availability = availability_pb2_grpc.AvailabilityServiceStub(channel)
        self._orders = orders_pb2_grpc.OrderServiceStub(channel)
        self.tally = Tally()

    async def send(self, orders: Iterable[Order], done: asyncio.Queue[Order]) -> None:
        """Send all orders in their sequence; each one is put into `done` when its caller has its answer."""
        waiting = iter(orders)

        async def caller() -> None:
            for order in waiting:
                await self._one(order)
                await done.put(order)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._callers):
                group.create_task(caller())

    async def _one(self, order: Order) -> None:
        tally = self.tally
        priced = await self._read(self._prices.CalculatePrices(self._pricing(order), timeout=30))
        tally.prices += priced
        availability = self._availability.CheckAvailability(self._availability_request(order), timeout=30)
        checked = await self._read(availability)
        tally.availabilities += checked
        request = create_request(self._master, order, dt.datetime.now(dt.UTC))
        answer = await self._create(request)
        if answer is None:
            return
        tally.submitted.append(order.order)
        tally.names[order.order] = answer.name
        if len(tally.submitted) % _RETRY_EVERY == 0:
            again = await self._create(request)
            if again is not None and again.replayed and again.name == answer.name:
                tally.replays += 1

    async def _read(self, call: grpc.aio.UnaryUnaryCall) -> int:  # type: ignore[type-arg]
        try:
            await call
        except grpc.aio.AioRpcError as error:
            if error.code() not in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND):
                self.tally.errors.append(f"{error.code().name}: {error.details()}")
            self.tally.refused_reads += 1
            return 0
        return 1

    async def _create(self, request: orders_pb2.CreateOrderRequest) -> orders_pb2.Order | None:
        """Send an order as a careful caller does: the same request id until there is an answer."""
        for attempt in range(_PATIENCE):
            try:
                return await self._orders.CreateOrder(request, timeout=20)
            except grpc.aio.AioRpcError as error:
                retryable = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED)
                if error.code() not in retryable or attempt == _PATIENCE - 1:
                    number = request.order.purchase_order_number
                    self.tally.errors.append(f"order {number}: {error.code().name}: {error.details()}")
                    return None
                await asyncio.sleep(0.2 * (attempt + 1))
        return None

    async def settle(self, seconds: float) -> list[orders_pb2.Order]:
        """Wait until every order is settled, `seconds` at most; return the last state of each that is not."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        open_names = dict(self.tally.names)
        states: dict[str, orders_pb2.Order] = {}
        while open_names and loop.time() < end:
            for number, name in list(open_names.items()):
                order = await self._orders.GetOrder(orders_pb2.GetOrderRequest(name=name), timeout=20)
                states[number] = order
                if order.submission_state in SETTLED:
                    del open_names[number]
            if open_names:
                await asyncio.sleep(0.3)
        return [states[number] for number in open_names]

    def _pricing(self, order: Order) -> pricing_pb2.CalculatePricesRequest:
        unit = self._master.business_unit
        request = pricing_pb2.CalculatePricesRequest(
            parent=business_unit_name(unit),
            customer=customer_name(unit, order.customer),
            currency_code=self._master.currency,
            pricing_date=from_date(order.order_date),
        )
        for line in order.lines:
            priced = request.lines.add(line_id=line.line_id, product=product_name(unit, line.product), plant=line.plant)
            priced.quantity.value.value = plain(line.quantity)
            priced.quantity.unit = "EA"
            if line.discount:
                priced.agreed_discount.value = plain(line.discount)
        return request

    def _availability_request(self, order: Order) -> availability_pb2.CheckAvailabilityRequest:
        unit = self._master.business_unit
        request = availability_pb2.CheckAvailabilityRequest(
            parent=business_unit_name(unit), customer=customer_name(unit, order.customer)
        )
        now = dt.datetime.now(dt.UTC)
        for line in order.lines:
            asked = request.lines.add(
                line_id=line.line_id, product=product_name(unit, line.product), plant=line.plant,
                requested_date=from_date(requested_date(self._master, order, line.plant, now)),
            )  # fmt: skip
            asked.quantity.value.value = plain(line.quantity)
            asked.quantity.unit = "EA"
        return request


def requested_date(master: MasterData, order: Order, plant: str, now: dt.datetime) -> dt.date:
    """Return the order's requested date, or the plant's own date where the new day has begun there already."""
    return max(order.requested_date, now.astimezone(ZoneInfo(master.plants[plant])).date())


def create_request(master: MasterData, order: Order, now: dt.datetime) -> orders_pb2.CreateOrderRequest:
    """Return the request for an order of the data; its request id is made of the order's number."""
    unit = master.business_unit
    request = orders_pb2.CreateOrderRequest(parent=business_unit_name(unit), request_id=f"crm-{order.order}-1")
    message = request.order
    message.customer = customer_name(unit, order.customer)
    message.currency_code = master.currency
    message.purchase_order_number = order.order
    message.pricing_date.CopyFrom(from_date(order.order_date))
    message.requested_date.CopyFrom(from_date(order.requested_date))
    for line in order.lines:
        ordered = message.lines.add(line_id=line.line_id, product=product_name(unit, line.product), plant=line.plant)
        ordered.quantity.value.value = plain(line.quantity)
        ordered.quantity.unit = "EA"
        local = requested_date(master, order, line.plant, now)
        if local != order.requested_date:
            ordered.requested_date.CopyFrom(from_date(local))
        if line.discount:
            ordered.agreed_discount.value = plain(line.discount)
    return request

"""A facade's orders on a real store, in front of two ERPs in memory, with time that runs fast."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Connection, delete, insert, select, update

from erp.v1.orders_pb2 import CancelOrderRequest, CreateOrderRequest, Order
from erp_facade.api_error import ApiError
from erp_facade.call_meta import CallMeta
from erp_facade.orders import OrderOptions, Orders
from erp_facade.store import Store
from erp_facade.store.chain import first_broken_link
from erp_facade.store.route_rows import read_version, route_to_row
from erp_facade.store.schema import audit, order_parts, outbox, route_state, routes
from erp_ports.call import Call
from erp_ports.memory import InMemoryConfig, InMemoryErp
from erp_routing.routes import Route, Scope, Stage

SPEED = 20.0


class QuickClock:
    """A clock whose time runs twenty times as fast as the machine's."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        return self._start + (time.monotonic() - self._start) * SPEED

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / SPEED)


class PlainTokens:
    """Page tokens without a signature."""

    def issue(self, scope: str, fields: Mapping[str, Any]) -> str:
        return json.dumps([scope, fields])

    def read(self, token: str, scope: str) -> Mapping[str, Any]:
        issued_for, fields = json.loads(token)
        assert issued_for == scope
        return fields


def erp(name: str) -> InMemoryErp:
    config = {
        "products": {"11": {"price": "21.00"}, "42": {"price": "9.80"}},
        "customers": {f"C{n}": {} for n in range(100)},
        "lead_time_days": 3,
    }
    return InMemoryErp(InMemoryConfig.model_validate(config), backend=name)


def route(plant: str, stage: Stage, **values: Any) -> Route:
    return Route(scope=Scope(plant=plant), stage=stage, legacy_backend="legacy", cloud_backend="cloud", **values)


def order_request(request_id: str, *, plants: tuple[str, ...] = ("EU01",), **fields: str) -> CreateOrderRequest:
    """Return a request for ten of product 11 from each plant."""
    request = CreateOrderRequest(parent="businessUnits/NW", request_id=request_id)
    order = request.order
    order.customer = f"businessUnits/NW/customers/{fields.get('customer', 'C1')}"
    order.currency_code = "EUR"
    order.purchase_order_number = fields.get("po", f"PO-{request_id}")
    order.pricing_date.year, order.pricing_date.month, order.pricing_date.day = 2026, 11, 22
    for number, plant in enumerate(plants, 1):
        product = f"businessUnits/NW/products/{fields.get('product', '11')}"
        line = order.lines.add(line_id=str(number), product=product, plant=plant)
        line.quantity.value.value = fields.get("quantity", "10")
        line.quantity.unit = "EA"
        line.requested_date.CopyFrom(order.pricing_date)
    return request


async def no_checks(request: CreateOrderRequest) -> Order:
    return request.order


@dataclass
class Bench:
    """One facade process's orders; `restart` is what a new process would find."""

    url: str
    clock: QuickClock = field(default_factory=QuickClock)
    erps: dict[str, Any] = field(default_factory=lambda: {"legacy": erp("legacy"), "cloud": erp("cloud")})
    options: OrderOptions = field(default_factory=OrderOptions)
    shadow_booking: Any = None
    store: Store = None  # type: ignore[assignment]
    orders: Orders = None  # type: ignore[assignment]

    request = staticmethod(order_request)
    route = staticmethod(route)

    async def start(self, *, dispatching: bool = True) -> None:
        self.store = await Store.open(self.url)
        log = structlog.wrap_logger(
            structlog.ReturnLogger(), wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
        )
        self.orders = Orders(
            store=self.store,
            adapters=self.erps,
            deployment_key=b"a key that stays the same",
            tokens=PlainTokens(),
            log=log,
            options=self.options,
            clock=self.clock,
            shadow_booking=self.shadow_booking,
        )
        if dispatching:
            await self.orders.dispatcher.start()

    async def close(self) -> None:
        await self.orders.dispatcher.stop()
        await self.store.close()

    async def restart(self, *, dispatching: bool = True) -> None:
        await self.close()
        await self.start(dispatching=dispatching)

    async def set_routes(self, *rows: Route) -> None:
        await self.store.write(_replace_routes, rows)
        self.orders.dispatcher.routes_changed()

    def meta(self, seconds: float) -> CallMeta:
        deadline = self.clock.monotonic() + seconds
        return CallMeta(method="CreateOrder", transport="grpc", correlation_id="corr-1", deadline=deadline)

    async def create(
        self,
        request: CreateOrderRequest,
        *,
        client: str = "crm",
        wait: float = 60.0,
        check: Callable[[CreateOrderRequest], Awaitable[Order]] = no_checks,
    ) -> Order:
        return await self.orders.create(request, client=client, meta=self.meta(wait), check=check)

    async def cancel(self, name: str, request_id: str = "cancel-1", *, wait: float = 60.0, etag: str = "") -> Order:
        request = CancelOrderRequest(name=name, request_id=request_id, reason="ordered by mistake", etag=etag)
        return await self.orders.cancel(request, client="crm", meta=self.meta(wait))

    async def get(self, name: str) -> Order:
        return await self.orders.get(name, call=Call.within(5))

    async def until(self, name: str, *states: str) -> Order:
        """Return the order once it is in one of the states; the test's own time limit is twenty seconds."""
        async with asyncio.timeout(20):
            while True:
                order = (await self.orders.trace(name)).order
                if Order.SubmissionState.Name(order.submission_state) in states:
                    return order
                await asyncio.sleep(0.01)

    async def eventually(self, holds: Callable[[], Awaitable[Any]]) -> None:
        """Return once the condition holds; the test's own time limit is twenty seconds."""
        async with asyncio.timeout(20):
            while not await holds():  # noqa: ASYNC110 - what is awaited stands in a store or in an ERP's books
                await asyncio.sleep(0.01)

    async def until_booked(self, backend: str, line: tuple[str, str]) -> None:
        """Return once the line stands in the ERP's own books."""

        async def there() -> bool:
            return line in self.booked(backend)

        await self.eventually(there)

    def booked(self, backend: str) -> list[tuple[str, str]]:
        """Return purchase order number and line id of every line that lives in the ERP's own books."""
        return [(x.purchase_order_number, x.line_id) for x in self.erps[backend].ledger() if x.live]

    async def part_rows(self) -> list[Any]:
        return await self.store.read(lambda c: c.execute(select(order_parts).order_by(order_parts.c.part_id)).all())

    async def require_complete_journal(self) -> None:
        """Every state change has exactly one event and one audit entry, in unbroken sequence and chain."""
        events, entries, broken = await self.store.read(_journal)
        assert broken is None
        assert [e.type for e in events] == entries
        by_order: dict[str, list[int]] = {}
        for event in events:
            by_order.setdefault(event.order_id, []).append(event.sequence)
        for numbers in by_order.values():
            assert numbers == list(range(1, len(numbers) + 1))


def _replace_routes(connection: Connection, rows: tuple[Route, ...]) -> None:
    connection.execute(delete(routes))
    connection.execute(insert(routes), [route_to_row(r) for r in rows])
    connection.execute(update(route_state).values(version=read_version(connection) + 1))


def _journal(connection: Connection) -> tuple[list[Any], list[str], int | None]:
    events = list(connection.execute(select(outbox).order_by(outbox.c.position)))
    entries = list(connection.execute(select(audit.c.action).order_by(audit.c.sequence)).scalars())
    return events, entries, first_broken_link(connection)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """EU01 is on the legacy ERP, EU02 on the cloud ERP."""
    bench = Bench(url=f"sqlite:///{tmp_path}/store.db")
    await bench.start()
    await bench.set_routes(route("EU01", Stage.LEGACY), route("EU02", Stage.CLOUD))
    yield bench
    await bench.require_complete_journal()
    await bench.close()


@pytest.fixture
def refused() -> Callable[[Awaitable[Any]], Awaitable[ApiError]]:
    async def expect(call: Awaitable[Any]) -> ApiError:
        with pytest.raises(ApiError) as caught:
            await call
        return caught.value

    return expect

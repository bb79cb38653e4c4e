"""The order methods of the contract, over the orders themselves."""

from __future__ import annotations

from collections.abc import Mapping

import grpc

from erp.admin.v1.documents_pb2 import TraceOrderRequest, TraceOrderResponse
from erp.v1.orders_pb2 import (
    CancelOrderRequest,
    CreateOrderRequest,
    GetOrderRequest,
    ListOrdersRequest,
    ListOrdersResponse,
    Order,
)
from erp_facade.api_error import ApiError, Violation, invalid
from erp_facade.backends import Backend
from erp_facade.checks import check_order, selling_unit
from erp_facade.context import Context
from erp_facade.known_keys import check_known
from erp_facade.orders.service import Orders
from erp_facade.reads import split
from erp_facade.route_service import Routes
from erp_facade.site import Site
from erp_ports.names import business_unit_of, last_segment
from erp_routing.routes import Capability, Intake


class OrderCalls:
    """Serves OrderService but for SimulateOrder, and the trace of the admin contract."""

    def __init__(self, *, site: Site, backends: Mapping[str, Backend], routes: Routes, orders: Orders) -> None:
        self._site = site
        self._backends = backends
        self._routes = routes
        self._orders = orders

    async def create(self, context: Context, request: CreateOrderRequest) -> Order:
        """Accept an order, or repeat the outcome of an earlier request with the same id."""
        return await self._orders.create(request, client=context.client.name, meta=context.meta, check=self._check)

    async def _check(self, request: CreateOrderRequest) -> Order:
        """Return the order with every default filled in; raise an ApiError when it cannot be accepted."""
        order = Order()
        order.CopyFrom(request.order)
        violations = check_order(self._site, request.parent, order)
        if violations:
            raise invalid(violations)
        unit, customer = business_unit_of(request.parent), last_segment(order.customer)
        table = self._routes.current
        parts = split(table, unit, Capability.ORDERS, customer, order.lines)
        closed = {
            line.plant
            for part in parts
            for index, decision in zip(part.indices, part.decisions, strict=True)
            if decision.intake is Intake.PAUSED
            for line in (order.lines[index],)
        }
        if closed:
            raise ApiError(
                grpc.StatusCode.UNAVAILABLE,
                "INTAKE_CLOSED",
                f"new orders are not accepted at the moment for plant {', '.join(sorted(closed))}",
                retry_after=60.0,
            )
        check_known(self._backends, parts, customer, order.lines, path="order.")
        return order

    async def get(self, context: Context, request: GetOrderRequest) -> Order:
        """Return an order from the ERPs that own its parts."""
        self._known_unit(request.name, "name")
        return await self._orders.get(request.name, call=context.call())

    async def list_orders(self, context: Context, request: ListOrdersRequest) -> ListOrdersResponse:
        """Return a page of the orders created here."""
        self._known_unit(request.parent, "parent")
        return await self._orders.list(request)

    async def cancel(self, context: Context, request: CancelOrderRequest) -> Order:
        """Cancel an order."""
        self._known_unit(request.name, "name")
        return await self._orders.cancel(request, client=context.client.name, meta=context.meta)

    async def trace(self, context: Context, request: TraceOrderRequest) -> TraceOrderResponse:
        """Return everything that happened to an order."""
        self._known_unit(request.name, "name")
        return await self._orders.trace(request.name)

    def _known_unit(self, name: str, field: str) -> None:
        unit = selling_unit(self._site, name, field)
        if isinstance(unit, Violation):
            raise invalid([unit])

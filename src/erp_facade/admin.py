"""The admin contract: routes, backends and traces. Each method is a few lines over what serves it."""

from __future__ import annotations

import time
from collections.abc import Iterable

import grpc

from erp.admin.v1 import backends_pb2, routes_pb2
from erp_facade.api_error import ApiError
from erp_facade.backends import Backend
from erp_facade.context import Context
from erp_facade.orders.service import Orders
from erp_facade.page_token import PageTokens
from erp_facade.route_messages import capability_of, from_message, to_message
from erp_facade.route_service import Difference, Routes, change_differences
from erp_facade.store.times import from_text
from erp_ports.errors import ErpError
from erp_ports.names import last_segment
from erp_ports.operations import Operation
from erp_routing.decision import NoRoute

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 500


class RouteAdmin:
    """Serves RouteService."""

    def __init__(self, routes: Routes, orders: Orders, tokens: PageTokens) -> None:
        self._routes = routes
        self._orders = orders
        self._tokens = tokens

    async def list_routes(
        self, context: Context, request: routes_pb2.ListRoutesRequest
    ) -> routes_pb2.ListRoutesResponse:
        table = self._routes.current
        return routes_pb2.ListRoutesResponse(routes=map(to_message, table.routes), route_version=table.version)

    async def set_route(self, context: Context, request: routes_pb2.SetRouteRequest) -> routes_pb2.SetRouteResponse:
        route = from_message(request.route)
        found, version = await self._routes.set(
            route,
            expected=request.route_version,
            person=_person(context, request.person),
            reason=request.reason,
            validate_only=request.validate_only,
        )
        response = routes_pb2.SetRouteResponse(route_version=version, open_orders=await self._open_orders())
        before, after = found[0] if found else (route, route)
        if before is not None:
            response.previous.CopyFrom(to_message(before))
        response.route.CopyFrom(to_message(after or route))
        return response

    async def apply_routes(
        self, context: Context, request: routes_pb2.ApplyRoutesRequest
    ) -> routes_pb2.ApplyRoutesResponse:
        found, version = await self._routes.change(
            [from_message(r) for r in request.routes],
            expected=request.route_version,
            person=_person(context, request.person),
            reason=request.reason,
            validate_only=request.validate_only,
        )
        return routes_pb2.ApplyRoutesResponse(differences=_differences(found), route_version=version)

    async def list_route_changes(
        self, context: Context, request: routes_pb2.ListRouteChangesRequest
    ) -> routes_pb2.ListRouteChangesResponse:
        limit = min(request.page_size or _DEFAULT_PAGE, _LARGEST_PAGE)
        before = int(self._tokens.read(request.page_token, "routeChanges")["before"]) if request.page_token else None
        rows = await self._routes.changes(before=before, limit=limit + 1)
        response = routes_pb2.ListRouteChangesResponse()
        for row in rows[:limit]:
            change = response.changes.add(
                route_version=row["version"],
                person=row["person"],
                reason=row["reason"],
                differences=_differences(change_differences(row)),
            )
            change.change_time.FromDatetime(from_text(row["time"]))
        if len(rows) > limit:
            response.next_page_token = self._tokens.issue("routeChanges", {"before": rows[limit - 1]["version"]})
        return response

    async def explain_route(
        self, context: Context, request: routes_pb2.ExplainRouteRequest
    ) -> routes_pb2.ExplainRouteResponse:
        table = self._routes.current
        capability = capability_of(request.capability)
        try:
            decision = table.decide(request.business_unit, request.plant, capability, request.customer)
        except NoRoute as error:
            raise ApiError(grpc.StatusCode.NOT_FOUND, "NO_ROUTE", str(error)) from error
        matching = table.matching(request.business_unit, request.plant, capability)
        return routes_pb2.ExplainRouteResponse(
            backend=decision.backend,
            candidate=decision.candidate or "",
            reason=decision.reason,
            route=to_message(decision.route),
            overruled=map(to_message, matching[1:]),
            route_version=table.version,
        )

    async def _open_orders(self) -> routes_pb2.OpenOrderCounts:
        counts = await self._orders.open_counts()
        return routes_pb2.OpenOrderCounts(
            accepted=counts.get("ACCEPTED", 0),
            dispatching=counts.get("DISPATCHING", 0),
            handed_over=counts.get("HANDED_OVER", 0),
            in_doubt=counts.get("IN_DOUBT", 0),
            review=counts.get("REVIEW", 0),
            held=counts.get("HELD", 0),
        )


class BackendAdmin:
    """Serves BackendService."""

    def __init__(self, backends: dict[str, Backend]) -> None:
        self._backends = backends

    async def list_backends(
        self, context: Context, request: backends_pb2.ListBackendsRequest
    ) -> backends_pb2.ListBackendsResponse:
        return backends_pb2.ListBackendsResponse(backends=[_backend(b) for b in self._backends.values()])

    async def check_backend(
        self, context: Context, request: backends_pb2.CheckBackendRequest
    ) -> backends_pb2.CheckBackendResponse:
        backend = self._backends.get(last_segment(request.name))
        if backend is None:
            known = ", ".join(self._backends)
            text = f"the backend {last_segment(request.name)} is not configured; there are: {known}"
            raise ApiError(
                grpc.StatusCode.NOT_FOUND, "NOT_FOUND", text, resource=("erp.admin.v1/Backend", request.name)
            )
        response = backends_pb2.CheckBackendResponse()
        for credential, adapter in (("live", backend.live), ("shadow", backend.shadow)):
            started = time.monotonic()
            try:
                for result in await adapter.check(context.call()):
                    check = response.checks.add(
                        subject=f"{credential}: {result.subject}", ok=result.ok, message=result.message
                    )
                    check.latency.FromNanoseconds(int(result.seconds * 1e9))
            except ErpError as error:
                check = response.checks.add(subject=f"{credential}: connection", ok=False, message=error.message)
                check.latency.FromNanoseconds(int((time.monotonic() - started) * 1e9))
        return response


def _person(context: Context, given: str) -> str:
    """A change is made by the client, on behalf of a person where one is named."""
    return f"{given} ({context.client.name})" if given else context.client.name


def _differences(found: Iterable[Difference]) -> list[routes_pb2.RouteDifference]:
    return [
        routes_pb2.RouteDifference(
            previous=to_message(a) if a is not None else None, route=to_message(b) if b is not None else None
        )
        for a, b in found
    ]


def _backend(backend: Backend) -> backends_pb2.Backend:
    declaration = backend.live.declaration
    message = backends_pb2.Backend(name=f"backends/{backend.name}", adapter=backend.adapter_name)
    for operation in Operation:
        message.operations.add(
            operation=operation,
            effect=operation.effect,
            support=backends_pb2.BackendOperation.Support.Value(declaration.support(operation)),
        )
    facts = declaration.write_facts
    if facts is not None:
        message.write_facts.unique_reference = facts.unique_reference
        message.write_facts.consistent_lookup = facts.consistent_lookup
        message.write_facts.bounded_execution = facts.bounded_execution
    return message

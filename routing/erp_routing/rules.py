"""What a route table must satisfy before it takes effect; every problem is found at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from erp_ports.operations import Declaration, Operation
from erp_routing.decision import NoRoute, RouteTable
from erp_routing.routes import ANY, Capability, Route, Scope, Stage, StockSync

_NEEDED: dict[Capability, tuple[Operation, ...]] = {
    Capability.PRICING: (Operation.CALCULATE_PRICES,),
    Capability.AVAILABILITY: (Operation.CHECK_AVAILABILITY,),
    Capability.ORDERS: (Operation.CREATE_ORDER, Operation.FIND_ORDER, Operation.GET_ORDER),
    Capability.INVOICES: (Operation.LIST_INVOICES, Operation.GET_INVOICE),
}
_SHADOWED: dict[Capability, tuple[Operation, ...]] = {
    Capability.PRICING: (Operation.CALCULATE_PRICES,),
    Capability.AVAILABILITY: (Operation.CHECK_AVAILABILITY,),
    Capability.ORDERS: (Operation.SIMULATE_ORDER,),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a row cannot take effect. `reason` is an `ErrorReason` name of `erp.v1`."""

    reason: str
    message: str
    row: str


def problems(
    routes: Sequence[Route],
    *,
    backends: Mapping[str, Declaration],
    business_units: Mapping[str, Iterable[str]],
) -> list[Problem]:
    """Return every problem of a table: ties, unknown units, plants and backends, operations that are missing,
    contradictions between capabilities. `business_units` maps each configured unit to its plants."""
    found: list[Problem] = []
    for route in routes:
        found += _scope_problems(route, business_units)
        found += _backend_problems(route, backends)
        found += _stage_problems(route)
    found += _ties(routes)
    found += _dependencies(routes, business_units)
    return found


def _scope_problems(route: Route, business_units: Mapping[str, Iterable[str]]) -> Iterable[Problem]:
    scope, row = route.scope, route.scope.name
    unit_known = scope.business_unit == ANY or scope.business_unit in business_units
    if not unit_known:
        message = f"row {row}: the business unit {scope.business_unit} is not configured"
        yield Problem(reason="UNKNOWN_BUSINESS_UNIT", message=message, row=row)
    units = business_units if scope.business_unit == ANY else [scope.business_unit]
    plants = {plant for unit in units for plant in business_units.get(unit, ())}
    if unit_known and scope.plant != ANY and scope.plant not in plants:
        message = f"row {row}: the plant {scope.plant} is not configured for the business unit"
        yield Problem(reason="UNKNOWN_PLANT", message=message, row=row)
    if scope.product_line != ANY:
        message = f"row {row}: no product lines are configured, so only * can match"
        yield Problem(reason="INVALID_FIELD", message=message, row=row)


def _capabilities(route: Route) -> Iterable[Capability]:
    return list(Capability) if route.scope.capability == ANY else [Capability(route.scope.capability)]


def _backend_problems(route: Route, backends: Mapping[str, Declaration]) -> Iterable[Problem]:
    row = route.scope.name
    for backend in dict.fromkeys((route.legacy_backend, route.cloud_backend)):
        if backend not in backends:
            message = f"row {row}: the backend {backend} is not configured"
            yield Problem(reason="INVALID_FIELD", message=message, row=row)
    for backend, shadowed in _roles(route):
        declaration = backends.get(backend)
        if declaration is None:
            continue
        for capability in _capabilities(route):
            needed = _SHADOWED if shadowed else _NEEDED
            for operation in needed.get(capability, ()):
                if declaration.offers(operation):
                    continue
                use = "the shadow of" if shadowed else "stage"
                message = (
                    f"row {row}: {backend} does not offer {operation} ({declaration.support(operation)}), "
                    f"which {use} {route.stage} needs for {capability}"
                )
                yield Problem(reason="ROUTE_UNSUPPORTED", message=message, row=row)


def _roles(route: Route) -> list[tuple[str, bool]]:
    """Return which backend answers (False) or is only asked as a shadow (True) at the row's stage."""
    legacy, cloud = route.legacy_backend, route.cloud_backend
    match route.stage:
        case Stage.LEGACY:
            return [(legacy, False)]
        case Stage.SHADOW:
            return [(legacy, False), (cloud, True)]
        case Stage.CANARY:
            return [(legacy, False), (cloud, False), (legacy, True), (cloud, True)]
        case Stage.CLOUD_SHADOWED:
            return [(cloud, False), (legacy, True)]
        case Stage.CLOUD:
            return [(cloud, False)]


def _stage_problems(route: Route) -> Iterable[Problem]:
    row = route.scope.name
    if (
        route.stage is Stage.CANARY
        and Capability.ORDERS in _capabilities(route)
        and route.stock_sync is not StockSync.LIVE
    ):
        message = f"row {row}: CANARY for orders needs stock_sync LIVE, or both ERPs promise the same pieces"
        yield Problem(reason="ROUTE_DEPENDENCY", message=message, row=row)
    if route.stage is not Stage.CANARY and route.canary_percent:
        message = f"row {row}: canary_percent is {route.canary_percent} although the stage is {route.stage}"
        yield Problem(reason="INVALID_FIELD", message=message, row=row)


def _ties(routes: Sequence[Route]) -> Iterable[Problem]:
    """Rows of equal rank are exact in the same fields, so they match the same call only if their scopes are equal."""
    seen: set[Scope] = set()
    for position, route in enumerate(routes, start=1):
        if route.scope in seen:
            first = next(i for i, r in enumerate(routes, start=1) if r.scope == route.scope)
            message = f"rows {first} and {position} are of equal rank and match the same calls: {route.scope.name}"
            yield Problem(reason="ROUTE_TIE", message=message, row=route.scope.name)
        seen.add(route.scope)


def _dependencies(routes: Sequence[Route], business_units: Mapping[str, Iterable[str]]) -> Iterable[Problem]:
    """Invoices must not leave the legacy ERP before the orders that they belong to."""
    table = RouteTable(routes, 0)
    for unit, plants in business_units.items():
        for plant in plants:
            try:
                orders = table.route_for(unit, plant, Capability.ORDERS)
                invoices = table.route_for(unit, plant, Capability.INVOICES)
            except NoRoute:
                continue
            if orders.stage is Stage.LEGACY and invoices.stage in (Stage.CLOUD_SHADOWED, Stage.CLOUD):
                message = (
                    f"row {invoices.scope.name} moves the invoices of plant {plant} to {invoices.cloud_backend} "
                    f"while row {orders.scope.name} leaves its orders on {orders.legacy_backend}"
                )
                yield Problem(reason="ROUTE_DEPENDENCY", message=message, row=invoices.scope.name)

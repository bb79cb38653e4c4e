"""Which ERP answers a call, and why: a pure function of the route table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from erp_routing.routes import ANY, Capability, Intake, Route, Stage, StockSync


class NoRoute(Exception):
    """No row matches the call."""

    def __init__(self, business_unit: str, plant: str, capability: Capability) -> None:
        super().__init__(f"no route for business unit {business_unit}, plant {plant}, capability {capability}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Where one call, or some of its lines, goes.

    `backend` answers; `candidate` is asked off the caller's path and compared, if there is one. `reason` says why in
    one sentence.
    """

    backend: str
    candidate: str | None
    reason: str
    route: Route
    route_version: int

    @property
    def shadow_percent(self) -> int:
        return self.route.shadow_percent

    @property
    def intake(self) -> Intake:
        return self.route.intake

    @property
    def stock_sync(self) -> StockSync:
        return self.route.stock_sync


@lru_cache(maxsize=65_536)
def canary_bucket(business_unit: str, plant: str, customer: str) -> int:
    """Return the customer's fixed place among 10,000. Neither capability nor row is in the hash, so that a customer's
    prices, dates and orders land on the same side, and a growing percentage only ever moves customers to the cloud."""
    key = "\x1f".join((business_unit, plant, customer)).encode()
    return int.from_bytes(hashlib.sha256(key).digest()[:8], "big") % 10_000


def on_cloud(route: Route, business_unit: str, plant: str, customer: str) -> bool:
    """Return whether a CANARY row puts this customer on the cloud side."""
    return canary_bucket(business_unit, plant, customer) < route.canary_percent * 100


class RouteTable:
    """All rows at one version, ready to decide. Immutable; a flip makes a new one."""

    def __init__(self, routes: Iterable[Route], version: int) -> None:
        self.version = version
        self.routes: tuple[Route, ...] = tuple(
            sorted(routes, key=lambda r: (*(not exact for exact in r.scope.rank), r.scope.name))
        )
        self._memo: dict[tuple[str, str, Capability], Route | None] = {}
        # By the row itself: two scopes may read the same, since ids of business units and plants may hold dots.
        self._decisions: dict[tuple[int, bool], Decision] = {}

    def matching(self, business_unit: str, plant: str, capability: Capability) -> list[Route]:
        """Return the rows that match, the most specific first."""
        return [r for r in self.routes if r.scope.matches(business_unit, plant, capability)]

    def route_for(self, business_unit: str, plant: str, capability: Capability) -> Route:
        """Return the most specific row that matches; raise NoRoute when there is none."""
        key = (business_unit, plant, capability)
        if key in self._memo:
            route = self._memo[key]
        else:
            route = next(iter(self.matching(*key)), None)
            if len(self._memo) < 100_000:
                self._memo[key] = route
        if route is None:
            raise NoRoute(business_unit, plant, capability)
        return route

    def decide(self, business_unit: str, plant: str, capability: Capability, customer: str) -> Decision:
        """Return the decision for one line of a call; raise NoRoute when no row matches."""
        route = self.route_for(business_unit, plant, capability)
        cloud = route.stage is Stage.CANARY and on_cloud(route, business_unit, plant, customer)
        key = (id(route), cloud)
        decision = self._decisions.get(key)
        if decision is None:
            decision = self._decisions[key] = _decision(route, cloud, self.version)
        return decision

    def backends_for_invoices(self, business_unit: str) -> list[str]:
        """Return every backend that any INVOICES row of the business unit names, whatever its stage."""
        names = {
            backend
            for r in self.routes
            if r.scope.business_unit in (ANY, business_unit) and r.scope.capability in (ANY, Capability.INVOICES)
            for backend in (r.legacy_backend, r.cloud_backend)
        }
        return sorted(names)


def _decision(route: Route, canary_on_cloud: bool, version: int) -> Decision:
    legacy, cloud = route.legacy_backend, route.cloud_backend
    row = f"row {route.scope.name}"
    match route.stage:
        case Stage.LEGACY:
            backend, candidate, why = legacy, None, f"{row} is at stage LEGACY"
        case Stage.SHADOW:
            backend, candidate, why = legacy, cloud, f"{row} is at stage SHADOW: {cloud} is asked and compared"
        case Stage.CANARY if canary_on_cloud:
            why = f"{row} is at stage CANARY and the customer is within its {route.canary_percent} %"
            backend, candidate = cloud, legacy
        case Stage.CANARY:
            why = f"{row} is at stage CANARY and the customer is outside its {route.canary_percent} %"
            backend, candidate = legacy, cloud
        case Stage.CLOUD_SHADOWED:
            why = f"{row} is at stage CLOUD_SHADOWED: {legacy} is asked and compared"
            backend, candidate = cloud, legacy
        case Stage.CLOUD:
            backend, candidate, why = cloud, None, f"{row} is at stage CLOUD"
    return Decision(backend=backend, candidate=candidate, reason=why, route=route, route_version=version)

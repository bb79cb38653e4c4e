"""Rows of the route table as values, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from erp_facade.store.schema import route_state, routes
from erp_routing.decision import RouteTable
from erp_routing.routes import Intake, Route, Scope, Stage, StockSync

_KEY = "erp_facade.route_table"
_VERSION = select(route_state.c.version).where(route_state.c.id == 1)
_ROUTES = select(routes)


def route_to_row(route: Route) -> dict[str, Any]:
    """Return the columns of a route."""
    return {
        "business_unit": route.scope.business_unit,
        "plant": route.scope.plant,
        "product_line": route.scope.product_line,
        "capability": route.scope.capability,
        "stage": route.stage.value,
        "legacy_backend": route.legacy_backend,
        "cloud_backend": route.cloud_backend,
        "canary_percent": route.canary_percent,
        "shadow_percent": route.shadow_percent,
        "intake": route.intake.value,
        "stock_sync": route.stock_sync.value,
        "changed_version": route.changed_version,
    }


def route_from_row(row: Row[Any]) -> Route:
    """Return the route of a row."""
    return Route(
        scope=Scope(
            business_unit=row.business_unit,
            plant=row.plant,
            product_line=row.product_line,
            capability=row.capability,
        ),
        stage=Stage(row.stage),
        legacy_backend=row.legacy_backend,
        cloud_backend=row.cloud_backend,
        canary_percent=row.canary_percent,
        shadow_percent=row.shadow_percent,
        intake=Intake(row.intake),
        stock_sync=StockSync(row.stock_sync),
        changed_version=row.changed_version,
    )


def read_version(connection: Connection) -> int:
    """Return the global route version of this transaction."""
    version: int = connection.execute(_VERSION).scalar_one()
    return version


def read_table(connection: Connection) -> RouteTable:
    """Return the route table of this transaction.

    The rows are read again only when the version differs from the one last seen on this connection. The store forgets
    what a connection has seen whenever a transaction fails, so a version that was never committed is not kept.
    """
    version = read_version(connection)
    table = connection.info.get(_KEY)
    if isinstance(table, RouteTable) and table.version == version:
        return table
    table = RouteTable((route_from_row(row) for row in connection.execute(_ROUTES)), version)
    connection.info[_KEY] = table
    return table

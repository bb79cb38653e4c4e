"""Route rows as values, as messages of the admin contract, and as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import yaml

from erp.admin.v1 import routes_pb2
from erp_facade.api_error import ApiError, Violation, invalid
from erp_routing.routes import ANY, Capability, Intake, Route, Scope, Stage, StockSync

_STOCK_SYNC = {
    StockSync.NONE: routes_pb2.Route.STOCK_NOT_SHARED,
    StockSync.SNAPSHOT: routes_pb2.Route.SNAPSHOT,
    StockSync.LIVE: routes_pb2.Route.LIVE,
}
_YAML_KEYS = frozenset(
    {
        "business_unit",
        "plant",
        "product_line",
        "capability",
        "stage",
        "legacy_backend",
        "cloud_backend",
        "canary_percent",
        "shadow_percent",
        "intake",
        "stock_sync",
    }
)


def to_message(route: Route) -> routes_pb2.Route:
    """Return the row as the admin contract shows it."""
    scope = route.scope
    capability = 0 if scope.capability == ANY else routes_pb2.Capability.Value(scope.capability)
    return routes_pb2.Route(
        name=f"routes/{scope.name}",
        business_unit=scope.business_unit,
        plant=scope.plant,
        product_line=scope.product_line,
        capability=capability,  # type: ignore[arg-type]
        stage=routes_pb2.Stage.Value(route.stage),
        legacy_backend=route.legacy_backend,
        cloud_backend=route.cloud_backend,
        canary_percent=route.canary_percent,
        shadow_percent=route.shadow_percent,
        intake=routes_pb2.Route.Intake.Value(route.intake),
        stock_sync=_STOCK_SYNC[route.stock_sync],
        changed_version=route.changed_version,
    )


def from_message(message: routes_pb2.Route) -> Route:
    """Return the row of a validated message."""
    capability = ANY if message.capability == 0 else Capability(routes_pb2.Capability.Name(message.capability))
    stock_sync = next((s for s, value in _STOCK_SYNC.items() if value == message.stock_sync), StockSync.NONE)
    intake = Intake.OPEN if message.intake == 0 else Intake(routes_pb2.Route.Intake.Name(message.intake))
    return Route(
        scope=Scope(
            business_unit=message.business_unit,
            plant=message.plant,
            product_line=message.product_line or ANY,
            capability=capability,
        ),
        stage=Stage(routes_pb2.Stage.Name(message.stage)),
        legacy_backend=message.legacy_backend,
        cloud_backend=message.cloud_backend,
        canary_percent=message.canary_percent,
        shadow_percent=message.shadow_percent if message.HasField("shadow_percent") else 100,
        intake=intake,
        stock_sync=stock_sync,
    )


def capability_of(value: int) -> Capability:
    """Return the capability of a message's number; raise INVALID_ARGUMENT for the unspecified one."""
    if value == 0:
        raise invalid([Violation(field="capability", description="is required")])
    return Capability(routes_pb2.Capability.Name(value))  # type: ignore[arg-type]


def read_route_file(path: Path) -> list[Route]:
    """Read route rows from YAML: a list under the key `routes`. Every problem is named with its row."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable([f"{path} cannot be read: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _unusable([f"{path} is not YAML: {error}"]) from error
    rows = content.get("routes") if isinstance(content, Mapping) else None
    if not isinstance(rows, list) or not rows:
        raise _unusable([f"{path} must hold a list of rows under the key routes"])
    routes: list[Route] = []
    problems: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            routes.append(_from_yaml(row))
        except ValueError as error:
            problems.append(f"{path.name}, row {number}: {error}")
    if problems:
        raise _unusable(problems)
    return routes


def _unusable(problems: list[str]) -> ApiError:
    violations = [Violation(field="routes", description=p) for p in problems]
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "; ".join(problems), violations=violations)


def _from_yaml(row: Any) -> Route:
    if not isinstance(row, Mapping):
        raise ValueError("must be a mapping")
    unknown = sorted(set(map(str, row)) - _YAML_KEYS)
    if unknown:
        raise ValueError(f"unknown keys {', '.join(unknown)}; there are {', '.join(sorted(_YAML_KEYS))}")
    missing = sorted({"stage", "legacy_backend", "cloud_backend"} - set(row))
    if missing:
        raise ValueError(f"missing keys {', '.join(missing)}")
    capability = str(row.get("capability", ANY))
    if capability != ANY:
        capability = _member(Capability, capability, "capability")
    return Route(
        scope=Scope(
            business_unit=str(row.get("business_unit", ANY)),
            plant=str(row.get("plant", ANY)),
            product_line=str(row.get("product_line", ANY)),
            capability=capability,
        ),
        stage=Stage(_member(Stage, row["stage"], "stage")),
        legacy_backend=str(row["legacy_backend"]),
        cloud_backend=str(row["cloud_backend"]),
        canary_percent=_percent(row.get("canary_percent", 0), "canary_percent"),
        shadow_percent=_percent(row.get("shadow_percent", 100), "shadow_percent"),
        intake=Intake(_member(Intake, row.get("intake", "OPEN"), "intake")),
        stock_sync=StockSync(_member(StockSync, row.get("stock_sync", "NONE"), "stock_sync")),
    )


def _member(kind: type[Capability] | type[Stage] | type[Intake] | type[StockSync], value: Any, key: str) -> str:
    name = str(value).upper()
    if name not in kind.__members__:
        raise ValueError(f"{key} is {value}; it must be one of {', '.join(kind.__members__)}")
    return name


def _percent(value: Any, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise ValueError(f"{key} is {value}; it must be a whole number from 0 to 100")
    return value

"""The route table in the store: read, changed under its version, explained.

A flip is one transaction with version, person and reason. Writes claim under the same serial order, so each claim is
wholly before or wholly after a flip.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import grpc
from sqlalchemy import Connection, delete, insert, select, update

from erp_facade.api_error import ApiError, Violation
from erp_facade.site import Now, utc_now
from erp_facade.store import Store
from erp_facade.store.journal import audited
from erp_facade.store.route_rows import read_table, route_to_row
from erp_facade.store.schema import route_changes, route_state, routes
from erp_facade.store.times import to_text
from erp_ports.operations import Declaration
from erp_routing.decision import RouteTable
from erp_routing.routes import Intake, Route, Scope, Stage, StockSync
from erp_routing.rules import problems

Difference = tuple[Route | None, Route | None]


def differences(before: Iterable[Route], after: Iterable[Route]) -> list[Difference]:
    """Return the rows that differ between two tables, apart from the version that last changed them."""
    old = {r.scope: r for r in before}
    new = {r.scope: r for r in after}
    found: list[Difference] = []
    for scope in sorted({*old, *new}, key=lambda s: s.name):
        a, b = old.get(scope), new.get(scope)
        if a is None or b is None or replace(a, changed_version=0) != replace(b, changed_version=0):
            found.append((a, b))
    return found


class Routes:
    """The route table of this process: `current` decides reads at once; every change goes through the store."""

    def __init__(
        self,
        store: Store,
        *,
        backends: Mapping[str, Declaration],
        business_units: Mapping[str, Iterable[str]],
        now: Now = utc_now,
        on_change: Callable[[RouteTable], None] = lambda table: None,
    ) -> None:
        self._store = store
        self._backends = backends
        self._business_units = business_units
        self._now = now
        self._on_change = on_change
        self.current = RouteTable([], 0)

    async def load(self, initial: Sequence[Route]) -> None:
        """Read the table; a store without rows takes the initial ones as its first version."""
        table = await self._store.read(read_table)
        if not table.routes and initial:
            self.refuse(initial)
            await self.change(initial, expected=0, person="facade", reason="first start", validate_only=False)
        else:
            self._use(table)

    def refuse(self, rows: Sequence[Route]) -> None:
        """Raise an ApiError that names every problem of a table."""
        found = problems(rows, backends=self._backends, business_units=self._business_units)
        if not found:
            return
        reasons = {p.reason for p in found}
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT if "INVALID_FIELD" in reasons else grpc.StatusCode.FAILED_PRECONDITION,
            found[0].reason,
            found[0].message + (f" (and {len(found) - 1} more)" if len(found) > 1 else ""),
            violations=[Violation(field=f"routes[{p.row}]", description=p.message, reason=p.reason) for p in found],
        )

    async def set(
        self, route: Route, *, expected: int, person: str, reason: str, validate_only: bool
    ) -> tuple[list[Difference], int]:
        """Replace or add one row."""

        def rows(before: RouteTable) -> list[Route]:
            return [*(r for r in before.routes if r.scope != route.scope), route]

        return await self._change(rows, expected=expected, person=person, reason=reason, validate_only=validate_only)

    async def change(
        self, rows: Sequence[Route], *, expected: int, person: str, reason: str, validate_only: bool
    ) -> tuple[list[Difference], int]:
        """Replace the whole table."""
        self.refuse(rows)
        return await self._change(
            lambda _: list(rows), expected=expected, person=person, reason=reason, validate_only=validate_only
        )

    async def _change(
        self,
        rows: Callable[[RouteTable], list[Route]],
        *,
        expected: int,
        person: str,
        reason: str,
        validate_only: bool,
    ) -> tuple[list[Difference], int]:
        def work(connection: Connection) -> tuple[list[Difference], RouteTable]:
            before = read_table(connection)
            if expected and expected != before.version:
                raise _moved_on(expected, before.version)
            after = rows(before)
            self.refuse(after)
            found = differences(before.routes, after)
            if validate_only or not found:
                return found, before
            version = before.version + 1
            self._write(connection, found, version, person, reason)
            return [(a, b and replace(b, changed_version=version)) for a, b in found], read_table(connection)

        if validate_only:
            found, table = await self._store.read(work)
        else:
            found, table = await self._store.write(work)
            self._use(table)
        return found, table.version

    def _use(self, table: RouteTable) -> None:
        if table.version >= self.current.version:
            self.current = table
            self._on_change(table)

    def _write(self, connection: Connection, found: list[Difference], version: int, person: str, reason: str) -> None:
        for before, after in found:
            gone = (after or before).scope  # type: ignore[union-attr]
            connection.execute(delete(routes).where(*(getattr(routes.c, k) == v for k, v in asdict(gone).items())))
            if after is not None:
                connection.execute(insert(routes).values(route_to_row(replace(after, changed_version=version))))
        connection.execute(update(route_state).values(version=version))
        time = to_text(self._now())
        rows = [[a and route_to_row(a), b and route_to_row(b)] for a, b in found]
        connection.execute(
            insert(route_changes).values(
                version=version, time=time, person=person, reason=reason, differences=json.dumps(rows)
            )
        )
        audited(
            connection,
            time=time,
            actor=person,
            action="routes.changed",
            subject=f"routes/{version}",
            reason=reason,
            before={"routes": [before for before, _ in rows]},
            after={"routes": [after for _, after in rows]},
        )

    async def changes(self, *, before: int | None, limit: int) -> list[dict[str, Any]]:
        """Return changes, newest first, starting below the version `before`."""

        def work(connection: Connection) -> list[dict[str, Any]]:
            query = select(route_changes).order_by(route_changes.c.version.desc()).limit(limit)
            if before is not None:
                query = query.where(route_changes.c.version < before)
            return [dict(r) for r in connection.execute(query).mappings()]

        return await self._store.read(work)


def change_differences(row: Mapping[str, Any]) -> list[Difference]:
    """Return the rows of a stored change as values."""
    return [(a and _from_json(a), b and _from_json(b)) for a, b in json.loads(row["differences"])]


def _from_json(row: Mapping[str, Any]) -> Route:
    return Route(
        scope=Scope(**{k: row[k] for k in ("business_unit", "plant", "product_line", "capability")}),
        stage=Stage(row["stage"]),
        legacy_backend=row["legacy_backend"],
        cloud_backend=row["cloud_backend"],
        canary_percent=row["canary_percent"],
        shadow_percent=row["shadow_percent"],
        intake=Intake(row["intake"]),
        stock_sync=StockSync(row["stock_sync"]),
        changed_version=row["changed_version"],
    )


def _moved_on(expected: int, version: int) -> ApiError:
    return ApiError(
        grpc.StatusCode.ABORTED,
        "ROUTE_VERSION_CONFLICT",
        f"the route table is at version {version}, you saw {expected}: read it again",
        metadata={"route_version": str(version)},
    )

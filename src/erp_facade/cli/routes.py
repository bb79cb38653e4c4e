"""`erp-facade routes`: which ERP answers, and how it is changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from erp.admin.v1 import routes_pb2, routes_pb2_grpc
from erp_facade.api_error import ApiError
from erp_facade.cli.client import EXIT_REFUSED, Json, Server, connection
from erp_facade.cli.output import complain, console, print_json, print_table
from erp_facade.route_messages import read_route_file, to_message

app = typer.Typer(help="Which ERP answers, per business unit, plant and capability.", no_args_is_help=True)

DEFAULT_SERVER = "127.0.0.1:50051"
_ALL = "CAPABILITY_UNSPECIFIED"
_COLUMNS = ("unit", "plant", "capability", "stage", "backends", "intake", "stock", "since")


def _capability(value: int) -> str:
    return "*" if value == 0 else routes_pb2.Capability.Name(value)  # type: ignore[arg-type]


def _cells(r: routes_pb2.Route) -> tuple[object, ...]:
    return (
        r.business_unit,
        r.plant,
        _capability(r.capability),
        f"{routes_pb2.Stage.Name(r.stage)}{f' {r.canary_percent} %' if r.canary_percent else ''}",
        f"{r.legacy_backend} → {r.cloud_backend}",
        routes_pb2.Route.Intake.Name(r.intake),
        routes_pb2.Route.StockSync.Name(r.stock_sync).lower(),
        f"v{r.changed_version}",
    )


@app.command("list")
def list_routes(server: Server = DEFAULT_SERVER, as_json: Json = False) -> None:
    """Show the route table, the most specific row first."""
    with connection(server) as channel:
        answer = routes_pb2_grpc.RouteServiceStub(channel).ListRoutes(routes_pb2.ListRoutesRequest(), timeout=30)
    if as_json:
        print_json(answer)
        return
    print_table(f"Routes, version {answer.route_version}", _COLUMNS, [_cells(r) for r in answer.routes])


@app.command()
def explain(
    business_unit: Annotated[str, typer.Argument(help="Business unit of the call.")],
    plant: Annotated[str, typer.Argument(help="Plant of the line.")],
    capability: Annotated[str, typer.Argument(help="PRICING, AVAILABILITY, ORDERS or INVOICES.")],
    customer: Annotated[str, typer.Option(help="Customer, which decides the side at stage CANARY.")] = "",
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Say which row decides a call, which backend answers, and why."""
    request = routes_pb2.ExplainRouteRequest(
        business_unit=business_unit, plant=plant, capability=_enum(routes_pb2.Capability, capability, "capability"),
        customer=customer,
    )  # fmt: skip
    with connection(server) as channel:
        answer = routes_pb2_grpc.RouteServiceStub(channel).ExplainRoute(request, timeout=30)
    if as_json:
        print_json(answer)
        return
    console.print(f"{answer.backend} answers: {answer.reason} (route version {answer.route_version}).", markup=False)
    if answer.candidate:
        console.print(f"{answer.candidate} is asked too, and compared.", markup=False)
    if answer.overruled:
        print_table("Overruled rows", _COLUMNS, [_cells(r) for r in answer.overruled])


@app.command("set")
def set_route(
    business_unit: Annotated[str, typer.Argument(help="Business unit, or '*'.")],
    plant: Annotated[str, typer.Argument(help="Plant, or '*'.")],
    capability: Annotated[str, typer.Argument(help="PRICING, AVAILABILITY, ORDERS, INVOICES, or '*'.")],
    stage: Annotated[str, typer.Argument(help="LEGACY, SHADOW, CANARY, CLOUD_SHADOWED or CLOUD.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever.")],
    legacy: Annotated[str, typer.Option(help="Backend on the legacy side.")] = "legacy",
    cloud: Annotated[str, typer.Option(help="Backend on the cloud side.")] = "cloud",
    canary_percent: Annotated[int, typer.Option(help="Share of customers on the cloud side at CANARY.")] = 0,
    shadow_percent: Annotated[int, typer.Option(help="Share of calls that are shadowed.")] = 100,
    intake: Annotated[str, typer.Option(help="OPEN, DRAINING or PAUSED.")] = "OPEN",
    stock_sync: Annotated[str, typer.Option(help="NONE, SNAPSHOT or LIVE.")] = "LIVE",
    version: Annotated[int, typer.Option(help="Table version that you saw; refused if it moved on.")] = 0,
    person: Annotated[str, typer.Option(help="On whose behalf.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only; change nothing.")] = False,
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Set one row. It takes effect for the next call; orders on their way keep their target."""
    sync = {"NONE": "STOCK_NOT_SHARED"}.get(stock_sync.upper(), stock_sync)
    route = routes_pb2.Route(
        business_unit=business_unit,
        plant=plant,
        product_line="*",
        capability=_enum(routes_pb2.Capability, _ALL if capability == "*" else capability, "capability"),
        stage=_enum(routes_pb2.Stage, stage, "stage"),
        legacy_backend=legacy,
        cloud_backend=cloud,
        canary_percent=canary_percent,
        shadow_percent=shadow_percent,
        intake=_enum(routes_pb2.Route.Intake, intake, "intake"),
        stock_sync=_enum(routes_pb2.Route.StockSync, sync, "stock sync"),
    )
    request = routes_pb2.SetRouteRequest(
        route=route, route_version=version, reason=reason, person=person, validate_only=dry_run
    )
    with connection(server) as channel:
        answer = routes_pb2_grpc.RouteServiceStub(channel).SetRoute(request, timeout=30)
    if as_json:
        print_json(answer)
        return
    before = routes_pb2.Stage.Name(answer.previous.stage) if answer.HasField("previous") else "no row"
    verb = "would go" if dry_run else "went"
    scope = answer.route.name.removeprefix("routes/")
    console.print(
        f"{scope} {verb} from {before} to {stage.upper()}, route version {answer.route_version}.", markup=False
    )
    counts = answer.open_orders
    console.print(
        f"Orders on their way keep their target: {counts.accepted} accepted, {counts.dispatching} dispatching, "
        f"{counts.handed_over} handed over, {counts.in_doubt} in doubt, {counts.review} in review, "
        f"{counts.held} held.",
        markup=False,
    )


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(help="YAML file with all rows under the key `routes`.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever.")],
    version: Annotated[int, typer.Option(help="Table version that you saw; refused if it moved on.")] = 0,
    person: Annotated[str, typer.Option(help="On whose behalf.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")] = False,
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Replace the whole table by the rows of a file, in one change."""
    try:
        rows = read_route_file(file)
    except ApiError as error:
        for violation in error.violations:
            complain(violation.description)
        raise typer.Exit(EXIT_REFUSED) from error
    request = routes_pb2.ApplyRoutesRequest(
        routes=[to_message(r) for r in rows], route_version=version, reason=reason, person=person, validate_only=dry_run
    )
    with connection(server) as channel:
        answer = routes_pb2_grpc.RouteServiceStub(channel).ApplyRoutes(request, timeout=30)
    if as_json:
        print_json(answer)
        return
    print_differences(answer.differences)
    console.print(f"Route version {answer.route_version}{', nothing was changed' if dry_run else ''}.", markup=False)


@app.command()
def history(
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many changes.")] = 20,
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Show who changed the table when and why, newest first."""
    request = routes_pb2.ListRouteChangesRequest(page_size=limit)
    with connection(server) as channel:
        answer = routes_pb2_grpc.RouteServiceStub(channel).ListRouteChanges(request, timeout=30)
    if as_json:
        print_json(answer)
        return
    for change in answer.changes:
        when = change.change_time.ToDatetime().isoformat(sep=" ", timespec="seconds")
        console.print(f"version {change.route_version}  {when}  {change.person}: {change.reason}", markup=False)
        print_differences(change.differences)


def print_differences(differences: object) -> None:
    """Print one line for each row that differs."""
    for d in differences:  # type: ignore[attr-defined]
        row = (d.route if d.HasField("route") else d.previous).name.removeprefix("routes/")
        before = routes_pb2.Stage.Name(d.previous.stage) if d.HasField("previous") else "no row"
        after = routes_pb2.Stage.Name(d.route.stage) if d.HasField("route") else "removed"
        console.print(f"  {row}: {before} → {after}", markup=False)


def _enum(kind: Any, name: str, what: str) -> Any:
    """Return an enum's number by its name; end with exit code 2 and the names that exist."""
    values: dict[str, int] = dict(kind.items())
    value = values.get(name.upper())
    if value is None:
        known = ", ".join(n for n, v in values.items() if v)
        raise typer.BadParameter(f"{what} is {name}; it must be one of {known}")
    return value

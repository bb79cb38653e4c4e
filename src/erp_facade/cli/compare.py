"""`erp-facade compare`: what the dual run found."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from erp.admin.v1 import comparisons_pb2, comparisons_pb2_grpc, routes_pb2
from erp_facade.cli.client import Json, Server, connection
from erp_facade.cli.output import console, print_json, print_table, say
from erp_facade.cli.routes import DEFAULT_SERVER, _enum

app = typer.Typer(help="How well the answers of the two ERPs agree.", no_args_is_help=True)


@app.command()
def report(
    business_unit: Annotated[str, typer.Option(help="Only this business unit.")] = "",
    plant: Annotated[str, typer.Option(help="Only this plant.")] = "",
    capability: Annotated[str, typer.Option(help="Only this capability.")] = "",
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Show match rates and coverage by scope, and the fields that differ with a sample each."""
    request = comparisons_pb2.SummarizeObservationsRequest(
        business_unit=business_unit, plant=plant,
        capability=_enum(routes_pb2.Capability, capability or "CAPABILITY_UNSPECIFIED", "capability"),
    )  # fmt: skip
    with connection(server) as channel:
        stub = comparisons_pb2_grpc.ComparisonServiceStub(channel)
        answer = stub.SummarizeObservations(request, timeout=60)
    if as_json:
        print_json(answer)
        return
    print_summary(answer)


def print_summary(answer: comparisons_pb2.SummarizeObservationsResponse) -> None:
    """Print a summary as two tables."""
    if not answer.scopes:
        console.print("Nothing was compared yet: set a route to SHADOW, CANARY or CLOUD_SHADOWED.")
        return
    print_table(
        "Agreement by scope",
        ("scope", "seen", "compared", "match rate", "classes"),
        [
            (
                f"{s.business_unit} {' '.join(s.plants)} {routes_pb2.Capability.Name(s.capability)}",
                s.seen,
                s.compared,
                _percent(s.match_rate),
                ", ".join(f"{class_name(c.comparison_class)} {c.count}" for c in s.classes) + _left_out(s),
            )
            for s in answer.scopes
        ],
    )
    if answer.fields:
        console.print("[bold]Fields that differ[/bold] or that only one side states, each with its newest sample")
        say("(`compare show ID` tells the rest)")
    for f in answer.fields:
        what = f"{routes_pb2.Capability.Name(f.capability)} {f.path}: {class_name(f.comparison_class)}"
        sample = f"{f.sample.control_value or 'nothing'} / {f.sample.candidate_value or 'nothing'}"
        identity = f.sample_observation.removeprefix("observations/")
        calls = "1 call" if f.count == 1 else f"{f.count} calls"
        say(f"  {what} in {calls}\n      control / candidate: {sample}  ({identity})")


def _percent(rate: str) -> str:
    """Return a decimal fraction as a percentage: `0.9687` → `96.87 %`."""
    return f"{Decimal(rate) * 100:.2f} %" if rate else "–"


def _left_out(scope: comparisons_pb2.ScopeSummary) -> str:
    """Return what was not compared and why, where anything was."""
    counts = (
        ("pending", scope.pending),
        ("unsampled", scope.unsampled),
        ("skipped", scope.skipped),
        ("shed", scope.shed),
    )
    told = ", ".join(f"{name} {count}" for name, count in counts if count)
    return f"; {told}" if told else ""


@app.command()
def show(
    observation: Annotated[str, typer.Argument(help="Observation, as `compare report` names it.")],
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Show one compared call: the request, both answers, and what differs."""
    name = observation if observation.startswith("observations/") else f"observations/{observation}"
    with connection(server) as channel:
        stub = comparisons_pb2_grpc.ComparisonServiceStub(channel)
        answer = stub.GetObservation(comparisons_pb2.GetObservationRequest(name=name), timeout=30)
    if as_json:
        print_json(answer)
        return
    console.print(
        f"{answer.operation} for {answer.business_unit} {' '.join(answer.plants)} at "
        f"{answer.observe_time.ToDatetime().isoformat(sep=' ', timespec='seconds')} UTC: "
        f"{class_name(answer.comparison_class)}{f' ({answer.reason})' if answer.reason else ''}",
        markup=False,
    )
    console.print(
        f"control {answer.control} took {answer.control_latency.ToMilliseconds()} ms, candidate {answer.candidate} "
        f"took {answer.candidate_latency.ToMilliseconds()} ms; correlation id {answer.correlation_id}",
        markup=False,
    )
    if answer.differences:
        print_table(
            "Differences",
            ("field", "control", "candidate", "class", "severity", "rule"),
            [
                (
                    d.path,
                    d.control_value,
                    d.candidate_value,
                    class_name(d.comparison_class),
                    comparisons_pb2.Severity.Name(d.severity),
                    d.rule,
                )
                for d in answer.differences
            ],
        )
    for title, text in (
        ("request", answer.request_json),
        (f"control {answer.control}", answer.control_json),
        (f"candidate {answer.candidate}", answer.candidate_json),
    ):
        console.rule(title)
        if text:
            console.print_json(text)
        else:
            console.print("nothing stored")


def class_name(value: int) -> str:
    """Return a comparison class by its name."""
    return comparisons_pb2.ComparisonClass.Name(value)  # type: ignore[arg-type]

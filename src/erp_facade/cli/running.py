"""`erp-facade serve`, `demo`, `bench` and `openapi`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from erp_facade.cli.client import Json
from erp_facade.cli.output import complain, print_json
from erp_facade.settings import SettingsError, load_settings

EXIT_SETTINGS = 4


def serve(
    config: Annotated[Path, typer.Option(envvar="ERP_FACADE_CONFIG", help="The configuration file.")],
    check: Annotated[bool, typer.Option("--check", help="Check the configuration and end.")] = False,
) -> None:
    """Run the facade until it is told to stop (SIGINT or SIGTERM)."""
    from erp_facade.app import check_settings, run

    try:
        settings = load_settings(config)
        if check:
            check_settings(settings)
            complain(f"{config} can be used")
            return
        run(settings)
    except SettingsError as error:
        for problem in error.problems:
            complain(problem)
        raise typer.Exit(EXIT_SETTINGS) from error


def demo(
    data: Annotated[Path | None, typer.Option(help="Folder of CSV files in the documented format.")] = None,
    divergences: Annotated[Path | None, typer.Option(help="CSV file of seeded divergences.")] = None,
    exit_after: Annotated[bool, typer.Option("--exit", help="End after the summary.")] = False,
    as_json: Json = False,
    today: Annotated[str | None, typer.Option(help="The day of the run, YYYY-MM-DD.", hidden=True)] = None,
) -> None:
    """Start two stand-in ERPs and the facade, send real order traffic, and move every plant to the cloud ERP."""
    from erp_facade.demo import run_demo

    day = date.fromisoformat(today) if today else None
    raise typer.Exit(run_demo(data=data, divergences=divergences, exit_after=exit_after, as_json=as_json, today=day))


def bench(
    as_json: Json = False,
    rounds: Annotated[int, typer.Option(min=7, help="Interleaved rounds.")] = 7,
    seconds: Annotated[float, typer.Option(min=0.2, help="Length of one measurement.")] = 1.0,
    only: Annotated[str, typer.Option(help="Only the benchmarks whose name contains this.")] = "",
) -> None:
    """Measure the facade side by side with bare alternatives and print ratios."""
    from erp_facade.bench import run_bench

    run_bench(as_json=as_json, rounds=rounds, seconds=seconds, only=only)


def openapi() -> None:
    """Print the OpenAPI document of the REST surface."""
    from erp_facade.methods import SERVICES
    from erp_facade.rest.openapi import document

    print_json(document(SERVICES))

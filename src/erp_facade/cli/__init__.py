"""The command line: `erp-facade`.

Exit codes: 0 done; 1 the server refused or failed; 2 the command line is wrong; 3 the server cannot be reached;
4 the configuration cannot be used; 5 a check found something wrong.
"""

from __future__ import annotations

import typer

from erp_facade.cli import backends, compare, orders, routes, running

app = typer.Typer(
    name="erp-facade",
    help="One stable contract in front of a legacy and a cloud ERP, while plants move from the one to the other.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(routes.app, name="routes")
app.add_typer(compare.app, name="compare")
app.add_typer(orders.app, name="orders")
app.add_typer(backends.app, name="backends")
app.command("serve")(running.serve)
app.command("demo")(running.demo)
app.command("bench")(running.bench)
app.command("openapi")(running.openapi)


def main() -> None:
    """Run the command line."""
    app()

"""`erp-facade backends`: the configured ERPs."""

from __future__ import annotations

from typing import Annotated

import typer

from erp.admin.v1 import backends_pb2, backends_pb2_grpc
from erp_facade.cli.client import Json, Server, connection
from erp_facade.cli.output import console, print_json, print_table
from erp_facade.cli.routes import DEFAULT_SERVER

app = typer.Typer(help="The configured ERPs and what their adapters can do.", no_args_is_help=True)

EXIT_CHECK = 5


@app.command("list")
def list_backends(server: Server = DEFAULT_SERVER, as_json: Json = False) -> None:
    """List the backends with their operations and what is proven about their writes."""
    with connection(server) as channel:
        stub = backends_pb2_grpc.BackendServiceStub(channel)
        answer = stub.ListBackends(backends_pb2.ListBackendsRequest(), timeout=30)
    if as_json:
        print_json(answer)
        return
    for backend in answer.backends:
        facts = backend.write_facts
        print_table(
            f"{backend.name.removeprefix('backends/')} ({backend.adapter})",
            ("operation", "effect", "support"),
            [
                (o.operation, o.effect, backends_pb2.BackendOperation.Support.Name(o.support))
                for o in backend.operations
            ],
        )
        console.print(
            f"  a repeated reference cannot book twice: {facts.unique_reference or 'not proven'}", markup=False
        )
        console.print(f"  a look-up sees every booking: {facts.consistent_lookup or 'not proven'}", markup=False)
        console.print(
            f"  a request is executed within a bound: {facts.bounded_execution or 'not proven'}", markup=False
        )


@app.command()
def check(
    backend: Annotated[str, typer.Argument(help="Backend; all when absent.")] = "",
    server: Server = DEFAULT_SERVER,
    as_json: Json = False,
) -> None:
    """Ask backends whether they answer, with both credentials. Exit code 5 when one does not."""
    with connection(server) as channel:
        stub = backends_pb2_grpc.BackendServiceStub(channel)
        names = [f"backends/{backend}"] if backend else []
        if not names:
            names = [b.name for b in stub.ListBackends(backends_pb2.ListBackendsRequest(), timeout=30).backends]
        answers = {n: stub.CheckBackend(backends_pb2.CheckBackendRequest(name=n), timeout=60) for n in names}
    rows = [(n.removeprefix("backends/"), c) for n, a in answers.items() for c in a.checks]
    if as_json:
        print_json(
            [
                {"backend": n, "subject": c.subject, "ok": c.ok, "message": c.message, "ms": c.latency.ToMilliseconds()}
                for n, c in rows
            ]
        )
    else:
        print_table(
            "Checks",
            ("backend", "subject", "", "message", "ms"),
            [(n, c.subject, "ok" if c.ok else "FAILED", c.message, c.latency.ToMilliseconds()) for n, c in rows],
        )
    if not all(c.ok for _, c in rows):
        raise typer.Exit(EXIT_CHECK)

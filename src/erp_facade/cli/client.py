"""The connection of a command to a running facade, and how its errors are told."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import grpc
import typer
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from erp_facade.cli.output import complain

EXIT_REFUSED, EXIT_UNREACHABLE = 1, 3

Server = Annotated[
    str,
    typer.Option("--server", envvar="ERP_FACADE_SERVER", help="host:port of the facade's gRPC listener."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]

_SECONDS = 30.0


class WithToken(grpc.UnaryUnaryClientInterceptor):
    """Sends the bearer token of the environment variable ERP_FACADE_TOKEN with every call, and sets a deadline."""

    def __init__(self, token: str) -> None:
        self._token = token

    def intercept_unary_unary(self, continuation, details, request):  # type: ignore[no-untyped-def]
        metadata = [*(details.metadata or ()), ("authorization", f"Bearer {self._token}")]
        return continuation(details._replace(metadata=metadata), request)


@contextmanager
def connection(server: str) -> Iterator[grpc.Channel]:
    """Give a channel to the facade; turn its errors into words and an exit code."""
    channel = grpc.insecure_channel(server, options=[("grpc.enable_retries", 0)])
    token = os.environ.get("ERP_FACADE_TOKEN")
    used = grpc.intercept_channel(channel, WithToken(token)) if token else channel
    try:
        yield used
    except grpc.RpcError as error:
        tell(error, server)
        unreachable = error.code() is grpc.StatusCode.UNAVAILABLE and rpc_status.from_call(error) is None
        raise typer.Exit(EXIT_UNREACHABLE if unreachable else EXIT_REFUSED) from error
    finally:
        channel.close()


def tell(error: grpc.RpcError, server: str) -> None:
    """Print an error of the facade in words: what, every violation, and when to try again."""
    status = rpc_status.from_call(error)
    if status is None:
        if error.code() is grpc.StatusCode.UNAVAILABLE:
            complain(f"no facade answers at {server}; start one with `erp-facade serve --config FILE`")
        else:
            complain(f"{error.code().name}: {error.details()}")
        return
    complain(status.message)
    for violation in _violations(status.details):
        complain(f"  - {violation.field}: {violation.description}")


def _violations(details: Sequence[object]) -> Iterator[error_details_pb2.BadRequest.FieldViolation]:
    for detail in details:
        bad = error_details_pb2.BadRequest()
        if detail.Is(bad.DESCRIPTOR):  # type: ignore[attr-defined]
            detail.Unpack(bad)  # type: ignore[attr-defined]
            if len(bad.field_violations) > 1:
                yield from bad.field_violations

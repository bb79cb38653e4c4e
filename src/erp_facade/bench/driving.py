"""One measurement: a load generator drives one server, and both say what it cost them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from erp_facade.bench.child import Child
from erp_facade.bench.configuration import TOKEN

_MARGIN_SECONDS = 20.0


def grpc_load(request: Message) -> Child:
    """Return the process, not yet started, that sends this request over gRPC."""
    return Child("grpc_load", {"body": base64.b64encode(request.SerializeToString()).decode(), "token": TOKEN})


def http_load(path: str, body: bytes) -> Child:
    """Return the process, not yet started, that posts this body."""
    return Child("http_load", {"path": path, "body": base64.b64encode(body).decode(), "token": TOKEN})


def grpc_target(server: Child) -> str:
    return f"127.0.0.1:{server.ready['grpc']}"


async def answer_of(load: Child, **target: Any) -> bytes:
    """Return the answer to a single call."""
    return base64.b64decode((await load.ask("once", **target))["answer"])


async def drive(load: Child, server: Child, do: str, seconds: float, **arguments: Any) -> Mapping[str, float]:
    """Put load on a server for `seconds` and return the figures, the server's processor time per call included."""
    before = await server.cpu_seconds()
    figures: dict[str, float] = await load.ask(do, longest=seconds + _MARGIN_SECONDS, seconds=seconds, **arguments)
    used = await server.cpu_seconds() - before
    figures["server_cpu_us_per_call"] = used / figures["calls"] * 1e6
    figures["server_cpu_share"] = used / figures["seconds"]
    return figures

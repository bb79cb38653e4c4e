"""The REST client that Google's generator makes of the contract works against our server unchanged.

Needs `gapic-generator` and `pypandoc_binary`, in this environment or in the one whose interpreter
`ERP_FACADE_REFEREE_PYTHON` names; they are kept apart because the generator pins what it needs.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from erp.v1 import orders_pb2, pricing_pb2
from erp_facade.api_error import ApiError
from erp_facade.call_meta import CallMeta

PYTHON = Path(os.environ.get("ERP_FACADE_REFEREE_PYTHON", sys.executable))
PLUGIN = PYTHON.parent / "protoc-gen-python_gapic"

pytestmark = [
    pytest.mark.needs_system,
    pytest.mark.skipif(
        not PLUGIN.exists(), reason="gapic-generator is not installed (ERP_FACADE_REFEREE_PYTHON can name where it is)"
    ),
]


def load_tool(repository: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, repository / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def client(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the client generated from the business contract."""
    stubs = load_tool(repository, "generate_stubs")
    folder = tmp_path_factory.mktemp("client")
    image = folder / "contract.binpb"
    image.write_bytes(stubs.without_validate(stubs.compile_contract(folder)).SerializeToString())
    settings = "transport=rest,rest-numeric-enums,autogen-snippets=False"
    names = "python-gapic-name=erp,python-gapic-namespace=referee"
    subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", f"--descriptor_set_in={image}",
            f"--plugin=protoc-gen-python_gapic={PLUGIN}", f"--python_gapic_out={folder}",
            f"--python_gapic_opt={settings},{names}", *(f for f in stubs.proto_files() if f.startswith("erp/v1/")),
        ],
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": f"{PLUGIN.parent}:{os.environ['PATH']}"},
    )  # fmt: skip
    return folder


async def answer(meta: CallMeta, request: Message) -> Message:
    """Answer as the facade would."""
    match request:
        case orders_pb2.CreateOrderRequest():
            order = orders_pb2.Order(name=f"{request.parent}/orders/1", submission_state="ACCEPTED")
            order.create_time.FromJsonString("2026-03-31T08:00:01.250Z")
            return order
        case pricing_pb2.CalculatePricesRequest():
            response = pricing_pb2.CalculatePricesResponse(lines=[pricing_pb2.PricedLine(line_id="1")])
            response.net_amount.units, response.net_amount.nanos = 2**53 + 1, 990_000_000
            return response
        case orders_pb2.ListOrdersRequest():
            last = request.page_token == "next"
            name = f"{request.parent}/orders/{2 if last else 1}"
            return orders_pb2.ListOrdersResponse(
                orders=[orders_pb2.Order(name=name)], next_page_token="" if last else "next"
            )
        case orders_pb2.CancelOrderRequest():
            return orders_pb2.Order(name=request.name, submission_state="CANCELLED")
    raise ApiError(grpc.StatusCode.NOT_FOUND, "ORDER_NOT_FOUND", "there is no such order", metadata={"a": "b"})


async def test_google_s_generated_client_understands_every_answer(
    client: Path, start: Callable[..., Awaitable[Any]]
) -> None:
    wire = await start(answer=answer)
    script = Path(__file__).with_name("google_client_calls.py")

    process = await asyncio.create_subprocess_exec(
        str(PYTHON), str(script), str(client), f"127.0.0.1:{wire.port}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()

    assert process.returncode == 0, errors.decode()
    assert json.loads(out) == {
        "created": ["businessUnits/NW/orders/1", "ACCEPTED", "2026-03-31T08:00:01.250000+00:00"],
        "priced": ["1"],
        "net": [2**53 + 1, 990_000_000],
        "listed": ["businessUnits/NW/orders/1", "businessUnits/NW/orders/2"],
        "cancelled": "CANCELLED",
        "failure": {
            "class": "NotFound",
            "code": 404,
            "message": f"GET http://127.0.0.1:{wire.port}/v1/businessUnits/NW/orders/missing"
            "?%24alt=json%3Benum-encoding%3Dint: there is no such order",
            "reason": "ORDER_NOT_FOUND",
            "domain": "erp.v1",
            "metadata": {"a": "b"},
            "details": ["type.googleapis.com/google.rpc.ErrorInfo"],
        },
    }
    created, _, listed, *_ = [request for _, request in wire.pipeline.calls]
    assert created.order.lines[0].quantity.value.value == "2.5"
    assert (created.request_id, created.first_sent_time.ToJsonString()) == ("r-1", "2026-03-31T08:00:00.500Z")
    assert (listed.customer, listed.page_size) == ("a b/c&d=ä", 2)
    assert listed.submission_state == orders_pb2.Order.BOOKED

"""What the HTTP server adds: limits on slow and large requests, hang-ups, and a graceful stop."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from google.protobuf.message import Message

from erp.v1 import orders_pb2
from erp_facade.call_meta import CallMeta
from erp_facade.rest.app import build_app
from erp_facade.rest.http_protocol import ServerLimits
from erp_facade.rest.server import serve_http

ORDERS = "/v1/businessUnits/NW/orders"
LIST = f"GET {ORDERS} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
POST_HEAD = f"POST {ORDERS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
Start = Callable[..., Awaitable[Any]]


class SlowPipeline:
    """Calls wait until they are released, and say when they began and how they ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.release = asyncio.Event()
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def call(self, _meta: CallMeta, _request: Message) -> Message:
        self.began.set()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.ended.set_result("cancelled")
            raise
        self.ended.set_result("answered")
        return orders_pb2.ListOrdersResponse(next_page_token="t")


@pytest.fixture
async def slow() -> AsyncIterator[SlowPipeline]:
    pipeline = SlowPipeline()
    yield pipeline
    pipeline.release.set()


def error_of(raw: bytes) -> dict[str, Any]:
    return json.loads(raw.partition(b"\r\n\r\n")[2])["error"]


@pytest.mark.parametrize("first", [b"GET /v1", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", b"POST / HTTP/1.1\r\n"])
async def test_a_request_whose_head_does_not_arrive_in_time_is_refused_and_closed(start: Start, first: bytes) -> None:
    wire = await start(limits=ServerLimits(head_seconds=0.2))
    async with wire.connection() as connection:
        connection.write(first)
        raw = await connection.rest()

    assert raw.startswith(b"HTTP/1.1 408 ")
    assert error_of(raw)["details"][0]["reason"] == "DEADLINE_EXCEEDED"


async def test_dripping_headers_do_not_prolong_the_time(start: Start) -> None:
    wire = await start(limits=ServerLimits(head_seconds=0.3))
    async with wire.connection() as connection:
        connection.write(b"GET / HTTP/1.1\r\nX: ")
        reading = asyncio.create_task(connection.rest())
        drips = 0
        while not reading.done():
            connection.write(b"x")
            drips += 1
            await asyncio.sleep(0.02)

    assert reading.result().startswith(b"HTTP/1.1 408 ")
    assert drips > 1


@pytest.mark.parametrize("empty_lines", [b"", b"\r\n", b"\r\n\r\n"])
async def test_a_connection_that_asks_nothing_is_closed(start: Start, empty_lines: bytes) -> None:
    wire = await start(limits=ServerLimits(head_seconds=0.2))
    async with wire.connection() as connection:
        connection.write(empty_lines)

        assert await connection.rest() == b""


async def test_empty_lines_do_not_keep_a_used_connection_open(start: Start) -> None:
    wire = await start(limits=ServerLimits(head_seconds=0.2))
    async with wire.connection() as connection:
        connection.write(LIST)
        await connection.response()
        connection.write(b"\r\n")

        assert await connection.rest() == b""


async def test_a_body_that_does_not_arrive_in_time_is_refused_and_closed(start: Start) -> None:
    wire = await start(limits=ServerLimits(body_seconds=0.2))
    async with wire.connection() as connection:
        connection.write(POST_HEAD.encode() + b'Content-Length: 50\r\n\r\n{"customer":')
        raw = await connection.rest()

    assert raw.startswith(b"HTTP/1.1 408 ")
    assert wire.pipeline.calls == []


async def test_a_refused_body_that_keeps_dripping_is_cut_off_without_a_second_answer(start: Start) -> None:
    wire = await start(limits=ServerLimits(body_seconds=0.2))
    async with wire.connection() as connection:
        connection.write(POST_HEAD.replace("orders", "nowhere").encode() + b"Content-Length: 50\r\n\r\n{")
        response = await connection.response()

        assert (response.status, await connection.rest()) == (404, b"")


async def test_a_head_that_is_too_large_is_refused(start: Start) -> None:
    wire = await start(limits=ServerLimits(head_bytes=1000))

    path = await wire.request("GET", "/" + "x" * 1000)
    header = await wire.request("GET", ORDERS, headers=tuple(f"X-{i}: {'y' * 90}" for i in range(10)))
    fitting = await wire.request("GET", ORDERS, headers=tuple(f"X-{i}: {'y' * 90}" for i in range(9)))

    assert (path.status, header.status, fitting.status) == (431, 431, 200)
    assert path.json["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("raw", [b"NONSENSE\r\n\r\n", b"\x16\x03\x01\x02", b"GET /\xc3\xa4 HTTP/1.1\r\n\r\n"])
async def test_what_is_no_http_is_refused_in_the_envelope(wire: Any, raw: bytes) -> None:
    response = await wire.send(raw)

    assert (response.status, response.headers["connection"]) == (400, "close")
    assert response.json["error"]["status"] == "INVALID_ARGUMENT"


async def test_garbage_after_a_request_does_not_spoil_its_answer(start: Start, slow: SlowPipeline) -> None:
    wire = await start(answer=slow.call)
    async with wire.connection() as connection:
        connection.write(LIST + b"garbage\r\n\r\n")
        await slow.began.wait()
        slow.release.set()
        response = await connection.response()

        assert (response.status, response.json["nextPageToken"]) == (200, "t")
        assert await connection.rest() == b""


async def test_a_connection_serves_request_after_request(wire: Any) -> None:
    async with wire.connection() as connection:
        for _ in range(3):
            connection.write(LIST)
            assert (await connection.response()).status == 200
        connection.write(LIST + LIST)
        assert [(await connection.response()).status for _ in range(2)] == [200, 200]


async def test_an_upgrade_is_ignored_and_the_request_served(wire: Any) -> None:
    headers = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQ")

    read = await wire.request("GET", ORDERS, headers=headers)
    written = await wire.request("POST", "/v1/businessUnits/NW:calculatePrices", {}, headers=headers)

    assert (read.status, written.status) == (200, 200)
    assert read.headers["connection"] == "close"


async def test_a_caller_that_hangs_up_cancels_its_call(start: Start, slow: SlowPipeline) -> None:
    wire = await start(answer=slow.call)
    async with wire.connection() as connection:
        connection.write(LIST)
        await slow.began.wait()

    assert await asyncio.wait_for(slow.ended, 20) == "cancelled"


async def test_what_the_pipeline_shields_survives_a_hang_up(start: Start, slow: SlowPipeline) -> None:
    hung_up = asyncio.Event()

    async def shielded(meta: CallMeta, request: Message) -> Message:
        try:
            return await asyncio.shield(asyncio.ensure_future(slow.call(meta, request)))
        except asyncio.CancelledError:
            hung_up.set()
            raise

    wire = await start(answer=shielded)
    async with wire.connection() as connection:
        connection.write(LIST)
        await slow.began.wait()
    await asyncio.wait_for(hung_up.wait(), 20)
    slow.release.set()

    assert await asyncio.wait_for(slow.ended, 20) == "answered"


async def test_a_stop_lets_calls_under_way_end(slow: SlowPipeline) -> None:
    app = build_app(slow, [orders_pb2.DESCRIPTOR.services_by_name["OrderService"]])
    async with serve_http(app, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LIST)
        await slow.began.wait()
        asyncio.get_running_loop().call_later(0.05, slow.release.set)

    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer


async def test_a_call_that_outlasts_the_grace_is_told_that_the_server_stops(slow: SlowPipeline) -> None:
    app = build_app(slow, [orders_pb2.DESCRIPTOR.services_by_name["OrderService"]])
    async with serve_http(app, "127.0.0.1", 0, limits=ServerLimits(grace_seconds=0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LIST)
        await slow.began.wait()

    answer = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    assert error_of(answer)["details"][0]["reason"] == "SHUTTING_DOWN"
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_connections_beyond_the_limit_are_refused(start: Start) -> None:
    wire = await start(limits=ServerLimits(connections=1))
    async with wire.connection() as first:
        first.write(LIST)
        await first.response()
        async with wire.connection() as second:
            raw = await second.rest()

    assert raw.startswith(b"HTTP/1.1 503 ")


async def test_an_address_in_use_is_an_error_of_the_caller() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            async with serve_http(lambda *_: None, "127.0.0.1", taken.getsockname()[1]):
                pass

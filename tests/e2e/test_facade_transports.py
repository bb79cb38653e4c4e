"""What both transports promise besides the contract: health, reflection, deadlines, links, metrics, log, stopping."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

PRICES = "PricingService.CalculatePrices"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SERVICES = (
    "erp.v1.PricingService",
    "erp.v1.AvailabilityService",
    "erp.v1.OrderService",
    "erp.v1.InvoiceService",
    "erp.admin.v1.RouteService",
    "erp.admin.v1.ComparisonService",
    "erp.admin.v1.BackendService",
    "erp.admin.v1.DocumentService",
)


@pytest.mark.parametrize("service", ["", *SERVICES])
def test_every_service_reports_that_it_serves(shared: Any, service: str) -> None:
    stub = health_pb2_grpc.HealthStub(shared.grpc.channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_names_every_service_and_gives_its_file(shared: Any) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(shared.grpc.channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="erp.v1.OrderService"),
    ]
    listed, file = list(stub.ServerReflectionInfo(iter(asked), timeout=5))

    assert set(SERVICES) <= {s.name for s in listed.list_services_response.service}
    (first, *_) = file.file_descriptor_response.file_descriptor_proto
    assert FileDescriptorProto.FromString(first).name == "erp/v1/orders.proto"


def test_a_correlation_id_and_a_trace_go_in_and_come_back(client: Any, ask: Any) -> None:
    headers = {"x-correlation-id": f"ticket-4711-{client.transport}", "traceparent": TRACEPARENT}
    good = client(PRICES, ask.prices(), headers=headers)
    refused = client(PRICES, ask.prices(ask.line(plant="XX")), headers=headers)

    assert (good.status, refused.reason) == ("OK", "UNKNOWN_PLANT")
    for answer in (good, refused):
        assert {k: answer.metadata.get(k) for k in headers} == headers


def test_a_call_without_a_correlation_id_is_given_one(client: Any, ask: Any) -> None:
    first, second = (client(PRICES, ask.prices()).metadata for _ in range(2))
    assert len(first["x-correlation-id"]) == 32
    assert first["x-correlation-id"] != second["x-correlation-id"]
    assert "traceparent" not in first


def test_a_trace_context_of_another_form_begins_anew(client: Any, ask: Any) -> None:
    answer = client(PRICES, ask.prices(), headers={"traceparent": "00-nonsense"})
    assert answer.status == "OK"
    assert "traceparent" not in answer.metadata


def test_every_call_leaves_one_line_in_the_log_with_its_links_and_outcome(client: Any, shared: Any, ask: Any) -> None:
    names = {outcome: f"log-{client.transport}-{outcome}" for outcome in ("OK", "INVALID_ARGUMENT")}
    headers = {"traceparent": TRACEPARENT}
    client(PRICES, ask.prices(), headers={**headers, "x-correlation-id": names["OK"]})
    spoiled = ask.prices(ask.line(plant="XX"))
    client(PRICES, spoiled, headers={**headers, "x-correlation-id": names["INVALID_ARGUMENT"]})

    for status, correlation_id in names.items():
        (line,) = [x for x in shared.log_lines() if x.get("correlation_id") == correlation_id]
        assert (line["event"], line["transport"], line["status"]) == ("call", client.transport, status)
        assert (line["method"], line["client"]) == ("/erp.v1.PricingService/CalculatePrices", "local")
        assert (line["traceparent"], line["level"]) == (TRACEPARENT, "info" if status == "OK" else "warning")
        assert line.get("reason") == (None if status == "OK" else "UNKNOWN_PLANT")
        assert line["ms"] > 0


def test_metrics_count_calls_by_method_transport_and_status(client: Any, shared: Any, ask: Any) -> None:
    labels = f'method="/erp.v1.PricingService/CalculatePrices",status="NOT_FOUND",transport="{client.transport}"'

    def counted() -> float:
        text = shared.rest.http.get("/metrics").text
        found = [x for x in text.splitlines() if x.startswith("erp_facade_call_seconds_count") and labels in x]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    before = counted()
    client(PRICES, ask.prices(ask.line(product="none")))
    assert counted() == before + 1


def test_metrics_tell_the_route_version_and_the_backends_answers(shared: Any, ask: Any) -> None:
    shared.grpc(PRICES, ask.prices())
    response = shared.rest.http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    assert "erp_facade_route_version 1.0" in response.text
    assert 'backend="legacy",operation="calculate_prices",outcome="ok"' in response.text


def test_a_facade_that_serves_is_alive_and_ready(shared: Any) -> None:
    assert shared.rest.http.get("/livez").status_code == 200
    assert shared.rest.http.get("/readyz").status_code == 200


def test_the_openapi_document_is_served(shared: Any) -> None:
    document = shared.rest.http.get("/openapi.json").json()
    assert document["openapi"] == "3.0.3"
    assert "/v1/businessUnits/{businessUnit}/orders" in document["paths"]


def test_readiness_does_not_depend_on_an_erp(start: Any, ask: Any) -> None:
    facade = start()
    facade.memory("legacy").faults.down = True

    assert facade.rest(PRICES, ask.prices()).error == ("UNAVAILABLE", "BACKEND_UNAVAILABLE", {})
    assert facade.rest.http.get("/readyz").status_code == 200


def test_an_erp_that_hangs_is_told_before_the_callers_deadline(start: Any, ask: Any, transport: str) -> None:
    facade = start()
    facade.memory("legacy").faults.delay = 60.0
    began = time.monotonic()

    answer = facade.client(transport)(PRICES, ask.prices(), seconds=1.0)

    assert answer.error == ("DEADLINE_EXCEEDED", "BACKEND_TIMEOUT", {})
    assert answer.error_metadata == {"backend": "legacy"}
    assert time.monotonic() - began < 30.0


def test_a_call_without_a_deadline_gets_the_configured_one(start: Any, ask: Any) -> None:
    facade = start(limits={"call_seconds": 0.5})
    facade.memory("legacy").faults.delay = 60.0

    over_grpc = facade.grpc(PRICES, ask.prices(), seconds=None)
    over_http = facade.rest.http.post("/v1/businessUnits/NW:calculatePrices", json=ask.prices())

    assert over_grpc.reason == facade.rest.read(over_http).reason == "BACKEND_TIMEOUT"


def test_a_busy_erp_is_told_with_the_time_after_which_to_try_again(start: Any, ask: Any, transport: str) -> None:
    facade = start()
    facade.memory("legacy").faults.down = True

    answer = facade.client(transport)(PRICES, ask.prices())

    assert (answer.status, answer.reason, answer.retry_after) == ("UNAVAILABLE", "BACKEND_UNAVAILABLE", 1.0)


def test_stopping_lets_a_call_under_way_end_and_refuses_new_ones(start: Any, ask: Any, transport: str) -> None:
    facade = start()
    erp = facade.memory("legacy")
    entered, let_go = threading.Event(), threading.Event()
    answer_prices = erp.calculate_prices

    async def held(request: Any, call: Any) -> Any:
        entered.set()
        await asyncio.to_thread(let_go.wait)
        return await answer_prices(request, call)

    erp.calculate_prices = held
    with ThreadPoolExecutor(1) as callers:
        under_way = callers.submit(facade.client(transport), PRICES, ask.prices())
        assert entered.wait(20)
        facade.stopped = True
        stopping = facade.loop.start(facade.facade.stop(20.0))
        refused = _refused(facade)
        let_go.set()
        assert under_way.result(20).status == "OK"
        stopping.result(30)
    facade.grpc.channel.close()
    facade.rest.http.close()
    assert refused


def _refused(facade: Any) -> bool:
    """Whether a new caller of either transport soon finds the door closed."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with socket.socket() as http, socket.socket() as rpc:
            closed = [
                s.connect_ex(("127.0.0.1", port)) != 0
                for s, port in ((http, facade.facade.http_port), (rpc, facade.facade.grpc_port))
            ]
        if all(closed):
            return True
        time.sleep(0.02)
    return False

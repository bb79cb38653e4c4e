"""A real facade on real sockets, and the two plain clients that talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import grpc
import httpx
import pytest
import uvloop
import yaml
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import erp_sandbox
from erp_facade.app import Facade
from erp_facade.demo.configuration import configuration
from erp_facade.methods import SERVICES, full_name
from erp_facade.settings import settings_from
from erp_facade.site import utc_now
from erp_ports.memory import InMemoryErp
from erp_sandbox.cloud import CloudSandbox, start_cloud
from erp_sandbox.legacy import LegacySandbox, start_legacy
from erp_sandbox.master_data import MasterData, load
from erp_sandbox.stock_sync import connect_stock

T = TypeVar("T")

METHODS: dict[str, MethodDescriptor] = {f"{s.name}.{m.name}": m for s in SERVICES for m in s.methods}

# Which part of a request is the body and which names the path, as a caller of REST reads it in the documentation.
REST: dict[str, tuple[str, str, str]] = {
    "PricingService.CalculatePrices": ("POST", "/v1/{parent}:calculatePrices", "*"),
    "AvailabilityService.CheckAvailability": ("POST", "/v1/{parent}:checkAvailability", "*"),
    "OrderService.CreateOrder": ("POST", "/v1/{parent}/orders", "order"),
    "OrderService.SimulateOrder": ("POST", "/v1/{parent}/orders:simulate", "*"),
    "OrderService.GetOrder": ("GET", "/v1/{name}", ""),
    "OrderService.ListOrders": ("GET", "/v1/{parent}/orders", ""),
    "OrderService.CancelOrder": ("POST", "/v1/{name}:cancel", "*"),
    "InvoiceService.GetInvoice": ("GET", "/v1/{name}", ""),
    "InvoiceService.ListInvoices": ("GET", "/v1/{parent}/invoices", ""),
    "RouteService.ListRoutes": ("GET", "/admin/v1/routes", ""),
    "RouteService.SetRoute": ("POST", "/admin/v1/routes:set", "*"),
    "RouteService.ApplyRoutes": ("POST", "/admin/v1/routes:apply", "*"),
    "RouteService.ListRouteChanges": ("GET", "/admin/v1/routeChanges", ""),
    "RouteService.ExplainRoute": ("GET", "/admin/v1/routes:explain", ""),
    "ComparisonService.ListObservations": ("GET", "/admin/v1/observations", ""),
    "ComparisonService.GetObservation": ("GET", "/admin/v1/{name}", ""),
    "ComparisonService.SummarizeObservations": ("GET", "/admin/v1/observations:summarize", ""),
    "BackendService.ListBackends": ("GET", "/admin/v1/backends", ""),
    "BackendService.CheckBackend": ("POST", "/admin/v1/{name}:check", "*"),
    "DocumentService.TraceOrder": ("GET", "/admin/v1/{name}:trace", ""),
}
_HTTP_OF = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "NOT_FOUND": 404, "ABORTED": 409}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a client got, in the same words on both transports. `status` is the canonical name of the code."""

    status: str
    json: dict[str, Any]
    metadata: dict[str, str]
    message: str = ""
    reason: str = ""
    violations: dict[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    error_metadata: dict[str, str] = field(default_factory=dict)
    http_status: int = 0

    @property
    def error(self) -> tuple[str, str, dict[str, str]]:
        """What a refusal tells a program: code, reason, and the reason of every field."""
        return self.status, self.reason, self.violations


class Client(Protocol):
    """A plain client of one transport. Requests are the contract's messages in JSON."""

    transport: str

    def __call__(
        self, method: str, request: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, seconds: float = 20
    ) -> Answer: ...


class GrpcClient:
    """Calls methods with the generated messages over a plain channel."""

    transport = "grpc"

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_retries", 0)])

    def __call__(
        self,
        method: str,
        request: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = 20,
    ) -> Answer:
        message = ParseDict(dict(request), GetMessageClass(METHODS[method].input_type)())
        return self.send(method, message.SerializeToString(), headers=headers, seconds=seconds)

    def send(
        self,
        method: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = 20,
    ) -> Answer:
        """Send bytes as the request, whether they are a message or not."""
        descriptor = METHODS[method]
        call = self.channel.unary_unary(full_name(descriptor), None, GetMessageClass(descriptor.output_type).FromString)
        try:
            response, done = call.with_call(body, timeout=seconds, metadata=tuple((headers or {}).items()))
        except grpc.RpcError as error:
            return _grpc_error(error)
        found = MessageToDict(response, always_print_fields_with_no_presence=True)
        return Answer(status="OK", json=found, metadata=_metadata(done.trailing_metadata()))


def _metadata(pairs: Any) -> dict[str, str]:
    return {k: v for k, v in pairs or () if isinstance(v, str)}


def _grpc_error(error: Any) -> Answer:
    status = rpc_status.from_call(error)
    details = {d.type_url.rpartition(".")[2]: d for d in status.details} if status is not None else {}
    info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    for message in (info, bad, retry):
        if message.DESCRIPTOR.name in details:
            details[message.DESCRIPTOR.name].Unpack(message)
    return Answer(
        status=error.code().name,
        json={},
        metadata=_metadata(error.trailing_metadata()),
        message=error.details() or "",
        reason=info.reason,
        violations={v.field: v.reason for v in bad.field_violations},
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if "RetryInfo" in details else None,
        error_metadata=dict(info.metadata),
    )


class RestClient:
    """Calls paths with JSON over HTTP/1.1."""

    transport = "rest"

    def __init__(self, port: int) -> None:
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)

    def __call__(
        self, method: str, request: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, seconds: float = 20
    ) -> Answer:
        verb, template, body_field = REST[method]
        rest = dict(request)
        path = template
        for name in ("parent", "name"):
            if f"{{{name}}}" in template:
                path = path.replace(f"{{{name}}}", rest.pop(name))
        sent: dict[str, Any] = {"x-request-timeout": str(seconds), **(headers or {})}
        if body_field == "*":
            response = self.http.request(verb, path, json=rest, headers=sent)
        elif body_field:
            body = rest.pop(body_field)
            response = self.http.request(verb, path, json=body, params=rest, headers=sent)
        else:
            response = self.http.request(verb, path, params=rest, headers=sent)
        return self.read(response)

    @staticmethod
    def read(response: httpx.Response) -> Answer:
        """Return what a response says."""
        content = response.json()
        metadata = {k.lower(): v for k, v in response.headers.items()}
        if response.is_success:
            return Answer(status="OK", json=content, metadata=metadata, http_status=response.status_code)
        error = content["error"]
        assert error["code"] == response.status_code
        details = {d["@type"].rpartition(".")[2]: d for d in error["details"]}
        retry = details.get("RetryInfo")
        return Answer(
            status=error["status"],
            json={},
            metadata=metadata,
            message=error["message"],
            reason=details["ErrorInfo"]["reason"],
            violations={v["field"]: v["reason"] for v in details.get("BadRequest", {}).get("fieldViolations", ())},
            retry_after=float(retry["retryDelay"].removesuffix("s")) if retry else None,
            error_metadata=details["ErrorInfo"]["metadata"],
            http_status=response.status_code,
        )


class LoopThread:
    """An event loop in a thread of its own: facades run on it as they do in `serve`, tests stay plain."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facades")
        self._thread.start()
        self._started.wait()

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        self._started.set()
        await self._end.wait()

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        """Run a coroutine on the loop and return its result."""
        return self.start(work).result(seconds)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()


@dataclass(kw_only=True)
class Running:
    """A started facade with a client of each transport."""

    facade: Facade
    loop: LoopThread
    folder: Path
    settings: Mapping[str, Any]
    grpc: GrpcClient
    rest: RestClient
    stopped: bool = False

    def client(self, transport: str) -> GrpcClient | RestClient:
        return self.grpc if transport == "grpc" else self.rest

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.facade.grpc_port}"

    def memory(self, backend: str) -> InMemoryErp:
        """The in-memory ERP behind a backend, with its switches and its ledger."""
        erp = self.facade.backends[backend].live
        assert isinstance(erp, InMemoryErp)
        return erp

    def shadow(self, backend: str) -> InMemoryErp:
        """The same ERP as the dual run asks it; its faults are its own."""
        erp = self.facade.backends[backend].shadow._ShadowView__adapter  # type: ignore[attr-defined]
        assert isinstance(erp, InMemoryErp)
        return erp

    def booked(self, purchase_order: str) -> list[tuple[str, str]]:
        """Return (backend, line) of every live line booked for a customer's order number in the in-memory ERPs."""
        return sorted(
            (name, line.line_id)
            for name in self.facade.backends
            for line in self.memory(name).ledger()
            if line.purchase_order_number == purchase_order and line.live
        )

    def log_lines(self) -> list[dict[str, Any]]:
        """Return what the facade has logged so far."""
        self.facade.observability._writer.flush()
        return [json.loads(line) for line in (self.folder / "facade.log").read_text(encoding="utf-8").splitlines()]

    def set_route(self, stage: str, **row: Any) -> Answer:
        """Set a row of the route table; `*` where nothing is said."""
        request: dict[str, Any] = {
            key: row.pop(key) for key in ("routeVersion", "person", "validateOnly") if key in row
        }
        request["reason"] = row.pop("reason", "a test moves it")
        request["route"] = {
            "businessUnit": "*", "plant": "*", "productLine": "*", "stage": stage,
            "legacyBackend": "legacy", "cloudBackend": "cloud", "stockSync": "LIVE", **row,
        }  # fmt: skip
        return self.grpc("RouteService.SetRoute", request)

    def reset_routes(self) -> None:
        """Put everything on the legacy ERP with one row, whatever rows a test has left."""
        row = {"businessUnit": "*", "plant": "*", "productLine": "*", "stage": "LEGACY", "legacyBackend": "legacy",
               "cloudBackend": "cloud", "stockSync": "LIVE"}  # fmt: skip
        request = {"routes": [row], "reason": "the next test begins"}
        assert self.grpc("RouteService.ApplyRoutes", request).status == "OK"

    def observations(self, correlation_id: str, *, at_least: int = 1, seconds: float = 15) -> list[dict[str, Any]]:
        """Return the observations of a call, waiting for so many."""

        def found() -> list[dict[str, Any]] | None:
            request = {"correlationId": correlation_id}
            listed = self.grpc("ComparisonService.ListObservations", request).json["observations"]
            return listed if len(listed) >= at_least else None

        return until(found, seconds)

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.grpc.channel.close()
            self.rest.http.close()
            self.loop.run(self.facade.stop(2.0))


def until(probe: Callable[[], T | None], seconds: float = 20) -> T:
    """Return the first result of the probe that is not None; fail when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found is not None:
            return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


MEMORY = {
    "currency": "USD",
    "products": {
        "11": {"description": "Queso Cabrales", "price": "21.00", "units": {"DZN": 12}},
        "42": {"description": "Mee", "price": "14.00"},
        "72": {"description": "Mozzarella", "price": "34.80"},
        "90": {"description": "Not for sale", "price": "5.00", "blocked": True},
    },
    "customers": {"ALFKI": {}, "BERGS": {}, "HOLDS": {"credit_hold": True}},
    "stock": [
        {"product": product, "plant": plant, "on_hand": 100, "lead_time_days": 14}
        for product in ("11", "42", "72")
        for plant in ("EU01", "NA01", "AP01")
    ],
}
CUSTOMERS = {name: name for name in ("ALFKI", "BERGS", "HOLDS", "ONLYTAB")}


def memory_settings(folder: Path, *, cloud: Mapping[str, Any] = MEMORY, **changes: Any) -> dict[str, Any]:
    """Return a configuration with two in-memory ERPs; every plant is on the legacy one. `cloud` is the master data
    of the other one."""
    rows = [{"stage": "LEGACY", "legacy_backend": "legacy", "cloud_backend": "cloud", "stock_sync": "LIVE"}]
    path = folder / "routes.yaml"
    path.write_text(yaml.safe_dump({"routes": changes.pop("routes", rows)}), encoding="utf-8")
    backend = {"adapter": "memory", "settings": MEMORY, "cross_reference": {"customer": {"map": CUSTOMERS}}}
    return {
        "listen": {"grpc": "127.0.0.1:0", "http": "127.0.0.1:0"},
        "business_units": {
            "NW": {
                "currencies": ["USD", "EUR"],
                "plants": {
                    "EU01": {"time_zone": "Europe/Berlin"},
                    "NA01": {"time_zone": "America/New_York"},
                    "AP01": {"time_zone": "Asia/Tokyo"},
                },
            }
        },
        "units": ["EA", "DZN"],
        "backends": {"legacy": backend, "cloud": {**backend, "settings": cloud}},
        "routes_file": str(path),
        "store": {"url": f"sqlite:///{folder / 'facade.db'}"},
        "log": {"file": str(folder / "facade.log")},
        "dual_run": {"sync_lag_seconds": 0.05, "deadline_seconds": 2.0},
        **changes,
    }


class Starter:
    """Starts facades, and stops those that a test left running."""

    def __init__(self, loop: LoopThread, folder: Callable[[], Path]) -> None:
        self._loop = loop
        self._folder = folder
        self._stack = contextlib.ExitStack()

    def __call__(
        self,
        *,
        folder: Path | None = None,
        content: Mapping[str, Any] | None = None,
        now: Callable[[], dt.datetime] = utc_now,
        **changes: Any,
    ) -> Running:
        """Start a facade on in-memory ERPs with changed settings, or on a configuration given whole."""
        folder = folder or self._folder()
        content = content or memory_settings(folder, **changes)
        facade = Facade(settings_from(content, base=folder), now=now)
        self._loop.run(facade.start())
        running = Running(
            facade=facade, loop=self._loop, folder=folder, settings=content,
            grpc=GrpcClient(facade.grpc_port), rest=RestClient(facade.http_port),
        )  # fmt: skip
        self._stack.callback(running.stop)
        return running

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(scope="module")
def facade_loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


@pytest.fixture
def start(facade_loop: LoopThread, tmp_path: Path) -> Iterator[Starter]:
    """Starts facades that end with the test."""
    counter = iter(range(100))

    def folder() -> Path:
        made = tmp_path / f"facade{next(counter)}"
        made.mkdir()
        return made

    starter = Starter(facade_loop, folder)
    yield starter
    starter.close()


@pytest.fixture(scope="module")
def start_shared(facade_loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    """Starts facades that end with the module."""
    starter = Starter(facade_loop, lambda: tmp_path_factory.mktemp("facade"))
    yield starter
    starter.close()


@pytest.fixture(scope="module")
def shared(start_shared: Starter) -> Running:
    """One facade on in-memory ERPs for all tests of a module that do not move its routes."""
    return start_shared()


@pytest.fixture(params=["grpc", "rest"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(shared: Running, transport: str) -> Client:
    """A client of each transport in turn."""
    return shared.client(transport)


@dataclass(frozen=True)
class Requests:
    """Requests of business unit NW in JSON, valid unless a test spoils them."""

    unit: str = "NW"
    customer: str = "ALFKI"

    def line(
        self, line_id: str = "1", product: str = "11", plant: str = "EU01", quantity: str = "12", **more: Any
    ) -> Any:
        return {
            "lineId": line_id,
            "product": f"businessUnits/{self.unit}/products/{product}",
            "plant": plant,
            "quantity": {"value": {"value": quantity}, "unit": "EA"},
            **more,
        }

    def prices(self, *lines: Any, **more: Any) -> dict[str, Any]:
        return {
            "parent": f"businessUnits/{self.unit}",
            "customer": f"businessUnits/{self.unit}/customers/{self.customer}",
            "currencyCode": "USD",
            "pricingDate": {"year": 2026, "month": 3, "day": 2},
            "lines": list(lines or (self.line(),)),
            **more,
        }

    def availability(self, *lines: Any, **more: Any) -> dict[str, Any]:
        request = self.prices(*lines, **more)
        del request["currencyCode"], request["pricingDate"]
        agreed = ("agreedDiscount", "agreedUnitPrice")
        request["lines"] = [{k: v for k, v in line.items() if k not in agreed} for line in request["lines"]]
        return request

    def order(self, purchase_order: str, *lines: Any, **more: Any) -> dict[str, Any]:
        order = self.prices(*lines, purchaseOrderNumber=purchase_order, **more)
        del order["parent"]
        return order

    def simulate(self, purchase_order: str, *lines: Any, **more: Any) -> dict[str, Any]:
        return {"parent": f"businessUnits/{self.unit}", "order": self.order(purchase_order, *lines, **more)}

    def create(self, purchase_order: str, *lines: Any, request_id: str = "", **more: Any) -> dict[str, Any]:
        return {
            **self.simulate(purchase_order, *lines, **more),
            "requestId": request_id or f"key-{purchase_order}",
        }


@pytest.fixture(scope="session")
def ask() -> Requests:
    return Requests()


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., Any]:
    return until


@dataclass(kw_only=True)
class StandIns:
    """Both stand-in ERPs, telling each other of bookings, and a facade in front of them as a user configures it."""

    master: MasterData
    legacy: LegacySandbox
    cloud: CloudSandbox
    content: dict[str, Any]
    folder: Path
    facade: Running

    def booked(self, purchase_order: str) -> list[tuple[str, str]]:
        """Return (backend, line) of every live line that the books of both ERPs hold for an order number."""
        lines = [*self.legacy.book(), *self.cloud.book()]
        return sorted((b.backend, b.line_id) for b in lines if b.purchase_order_number == purchase_order and b.live)


@pytest.fixture(scope="module")
def stand_ins(start_shared: Starter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    """Both stand-ins on the project's own master data; the facade's routes start at LEGACY for every plant."""
    folder = tmp_path_factory.mktemp("stand-ins")
    master = load(Path(erp_sandbox.__file__).parent / "data", today=dt.datetime.now(dt.UTC).date())
    with contextlib.ExitStack() as stack:
        legacy = stack.enter_context(start_legacy(master, ship_and_invoice_after=0.2))
        cloud = stack.enter_context(start_cloud(master, clock_runs=True, ship_and_invoice_after=0.2))
        stack.enter_context(connect_stock(legacy, cloud))
        content = configuration(master, legacy, cloud, folder, grpc="127.0.0.1:0", http="127.0.0.1:0")
        running = start_shared(folder=folder, content=content)
        stack.callback(running.stop)
        yield StandIns(master=master, legacy=legacy, cloud=cloud, content=content, folder=folder, facade=running)

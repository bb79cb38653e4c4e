"""The composition root: the only place where the parts are put together."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import secrets
import signal
from collections.abc import Callable
from pathlib import Path

import uvloop
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import make_url

from erp_facade.admin import BackendAdmin, RouteAdmin
from erp_facade.api_error import ApiError
from erp_facade.backends import build_backends
from erp_facade.clients import Clients
from erp_facade.comparisons.service import ComparisonService
from erp_facade.comparisons.sink import StoreSink
from erp_facade.grpc_server import GrpcServer
from erp_facade.invoices import InvoiceReads
from erp_facade.methods import SERVICES, methods
from erp_facade.observe import Observability
from erp_facade.order_calls import OrderCalls
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.service import Orders
from erp_facade.page_token import PageTokens
from erp_facade.pipeline import Handler, Pipeline
from erp_facade.reads import Reads
from erp_facade.rest.app import OperationalRequest, RestSettings, build_app
from erp_facade.rest.server import serve_http
from erp_facade.route_messages import read_route_file
from erp_facade.route_service import Routes
from erp_facade.settings import Settings, SettingsError
from erp_facade.shadowing import Shadowing
from erp_facade.site import Now, Site, utc_now
from erp_facade.store import Store, StoreLocked, StoreUnavailable
from erp_facade.store.route_rows import read_version
from erp_facade.validation import ContractRules
from erp_routing.decision import RouteTable
from erp_routing.dual_run import DualRun
from erp_routing.observation import Observation
from erp_routing.routes import Route

_KEY_BYTES = 32


class Facade:
    """One facade process: everything it is made of, started and stopped together."""

    def __init__(self, settings: Settings, *, now: Now = utc_now) -> None:
        self.settings = settings
        self._now = now
        self._stack = contextlib.AsyncExitStack()
        self._http = contextlib.AsyncExitStack()
        self._wake_orders: Callable[[], None] = lambda: None
        self.grpc_port = self.http_port = 0

    async def start(self) -> None:
        """Open the store, build every part and serve; what was started is stopped again when something fails."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self, grace: float = 10.0) -> None:
        """Refuse new calls, let those under way end within `grace` seconds, and release everything."""
        self.ready = False
        await asyncio.gather(self._grpc.stop(grace), self._http.aclose())
        await self.orders.dispatcher.drain(grace)
        await self._stack.aclose()

    async def _start(self) -> None:
        settings = self.settings
        self.backends = build_backends(settings)
        self.observability = Observability(level=settings.log.level, file=settings.log.file)
        self._stack.callback(self.observability.close)
        self.store = await Store.open(settings.store.url)
        self._stack.push_async_callback(self.store.close)
        for backend in self.backends.values():
            self._stack.push_async_callback(backend.close)
        key = deployment_key(settings)
        tokens = PageTokens(key)
        site = Site.of(settings, self._now)
        self.routes = await self._open_routes()
        self.dual_run = self._open_dual_run(site)
        self._stack.push_async_callback(self.dual_run.close)
        shadowing = Shadowing(self.dual_run)
        self.orders = self._open_orders(key, tokens, shadowing)
        await self.orders.dispatcher.start()
        self._wake_orders = self.orders.dispatcher.routes_changed
        self._stack.push_async_callback(self.orders.dispatcher.stop)
        self.pipeline = self._open_pipeline(site, tokens, shadowing)
        await self._listen()
        self.ready = True
        self.observability.log.info(
            "facade.started",
            grpc_port=self.grpc_port,
            http_port=self.http_port,
            route_version=self.routes.current.version,
        )

    async def _open_routes(self) -> Routes:
        settings = self.settings
        routes = Routes(
            self.store,
            backends={name: b.live.declaration for name, b in self.backends.items()},
            business_units={name: list(unit.plants) for name, unit in settings.business_units.items()},
            now=self._now,
            on_change=self._routes_changed,
        )
        initial = _read_routes(settings.routes_file) if settings.routes_file is not None else []
        await routes.load(initial)
        return routes

    def _routes_changed(self, table: RouteTable) -> None:
        self.observability.route_version.set(table.version)
        self._wake_orders()

    def _open_dual_run(self, site: Site) -> DualRun:
        limits = self.settings.dual_run
        self.sink = StoreSink(self.store, observed=self._observed)
        self._stack.push_async_callback(self.sink.close)
        return DualRun(
            {name: b.shadow for name, b in self.backends.items()},
            {name: b.control for name, b in self.backends.items()},
            self.sink,
            zones={name: unit.zone for name, unit in site.selling_units.items()},
            deadline_seconds=limits.deadline_seconds,
            in_flight=limits.in_flight,
            queue=limits.queue,
            sync_lag_seconds=limits.sync_lag_seconds,
            now=self._now,
        )

    def _observed(self, observation: Observation) -> None:
        labels = observation.capability.value, observation.comparison_class.name
        self.observability.observations.labels(*labels).inc()

    def _open_orders(self, key: bytes, tokens: PageTokens, shadowing: Shadowing) -> Orders:
        dispatch = self.settings.dispatch
        return Orders(
            store=self.store,
            adapters={name: b.live for name, b in self.backends.items()},
            deployment_key=key,
            tokens=tokens,
            log=self.observability.log,
            options=OrderOptions(
                workers=dispatch.workers,
                attempt_seconds=dispatch.attempt_seconds,
                booking_horizon_seconds=dispatch.booking_horizon_seconds,
                key_retention=dt.timedelta(days=dispatch.key_retention_days),
                duplicate_window=dt.timedelta(hours=dispatch.possible_duplicate_hours),
                first_reference_number=dispatch.first_reference_number,
            ),
            shadow_booking=shadowing.booking,
            wait_seconds=self.settings.limits.create_wait_seconds,
        )

    def _open_pipeline(self, site: Site, tokens: PageTokens, shadowing: Shadowing) -> Pipeline:
        reads = Reads(
            site=site,
            backends=self.backends,
            routes=self.routes,
            shadowing=shadowing,
            observability=self.observability,
            price_validity_seconds=self.settings.limits.price_validity_seconds,
        )
        invoices = InvoiceReads(
            site=site,
            backends=self.backends,
            routes=self.routes,
            store=self.store,
            tokens=tokens,
            observability=self.observability,
        )
        orders = OrderCalls(site=site, backends=self.backends, routes=self.routes, orders=self.orders)
        routes = RouteAdmin(self.routes, self.orders, tokens)
        backends = BackendAdmin(self.backends)
        comparisons = ComparisonService(self.store, tokens, lambda: self.dual_run.coverage.by_scope)
        handlers: dict[str, Handler] = {
            "PricingService.CalculatePrices": reads.calculate_prices,
            "AvailabilityService.CheckAvailability": reads.check_availability,
            "OrderService.CreateOrder": orders.create,
            "OrderService.SimulateOrder": reads.simulate_order,
            "OrderService.GetOrder": orders.get,
            "OrderService.ListOrders": orders.list_orders,
            "OrderService.CancelOrder": orders.cancel,
            "InvoiceService.GetInvoice": invoices.get_invoice,
            "InvoiceService.ListInvoices": invoices.list_invoices,
            "RouteService.ListRoutes": routes.list_routes,
            "RouteService.SetRoute": routes.set_route,
            "RouteService.ApplyRoutes": routes.apply_routes,
            "RouteService.ListRouteChanges": routes.list_route_changes,
            "RouteService.ExplainRoute": routes.explain_route,
            "ComparisonService.ListObservations": comparisons.list_observations,
            "ComparisonService.GetObservation": comparisons.get_observation,
            "ComparisonService.SummarizeObservations": comparisons.summarize_observations,
            "BackendService.ListBackends": backends.list_backends,
            "BackendService.CheckBackend": backends.check_backend,
            "DocumentService.TraceOrder": orders.trace,
        }
        return Pipeline(
            methods(handlers),
            clients=Clients(self.settings.tokens),
            rules=ContractRules(),
            observability=self.observability,
        )

    async def _listen(self) -> None:
        limits = self.settings.limits
        self._grpc = GrpcServer(
            self.pipeline, concurrent_calls=limits.concurrent_calls, default_seconds=limits.call_seconds
        )
        app = build_app(
            self.pipeline,
            SERVICES,
            operational={"/metrics": self._metrics, "/livez": self._livez, "/readyz": self._readyz},
            settings=RestSettings(default_seconds=limits.call_seconds),
            log=self.observability.log,
        )
        host, _, port = self.settings.listen.http.rpartition(":")
        self._stack.push_async_callback(self._http.aclose)
        self.http_port = await self._http.enter_async_context(serve_http(app, host.strip("[]"), int(port)))
        self.grpc_port = await self._grpc.start(self.settings.listen.grpc)

    ready = False

    async def _metrics(self, _: OperationalRequest) -> tuple[int, str, bytes]:
        for state, count in (await self.orders.open_counts()).items():
            self.observability.open_orders.labels(state).set(count)
        return 200, CONTENT_TYPE_LATEST, generate_latest(self.observability.registry)

    async def _livez(self, _: OperationalRequest) -> tuple[int, str, bytes]:
        return 200, "text/plain; charset=utf-8", b"alive\n"

    async def _readyz(self, _: OperationalRequest) -> tuple[int, str, bytes]:
        """Ready while the store answers; whether an ERP is up does not matter."""
        if self.ready:
            with contextlib.suppress(StoreUnavailable):
                await self.store.read(read_version)
                return 200, "text/plain; charset=utf-8", b"ready\n"
        return 503, "text/plain; charset=utf-8", b"not ready\n"


def deployment_key(settings: Settings) -> bytes:
    """Return the key that references and page tokens are made with: configured, or kept beside the store."""
    if settings.deployment_key is not None:
        return settings.deployment_key.get_secret_value().encode()
    path = Path(f"{make_url(settings.store.url).database}.key")
    with contextlib.suppress(FileNotFoundError):
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    key = secrets.token_bytes(_KEY_BYTES)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - with its mode
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def check_settings(settings: Settings) -> None:
    """Build everything that needs no connection; raise SettingsError with every problem."""
    build_backends(settings)
    if settings.routes_file is not None:
        _read_routes(settings.routes_file)


def _read_routes(path: Path) -> list[Route]:
    try:
        return read_route_file(path)
    except ApiError as error:
        raise SettingsError([v.description for v in error.violations] or [error.message]) from error


def run(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; raise SettingsError when the facade cannot start as configured."""
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    facade = Facade(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    try:
        await facade.start()
    except (StoreLocked, StoreUnavailable) as error:
        raise SettingsError([f"store.url: {error}"]) from error
    except ApiError as error:
        raise SettingsError([v.description for v in error.violations] or [error.message]) from error
    except OSError as error:
        raise SettingsError([f"listen or store: {error}"]) from error
    await stopping.wait()
    await facade.stop()

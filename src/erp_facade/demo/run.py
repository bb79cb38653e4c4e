"""The run itself: start everything, send the orders wave by wave, move the plants, ask for every seed, count."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import grpc
import grpc.aio

import erp_sandbox
from erp.admin.v1 import comparisons_pb2, comparisons_pb2_grpc, routes_pb2, routes_pb2_grpc
from erp.v1 import invoices_pb2, invoices_pb2_grpc
from erp_facade.app import Facade
from erp_facade.demo.configuration import REPEATABILITY_HOURS, configuration
from erp_facade.demo.counting import count_books
from erp_facade.demo.default_seeds import write_default_seeds
from erp_facade.demo.probing import Probe
from erp_facade.demo.summary import Summary, judge_observations
from erp_facade.demo.telling import Running, Telling
from erp_facade.demo.traffic import Traffic
from erp_facade.demo.waves import waves
from erp_facade.settings import settings_from
from erp_routing.routes import Stage
from erp_sandbox.cloud import start_cloud
from erp_sandbox.legacy import start_legacy
from erp_sandbox.master_data import DataError, MasterData, Order, load
from erp_sandbox.seeds import Application, Seed, SeedError, load_seeds
from erp_sandbox.stock_sync import connect_stock

_CALLERS = 12
_CANARY_PERCENT = 30
_SETTLE_SECONDS = 60.0
_INVOICE_SECONDS = 30.0
_SHIP_AND_INVOICE_SECONDS = 1.0
# Replies that the cloud ERP loses after booking: the orders are in doubt until they are found by their reference.
_LOST_REPLIES = 3
# The stand-ins tell each other of bookings at once; the last ones need a moment before stock is asked for.
_STOCK_TOLD_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class DemoInput:
    """What the demo runs on; `seed_file` is None when the default seeds are used. `stays`: it runs on after the
    summary."""

    master: MasterData
    data_name: str
    seed_file: Path | None
    seeds: tuple[Seed, ...] | None
    stays: bool


class InputError(ValueError):
    """The input cannot be used; `problems` names every reason, each with its file and, where there is one, line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


def load_input(data: Path | None, divergences: Path | None, today: dt.date, *, stays: bool) -> DemoInput:
    """Read the input; raise InputError with every problem of all files, OSError when the folder cannot be read."""
    folder = data if data is not None else Path(erp_sandbox.__file__).parent / "data"
    beside = folder / "divergences.csv"
    seed_file = divergences if divergences is not None else beside if beside.exists() else None
    problems: list[str] = []
    master, seeds = None, None
    try:
        master = load(folder, today=today)
    except DataError as error:
        problems += error.problems
    try:
        seeds = load_seeds(seed_file) if seed_file is not None else None
    except SeedError as error:
        problems += [f"{error.path}: {problem}" for problem in error.problems]
    if problems or master is None:
        raise InputError(problems)
    return DemoInput(
        master=master,
        data_name=str(data) if data else "a maker of pumps (own data)",
        seed_file=seed_file,
        seeds=seeds,
        stays=stays,
    )


class Demo:
    """Everything that runs: two stand-ins and the facade. Entering starts it, leaving stops it."""

    def __init__(self, given: DemoInput, telling: Telling) -> None:
        self._given = given
        self._tell = telling
        self._stack = contextlib.AsyncExitStack()
        self.grpc_address = self.http_address = self.sample_order = ""

    async def __aenter__(self) -> Demo:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _start(self) -> None:
        master = self._given.master
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="erp-facade-demo-")))
        self.seeds = self._given.seeds
        if self.seeds is None:
            self.seeds = load_seeds(write_default_seeds(master, folder / "divergences.csv"))
        self._tell.starting(self._given, self.seeds)
        self.legacy = self._stack.enter_context(
            start_legacy(master, seeds=self.seeds, ship_and_invoice_after=_SHIP_AND_INVOICE_SECONDS)
        )
        self.cloud = self._stack.enter_context(
            start_cloud(
                master,
                seeds=self.seeds,
                clock_runs=True,
                repeatability_seconds=REPEATABILITY_HOURS * 3600,
                ship_and_invoice_after=_SHIP_AND_INVOICE_SECONDS,
            )
        )
        self._stack.enter_context(connect_stock(self.legacy, self.cloud))
        content = configuration(
            master, self.legacy, self.cloud, folder, grpc=self._address(50051), http=self._address(8080)
        )
        self.facade = Facade(settings_from(content, base=folder))
        await self.facade.start()
        self._stack.push_async_callback(self.facade.stop, 2.0)
        self.grpc_address = f"127.0.0.1:{self.facade.grpc_port}"
        self.http_address = f"127.0.0.1:{self.facade.http_port}"
        self._channel = grpc.aio.insecure_channel(self.grpc_address, options=[("grpc.enable_retries", 0)])
        self._stack.push_async_callback(self._channel.close)
        self._tell.started(self.grpc_address, self.http_address, folder / "facade.log")

    def _address(self, usual: int) -> str:
        """Return the usual address for a demo that stays, so that the README's examples work, if it is free."""
        if self._given.stays:
            with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", usual)):
                return f"127.0.0.1:{usual}"
        return "127.0.0.1:0"

    def _applied(self) -> list[Application]:
        return [*self.legacy.applied(), *self.cloud.applied()]

    async def run(self) -> bool:
        """Run all waves and tell the summary; return whether everything is as it must be."""
        master, seeds = self._given.master, self.seeds or ()
        traffic = Traffic(master, self._channel, callers=_CALLERS)
        probe = Probe(master, seeds, self._channel, self._applied)
        plan = waves(sorted(master.plants))
        stages = plan[0]
        with self._tell.progress(len(master.orders)) as progress:
            for number, wave in enumerate(plan):
                orders = _share(master.orders, number, len(plan))
                stages = await self._wave(stages, wave, orders, traffic, progress)
                await self.facade.dual_run.drain(_SETTLE_SECONDS)
                await asyncio.sleep(_STOCK_TOLD_SECONDS)
                progress.asking(sum(1 for s in seeds if s.seed_id not in probe.findings.found))
                await probe.ask(stages)
        unsettled = await traffic.settle(_SETTLE_SECONDS)
        self.cloud.faults()
        await self.facade.dual_run.drain(_SETTLE_SECONDS)
        invoices = await self._invoices()
        summary = await self._summary(traffic, probe, unsettled=len(unsettled), invoices=invoices)
        self.sample_order = next(iter(traffic.tally.names.values()), "")
        self._tell.summary(summary, await self._report())
        return summary.good

    async def _wave(
        self,
        before: dict[str, Stage],
        after: dict[str, Stage],
        orders: list[Order],
        traffic: Traffic,
        progress: Running,
    ) -> dict[str, Stage]:
        """Send the wave's orders and flip the plants when half of them are answered, while the rest is on its way."""
        done: asyncio.Queue[Order] = asyncio.Queue()
        sending = asyncio.create_task(traffic.send(orders, done))
        for answered in range(len(orders)):
            if answered == len(orders) // 2:
                await self._flip(before, after, progress)
            await done.get()
            progress.advance()
        if not orders:
            await self._flip(before, after, progress)
        await sending
        return after

    async def _flip(self, before: dict[str, Stage], after: dict[str, Stage], progress: Running) -> None:
        stub = routes_pb2_grpc.RouteServiceStub(self._channel)
        for plant, stage in after.items():
            if before[plant] is stage:
                continue
            canary = stage is Stage.CANARY
            route = routes_pb2.Route(
                business_unit=self._given.master.business_unit,
                plant=plant,
                product_line="*",
                stage=routes_pb2.Stage.Value(stage),
                legacy_backend="legacy",
                cloud_backend="cloud",
                canary_percent=_CANARY_PERCENT if canary else 0,
                stock_sync=routes_pb2.Route.LIVE,
            )
            request = routes_pb2.SetRouteRequest(
                route=route, reason=f"demo: {plant} goes from {before[plant]} to {stage}", person="demo lead"
            )
            answer = await stub.SetRoute(request, timeout=20)
            progress.flipped(plant, before[plant], stage, answer.route_version)
            if stage is Stage.CLOUD:
                self.cloud.drop_reply_after_executing(_LOST_REPLIES)

    async def _invoices(self) -> int:
        """Wait until the ERPs have invoiced what they could ship, and return how many invoices the facade lists."""
        stub = invoices_pb2_grpc.InvoiceServiceStub(self._channel)
        loop = asyncio.get_running_loop()
        end = loop.time() + _INVOICE_SECONDS
        counts: list[int] = []
        while True:
            token, found = "", 0
            while True:
                request = invoices_pb2.ListInvoicesRequest(
                    parent=f"businessUnits/{self._given.master.business_unit}", page_size=500, page_token=token
                )
                page = await stub.ListInvoices(request, timeout=30)
                found += len(page.invoices)
                token = page.next_page_token
                if not token:
                    break
            counts.append(found)
            if counts[-4:] == [found] * 4 or loop.time() > end:
                return found
            await asyncio.sleep(_SHIP_AND_INVOICE_SECONDS / 2)

    async def _report(self) -> comparisons_pb2.SummarizeObservationsResponse:
        stub = comparisons_pb2_grpc.ComparisonServiceStub(self._channel)
        return await stub.SummarizeObservations(comparisons_pb2.SummarizeObservationsRequest(), timeout=60)

    async def _observations(self) -> list[comparisons_pb2.Observation]:
        stub = comparisons_pb2_grpc.ComparisonServiceStub(self._channel)
        found: list[comparisons_pb2.Observation] = []
        token = ""
        while True:
            request = comparisons_pb2.ListObservationsRequest(page_size=500, page_token=token)
            page = await stub.ListObservations(request, timeout=60)
            found += page.observations
            token = page.next_page_token
            if not token:
                return found

    async def _summary(self, traffic: Traffic, probe: Probe, *, unsettled: int, invoices: int) -> Summary:
        master, seeds, tally = self._given.master, self.seeds or (), traffic.tally
        books = await asyncio.to_thread(lambda: [*self.legacy.book(), *self.cloud.book()])
        observations = await self._observations()
        return Summary(
            orders_in_data=len(master.orders),
            orders_submitted=len(tally.submitted),
            orders_unsettled=unsettled,
            books=count_books(master, books),
            prices=tally.prices,
            availabilities=tally.availabilities,
            refused_reads=tally.refused_reads,
            replays=tally.replays,
            invoices=invoices,
            errors=tuple(tally.errors),
            seeds=tuple(seeds),
            seeds_found=frozenset(probe.findings.found),
            found_instead=dict(probe.findings.instead),
            observations=judge_observations(observations, self._applied(), seeds, simulated=probe.calls),
            weeks_moved=master.weeks_moved,
            route_version=self.facade.routes.current.version,
        )


def _share(orders: tuple[Order, ...], wave: int, of: int) -> list[Order]:
    """Return the orders of one wave: consecutive, of nearly equal number."""
    return list(orders[len(orders) * wave // of : len(orders) * (wave + 1) // of])

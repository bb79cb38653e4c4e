"""What the demo says: progress and story on standard error, the summary for people or as JSON on standard output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from erp.admin.v1 import comparisons_pb2
from erp_facade.cli.compare import print_summary
from erp_facade.cli.output import complain, console, errors, print_json
from erp_facade.demo.probing import matching_places
from erp_facade.demo.summary import Summary
from erp_routing.routes import Stage
from erp_sandbox.seeds import Seed

if TYPE_CHECKING:
    from erp_facade.demo.run import DemoInput


class Running:
    """The progress bar while orders are sent."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self) -> None:
        """One more order is answered."""
        self._progress.update(self._task, advance=1, description="orders sent")

    def flipped(self, plant: str, before: Stage, after: Stage, version: int) -> None:
        """A plant has moved while orders are on their way."""
        self._progress.console.print(f"  {plant}: {before} → {after}  (route version {version})", markup=False)

    def asking(self, seeds: int) -> None:
        """Seeded products are being asked for."""
        self._progress.update(self._task, description=f"asking for {seeds} seeded divergences")


class Telling:
    """Speaks to a person, or only in JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    @staticmethod
    def complain(text: str) -> None:
        """Tell what is wrong with the input."""
        complain(text)

    @staticmethod
    def starting(given: DemoInput, seeds: Sequence[Seed]) -> None:
        """Tell what the run is about to do."""
        master = given.master
        lines = sum(len(o.lines) for o in master.orders)
        say = partial(errors.print, soft_wrap=True, highlight=False)
        plants = ", ".join(master.plants)
        say(f"Data: {given.data_name}: {len(master.orders)} orders with {lines} lines, plants {plants}.")
        moved = f"All order dates were moved by {master.weeks_moved} weeks"
        say(f"{moved}, so that the last falls within the seven days up to today.")
        source = given.seed_file or "made for this data"
        say(f"{len(seeds)} divergences are seeded between the two ERPs ({source}).")
        for seed in seeds:
            if not any(matching_places(seed, master)):
                where = f"product {seed.product} in plant {seed.plant}"
                complain(f"divergence {seed.seed_id} cannot be found: the data have no {where}")
        say("Starting the legacy ERP (JD Edwards tables, SQL), the cloud ERP (S/4HANA OData, HTTP) and the facade …")

    @staticmethod
    def started(grpc_address: str, http_address: str, log: Path) -> None:
        """Tell where things are."""
        say = partial(errors.print, soft_wrap=True, highlight=False)
        say(f"The facade serves gRPC at {grpc_address} and REST at http://{http_address}/v1; its log: {log}")
        say("Every plant moves from LEGACY over SHADOW, CANARY and CLOUD_SHADOWED to CLOUD meanwhile:")

    @contextmanager
    def progress(self, orders: int) -> Iterator[Running]:
        """Show a bar over the orders."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors) as progress:
            yield Running(progress, progress.add_task("orders sent", total=orders))

    def summary(self, summary: Summary, report: comparisons_pb2.SummarizeObservationsResponse) -> None:
        """Tell the outcome."""
        if self._as_json:
            print_json(summary.as_json())
            return
        _print_summary(summary)
        print_summary(report)

    @staticmethod
    def what_next(grpc_address: str, http_address: str, order: str) -> None:
        """Tell what a person may try while everything still runs."""
        say = console.print
        say("\nEverything still runs. Try, in another terminal:")
        say(f"  curl -s http://{http_address}/v1/{order}", markup=False, soft_wrap=True)
        say(f"  curl -s 'http://{http_address}/v1/businessUnits/NW/invoices?pageSize=3'", markup=False, soft_wrap=True)
        for command in ("routes list", "compare report", f"orders trace {order}", "backends check"):
            say(f"  .venv/bin/erp-facade {command} --server {grpc_address}", markup=False, soft_wrap=True)
        say("Ctrl-C ends it.")


def _print_summary(s: Summary) -> None:
    say = partial(console.print, soft_wrap=True, highlight=False)
    say("\n[bold]Orders[/bold], counted in the books of both ERPs by the customer's order number and line")
    booked = len(s.books.booked)
    say(f"  {s.orders_submitted} of {s.orders_in_data} were accepted, {booked} are booked with every line exactly once")
    documents = ", ".join(f"{count} in {backend}" for backend, count in sorted(s.books.documents.items()))
    say(f"  documents: {documents or 'none'} (an order with plants on either side has one in each ERP)")
    say(f"  {len(s.books.lost)} orders lost, {len(s.books.twice)} booked twice")
    if s.orders_unsettled:
        say(f"  {s.orders_unsettled} accepted orders are not settled: `erp-facade orders trace` says why")
    say(f"  {len(s.books.unknown)} documents hold a line that nobody ordered")
    say(f"  {s.replays} requests were repeated by their callers and answered with the order they had made before")
    say(f"  {s.prices} price and {s.availabilities} availability calls were answered, {s.refused_reads} were refused")
    say(f"  {s.invoices} invoices are listed")
    say("\n[bold]Comparison[/bold] of the answers of the two ERPs while a plant was in dual run")
    classes = ", ".join(f"{name} {count}" for name, count in s.observations.classes.items())
    say(f"  {sum(s.observations.classes.values())} calls were compared: {classes or 'none'}")
    say(
        f"  {len(s.seeds_found)} of {len(s.seeds)} seeded divergences were found: their call got the class they ask for"
    )
    for seed in s.seeds:
        if seed.seed_id not in s.seeds_found:
            instead = s.found_instead.get(seed.seed_id, "NOT_ASKED")
            what = f"{seed.seed_id} ({seed.cause} in {seed.operation} of {seed.backend})"
            say(f"    not found: {what}: {seed.expected_class} expected, {instead} seen", markup=False)
    say(f"  {len(s.observations.unexpected)} calls differ in a way that no seed asks for")
    for name, found, words in s.observations.unexpected[:5]:
        say(f"    {name} {found}: {words}", markup=False)
    for error in s.errors[:5]:
        say(f"  error: {error}", markup=False)
    say(f"\n[bold]{'All is as it must be.' if s.good else 'Not all is as it must be.'}[/bold]\n")

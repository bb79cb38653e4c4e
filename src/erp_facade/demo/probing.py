"""Asks for every seeded product while its plant is in dual run, and looks for the class that the seed expects.

A seed counts as found only if the stand-in logged that it changed the answer to this very call and the observation
of this very call carries the expected class.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import grpc
import grpc.aio

from erp.admin.v1 import comparisons_pb2, comparisons_pb2_grpc
from erp.v1 import availability_pb2, availability_pb2_grpc, orders_pb2, orders_pb2_grpc, pricing_pb2, pricing_pb2_grpc
from erp_facade.cli.compare import class_name
from erp_ports.amounts import from_date
from erp_ports.names import business_unit_name, customer_name, product_name
from erp_routing.routes import Stage
from erp_sandbox.master_data import MasterData, Stock
from erp_sandbox.seeds import AVAILABILITY, PRICING, Application, Seed, applicable

_TRIES = 3
_OBSERVED_WITHIN = 12.0
# Large enough that another price or discount moves even the smallest price by more than rounding does.
_MANY = "1000"
_FEW = "10"


@dataclass(slots=True)
class Findings:
    """Seeds found with the expected class, and the class that the others were given last."""

    found: set[str] = field(default_factory=set)
    instead: dict[str, str] = field(default_factory=dict)


class Probe:
    """Asks one-line questions for seeds over gRPC."""

    def __init__(
        self,
        master: MasterData,
        seeds: Sequence[Seed],
        channel: grpc.aio.Channel,
        applied: Callable[[], Sequence[Application]],
    ) -> None:
        self._master = master
        self._seeds = seeds
        self._numbers = {seed.seed_id: number for number, seed in enumerate(seeds, start=1)}
        self._applied = applied
        self._prices = pricing_pb2_grpc.PricingServiceStub(channel)
        self._availability = availability_pb2_grpc.AvailabilityServiceStub(channel)
        self._orders = orders_pb2_grpc.OrderServiceStub(channel)
        self._comparisons = comparisons_pb2_grpc.ComparisonServiceStub(channel)
        self.findings = Findings()
        self.calls: set[str] = set()
        """The correlation ids of all questions."""

    async def ask(self, stages: dict[str, Stage]) -> None:
        """Ask for every seed that can show at the present stages of the plants."""
        for seed in self._seeds:
            if seed.seed_id in self.findings.found:
                continue
            wanted = Stage.SHADOW if seed.backend == "cloud" else Stage.CLOUD_SHADOWED
            for plant, product in self._places(seed):
                if stages[plant] is wanted and await self._found(seed, plant, product):
                    self.findings.found.add(seed.seed_id)
                    break

    def _places(self, seed: Seed) -> list[tuple[str, str]]:
        """Return where the seed can be asked for; with `*` products without a seed of their own come first."""
        own = {s.product for s in self._seeds if s.product != "*"}
        places = matching_places(seed, self._master)
        return sorted(places, key=lambda p: (p[1] in own and seed.product == "*", p))[:4]

    async def _found(self, seed: Seed, plant: str, product: str) -> bool:
        for _ in range(_TRIES):
            prefix = f"probe-{self._numbers[seed.seed_id]}"
            correlation_id = turn_of(seed, self._seeds, plant=plant, product=product, prefix=prefix)
            self.calls.add(correlation_id)
            await self._question(seed, plant, product, correlation_id)
            observation = await self._observation(correlation_id)
            applied = any(a.seed_id == seed.seed_id and a.correlation_id == correlation_id for a in self._applied())
            given = "NOT_OBSERVED" if observation is None else class_name(observation.comparison_class)
            if applied and given == seed.expected_class:
                return True
            self._note(seed, given if applied else "NOT_APPLIED")
        return False

    def _note(self, seed: Seed, instead: str) -> None:
        """Remember what was seen instead; a class that the seed was given says more than that it was not applied."""
        if instead != "NOT_APPLIED" or seed.seed_id not in self.findings.instead:
            self.findings.instead[seed.seed_id] = instead

    async def _question(self, seed: Seed, plant: str, product: str, correlation_id: str) -> None:
        metadata = (("x-correlation-id", correlation_id),)
        try:
            if seed.operation == PRICING:
                await self._prices.CalculatePrices(self._price(seed, plant, product), metadata=metadata, timeout=30)
            elif seed.operation == AVAILABILITY:
                request = self._promise(seed, plant, product)
                await self._availability.CheckAvailability(request, metadata=metadata, timeout=30)
            else:
                await self._orders.SimulateOrder(self._order(seed, plant, product), metadata=metadata, timeout=30)
        except grpc.aio.AioRpcError as error:
            # The caller of a refused question is told so; whether both ERPs refused alike is the observation's matter.
            if error.code() not in (
                grpc.StatusCode.INVALID_ARGUMENT,
                grpc.StatusCode.NOT_FOUND,
                grpc.StatusCode.FAILED_PRECONDITION,
            ):
                self.findings.instead[seed.seed_id] = f"{error.code().name}: {error.details()}"

    async def _observation(self, correlation_id: str) -> comparisons_pb2.Observation | None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _OBSERVED_WITHIN
        request = comparisons_pb2.ListObservationsRequest(correlation_id=correlation_id, page_size=1)
        while loop.time() < end:
            answer = await self._comparisons.ListObservations(request, timeout=20)
            if answer.observations:
                return answer.observations[0]
            await asyncio.sleep(0.1)
        return None

    def _customer(self, product: str) -> str:
        return customer_name(self._master.business_unit, asking_customer(self._master, product))

    def _price(self, seed: Seed, plant: str, product: str) -> pricing_pb2.CalculatePricesRequest:
        unit = self._master.business_unit
        request = pricing_pb2.CalculatePricesRequest(
            parent=business_unit_name(unit), customer=self._customer(product), currency_code=self._master.currency,
            pricing_date=from_date(self._master.today),
        )  # fmt: skip
        self._fill(request.lines.add(), seed, plant, product)
        return request

    def _promise(self, seed: Seed, plant: str, product: str) -> availability_pb2.CheckAvailabilityRequest:
        request = availability_pb2.CheckAvailabilityRequest(
            parent=business_unit_name(self._master.business_unit), customer=self._customer(product)
        )
        self._fill(request.lines.add(), seed, plant, product)
        return request

    def _order(self, seed: Seed, plant: str, product: str) -> orders_pb2.SimulateOrderRequest:
        request = orders_pb2.SimulateOrderRequest(parent=business_unit_name(self._master.business_unit))
        request.order.customer = self._customer(product)
        request.order.currency_code = self._master.currency
        request.order.purchase_order_number = f"PROBE-{self._numbers[seed.seed_id]}"
        request.order.pricing_date.CopyFrom(from_date(self._master.today))
        self._fill(request.order.lines.add(), seed, plant, product)
        return request

    def _fill(
        self,
        line: pricing_pb2.PricingLine | availability_pb2.AvailabilityLine | orders_pb2.OrderLine,
        seed: Seed,
        plant: str,
        product: str,
    ) -> None:
        line.line_id = "1"
        line.product = product_name(self._master.business_unit, product)
        line.plant = plant
        line.quantity.value.value, line.quantity.unit = asked_quantity(seed, self._master.stock[product, plant])


def matching_places(seed: Seed, master: MasterData) -> list[tuple[str, str]]:
    """Return the plants and products of the data that the seed is about."""
    return [
        (plant, product)
        for product, plant in master.stock
        if seed.plant in ("*", plant) and seed.product in ("*", product)
    ]


def asking_customer(master: MasterData, product: str) -> str:
    """Return a customer who pays the product's base price, the first one where all have a standing discount."""
    adjusted = {a.customer for a in master.adjustments if a.product == product}
    customers = [c.customer for c in master.customers]
    return next((c for c in customers if c not in adjusted), customers[0])


def turn_of(seed: Seed, seeds: Sequence[Seed], *, plant: str, product: str, prefix: str) -> str:
    """Return a new correlation id with which the stand-ins apply this seed, where several fit the question."""
    while True:
        correlation_id = f"{prefix}-{os.urandom(6).hex()}"
        picked = applicable(
            seeds, backend=seed.backend, operation=seed.operation, plant=plant, product=product,
            correlation_id=correlation_id, shadow=True,
        )  # fmt: skip
        if picked is seed:
            return correlation_id


def asked_quantity(seed: Seed, stock: Stock) -> tuple[str, str]:
    """Return quantity and unit of the question in which the seed shows: stock and dates only in a quantity that the
    stock does not cover, unit factors only in another unit than the base unit, prices only beyond what rounding hides.
    """
    if seed.cause == "unit_factor":
        return "5", "DZN"
    if seed.cause in ("stock_frozen", "date_form", "date_zone"):
        return str(int(stock.on_hand + stock.on_order) + 1000), "EA"
    return (_MANY if seed.cause in ("price", "discount") else _FEW), "EA"

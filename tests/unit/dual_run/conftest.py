"""A dual run over scripted ERPs and a sink that remembers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.common_pb2 import AvailabilityDecision
from erp.v1.orders_pb2 import SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.amounts import money, quantity
from erp_ports.call import Call
from erp_ports.errors import ErpError
from erp_ports.operations import Declaration, Operation, Support
from erp_routing.dual_run import DualRun
from erp_routing.observation import ComparisonTask, CoverageScope, LeftOut, Observation
from erp_routing.routes import Capability, StockSync

Answer = Any
_SUPPORTED = dict.fromkeys(
    (Operation.CALCULATE_PRICES, Operation.CHECK_AVAILABILITY, Operation.SIMULATE_ORDER), Support.SUPPORTED
)


@dataclass
class ScriptedErp:
    """Says what it was told to say, in order; the last answer is said for ever."""

    answers: list[Answer] = field(default_factory=list)
    declaration: Declaration = field(default_factory=lambda: Declaration(operations=dict(_SUPPORTED)))
    calls: list[tuple[str, Any, Call]] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    asked: Callable[[], Awaitable[None]] | None = None

    async def calculate_prices(self, request: CalculatePricesRequest, call: Call) -> CalculatePricesResponse:
        return await self._say("calculate_prices", request, call)

    async def check_availability(self, request: CheckAvailabilityRequest, call: Call) -> CheckAvailabilityResponse:
        return await self._say("check_availability", request, call)

    async def simulate_order(self, request: SimulateOrderRequest, call: Call) -> SimulateOrderResponse:
        return await self._say("simulate_order", request, call)

    async def check(self, call: Call) -> list[Any]:
        return []

    async def close(self) -> None:
        return None

    async def _say(self, operation: str, request: Any, call: Call) -> Any:
        self.calls.append((operation, request, call))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self.asked is not None:
                await self.asked()
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        finally:
            self.running -= 1
        if isinstance(answer, Exception):
            raise answer
        return answer


class RememberingSink:
    """Keeps everything in lists."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.left_out: Counter[tuple[CoverageScope, LeftOut]] = Counter()
        self.failing: Exception | None = None
        self.heard = asyncio.Event()

    async def store(self, observation: Observation) -> None:
        if self.failing is not None:
            raise self.failing
        self.observations.append(observation)
        self.heard.set()

    async def count(self, left_out: Mapping[tuple[CoverageScope, LeftOut], int]) -> None:
        if self.failing is not None:
            raise self.failing
        self.left_out.update(left_out)
        self.heard.set()


@dataclass
class Stage:
    """The legacy ERP answers, the cloud ERP is compared."""

    dual_run: DualRun
    cloud: ScriptedErp
    legacy: ScriptedErp
    sink: RememberingSink

    async def compared(self, task: ComparisonTask) -> Observation:
        """Offer one task and return its observation."""
        self.dual_run.offer(task)
        assert await self.dual_run.drain(5)
        return self.sink.observations[-1]


@pytest.fixture
async def stage() -> AsyncIterator[Callable[..., Stage]]:
    """Build a dual run; it is closed after the test, and every call must be accounted for then."""
    built: list[DualRun] = []

    def build(**options: Any) -> Stage:
        cloud, legacy, sink = ScriptedErp(), ScriptedErp(), RememberingSink()
        settings: dict[str, Any] = {"zones": {}, "linger_seconds": 0.0, "sync_lag_seconds": 0.0, **options}
        dual_run = DualRun({"cloud": cloud}, {"legacy": legacy}, sink, **settings)
        built.append(dual_run)
        return Stage(dual_run=dual_run, cloud=cloud, legacy=legacy, sink=sink)

    yield build
    for dual_run in built:
        await asyncio.wait_for(dual_run.close(), 5)
        total = dual_run.coverage.total()
        assert (total.adds_up, total.pending) == (True, 0)


def price_answer(net: str = "199.00") -> CalculatePricesResponse:
    answer = CalculatePricesResponse()
    line = answer.lines.add(line_id="10", product="businessUnits/NW/products/11", plant="EU01")
    line.quantity.CopyFrom(quantity(Decimal(10), "EA"))
    line.net_amount.CopyFrom(money(Decimal(net), "EUR"))
    return answer


def promise(decision: AvailabilityDecision.ValueType) -> CheckAvailabilityResponse:
    answer = CheckAvailabilityResponse()
    answer.lines.add(line_id="10", product="businessUnits/NW/products/11", plant="EU01", decision=decision)
    return answer


@pytest.fixture
def prices() -> Callable[..., CalculatePricesResponse]:
    return price_answer


@pytest.fixture
def promises() -> Callable[..., CheckAvailabilityResponse]:
    return promise


@pytest.fixture
def task() -> Callable[..., ComparisonTask]:
    """Build a task: prices by default, availability with `operation`."""

    def build(control_answer: Any | ErpError | None, **changes: Any) -> ComparisonTask:
        fields: dict[str, Any] = {
            "operation": Operation.CALCULATE_PRICES,
            "capability": Capability.PRICING,
            "request": CalculatePricesRequest(parent="businessUnits/NW"),
            "control_answer": control_answer,
            "control": "legacy",
            "candidate": "cloud",
            "business_unit": "NW",
            "plants": ("EU01",),
            "correlation_id": "call-1",
            "traceparent": "00-1-1-01",
            "route_version": 3,
            "stock_sync": StockSync.LIVE,
            "control_started": time.monotonic(),
            "control_seconds": 0.012,
            **changes,
        }
        if fields["operation"] is Operation.CHECK_AVAILABILITY:
            fields |= {"capability": Capability.AVAILABILITY, "request": CheckAvailabilityRequest()}
        return ComparisonTask(**fields)

    return build

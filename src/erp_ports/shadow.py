"""The view of an adapter that the dual run holds."""

from __future__ import annotations

from collections.abc import Sequence

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse
from erp.v1.orders_pb2 import SimulateOrderRequest, SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse
from erp_ports.call import Call
from erp_ports.operations import Declaration, Effect
from erp_ports.ports import FullAdapter
from erp_ports.values import CheckResult


class ShadowView:
    """An adapter without its WRITE operations: they are not refused here, they do not exist."""

    __slots__ = ("__adapter", "declaration")

    def __init__(self, adapter: FullAdapter) -> None:
        self.__adapter = adapter
        full = adapter.declaration
        self.declaration = Declaration(
            operations={op: s for op, s in full.operations.items() if op.effect is not Effect.WRITE},
            simulated_fields=full.simulated_fields,
        )

    async def calculate_prices(self, request: CalculatePricesRequest, call: Call) -> CalculatePricesResponse:
        return await self.__adapter.calculate_prices(request, call)

    async def check_availability(self, request: CheckAvailabilityRequest, call: Call) -> CheckAvailabilityResponse:
        return await self.__adapter.check_availability(request, call)

    async def simulate_order(self, request: SimulateOrderRequest, call: Call) -> SimulateOrderResponse:
        return await self.__adapter.simulate_order(request, call)

    async def check(self, call: Call) -> Sequence[CheckResult]:
        return await self.__adapter.check(call)

    async def close(self) -> None:
        await self.__adapter.close()

"""Answers of two ERPs, as small as a test needs them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from erp.v1.availability_pb2 import CheckAvailabilityResponse
from erp.v1.orders_pb2 import SimulateOrderResponse
from erp.v1.pricing_pb2 import CalculatePricesResponse
from erp_ports.amounts import money


def _fill(line: Any, changes: dict[str, Any]) -> None:
    for path, value in changes.items():
        *parents, name = path.split("__")
        target = line
        for parent in parents:
            target = getattr(target, parent)
        if value is None:
            target.ClearField(name)
        elif isinstance(value, Decimal):
            getattr(target, name).CopyFrom(money(value, "EUR"))
        elif isinstance(value, list):
            target.ClearField(name)
            getattr(target, name).extend(value)
        elif isinstance(value, str | int):
            setattr(target, name, value)
        else:
            getattr(target, name).CopyFrom(value)


@pytest.fixture
def prices() -> Callable[..., CalculatePricesResponse]:
    """Build prices: keywords change every line (`net_price__unit="DZN"`); the total follows the lines."""

    def build(*, lines: int = 1, backend: str = "legacy", total: Decimal | None = None, **changes: Any) -> Any:
        answer = CalculatePricesResponse()
        answer.pricing_date.year, answer.pricing_date.month, answer.pricing_date.day = 2026, 3, 2
        for number in range(1, lines + 1):
            line = answer.lines.add(line_id=str(number * 10), product="businessUnits/NW/products/11", plant="EU01")
            line.quantity.value.value, line.quantity.unit = "10", "EA"
            for price in (line.list_price, line.net_price):
                price.amount.CopyFrom(money(Decimal("19.90"), "EUR"))
                price.unit = "EA"
            line.net_amount.CopyFrom(money(Decimal("199.00"), "EUR"))
            line.description = "Queso Cabrales"
            line.source.backend, line.source.route_version = backend, 7
            _fill(line, changes)
        sums = sum(
            (Decimal(x.net_amount.units) + Decimal(x.net_amount.nanos) / 10**9 for x in answer.lines), Decimal(0)
        )
        answer.net_amount.CopyFrom(money(sums if total is None else total, "EUR"))
        return answer

    return build


@pytest.fixture
def availability() -> Callable[..., CheckAvailabilityResponse]:
    """Build availability of one line: 6 EA on the requested date, 4 EA a week later."""

    def build(*, backend: str = "legacy", **changes: Any) -> Any:
        answer = CheckAvailabilityResponse()
        line = answer.lines.add(line_id="10", product="businessUnits/NW/products/11", plant="EU01", decision="PARTIAL")
        line.requested_date.year, line.requested_date.month, line.requested_date.day = 2026, 3, 2
        for day, many in ((2, "6"), (9, "4")):
            confirmation = line.confirmations.add()
            confirmation.ship_date.year, confirmation.ship_date.month, confirmation.ship_date.day = 2026, 3, day
            confirmation.quantity.value.value, confirmation.quantity.unit = many, "EA"
        line.earliest_full_date.CopyFrom(line.confirmations[1].ship_date)
        line.source.backend = backend
        _fill(line, changes)
        return answer

    return build


@pytest.fixture
def simulation(
    prices: Callable[..., CalculatePricesResponse], availability: Callable[..., CheckAvailabilityResponse]
) -> Callable[..., SimulateOrderResponse]:
    """Build the simulation of one line."""

    def build(*, backend: str = "legacy", **changes: Any) -> Any:
        price, promise = prices().lines[0], availability().lines[0]
        answer = SimulateOrderResponse(credit_decision="CREDIT_DECISION_APPROVED")
        line = answer.lines.add(
            line_id="10",
            product=price.product,
            plant=price.plant,
            quantity=price.quantity,
            net_price=price.net_price,
            net_amount=price.net_amount,
            requested_date=promise.requested_date,
            decision=promise.decision,
            confirmations=promise.confirmations,
            description=price.description,
        )
        line.source.backend = backend
        _fill(line, changes)
        answer.net_amount.CopyFrom(line.net_amount)
        return answer

    return build

"""Every comparison of a booking comes to its end, however the outcome became known."""

from __future__ import annotations

from typing import Any

import pytest

from erp.v1.orders_pb2 import Order
from erp_facade.orders.results import Result
from erp_facade.orders.shadowing import refusal_of
from erp_facade.orders.states import State
from erp_ports.errors import NotFound, RefusalReason, Rejected
from erp_routing.routes import Stage


@pytest.mark.parametrize(
    ("reason", "kind", "refusal"),
    [
        ("CREDIT", Rejected, RefusalReason.CREDIT),
        ("STOCK", Rejected, RefusalReason.STOCK),
        ("PRICE_MISSING", Rejected, RefusalReason.PRICE_MISSING),
        ("REFUSED", Rejected, RefusalReason.VALIDATION),
    ],
)
def test_a_refusal_is_compared_by_its_class(reason: str, kind: type[Rejected], refusal: RefusalReason) -> None:
    error = refusal_of(Result(state=State.REJECTED, outcome="REFUSED", refusal_reason=reason, refusal_message="no"))
    assert type(error) is kind
    assert (error.reason, error.message) == (refusal, "no")  # type: ignore[attr-defined]


def test_an_unknown_customer_stays_an_unknown_customer() -> None:
    error = refusal_of(Result(state=State.REJECTED, outcome="REFUSED", refusal_reason="UNKNOWN_CUSTOMER"))
    assert isinstance(error, NotFound)
    assert error.kind == "customer"


class Shadow:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def complete(self, booked: object, control_started: float) -> None:
        self.told.append(booked)

    def abandon(self, reason: str) -> None:
        self.told.append(reason)

    async def is_told(self) -> bool:
        return bool(self.told)


async def shadowed(bench: Any, request_id: str) -> tuple[Shadow, Order]:
    shadow = Shadow()
    bench.shadow_booking = lambda request, decision, **identity: shadow
    await bench.restart()
    await bench.set_routes(bench.route("EU01", Stage.SHADOW))
    return shadow, await bench.create(bench.request(request_id), wait=0)


async def test_a_booking_found_by_look_up_after_a_hand_over_ends_its_comparison(bench: Any) -> None:
    bench.erps["legacy"].faults.hold_bookings = True
    shadow, order = await shadowed(bench, "held")
    await bench.until(order.name, "HANDED_OVER")
    assert shadow.told == []
    bench.erps["legacy"].book_held()
    await bench.until(order.name, "BOOKED")
    await bench.eventually(shadow.is_told)
    (booked,) = shadow.told
    assert isinstance(booked, Order)


async def test_a_refused_booking_ends_its_comparison_with_the_refusal(bench: Any) -> None:
    bench.erps["legacy"].faults.refuse_next = Rejected("over the limit", reason=RefusalReason.CREDIT)
    shadow, order = await shadowed(bench, "refused")
    await bench.until(order.name, "REJECTED")
    await bench.eventually(shadow.is_told)
    (refusal,) = shadow.told
    assert isinstance(refusal, Rejected)
    assert refusal.reason is RefusalReason.CREDIT

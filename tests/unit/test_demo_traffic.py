import datetime as dt
from decimal import Decimal

from erp_facade.demo.traffic import create_request, requested_date
from erp_ports.amounts import to_date
from erp_sandbox.master_data import Line, MasterData, Order

_TODAY = dt.date(2026, 3, 10)
_EVENING = dt.datetime(2026, 3, 10, 21, 30, tzinfo=dt.UTC)
_PLANTS = {"AKL": "Pacific/Auckland", "LAX": "America/Los_Angeles"}


def order(requested: dt.date) -> Order:
    lines = tuple(
        Line(
            line_id=str(number),
            product="11",
            plant=plant,
            quantity=Decimal(2),
            discount=Decimal(0),
            unit_price=Decimal(3),
        )
        for number, plant in enumerate(_PLANTS, start=1)
    )
    return Order(order="9001", customer="C1", order_date=_TODAY, requested_date=requested, lines=lines)


def master(*orders: Order) -> MasterData:
    return MasterData(
        business_unit="NW",
        currency="USD",
        today=_TODAY,
        plants=_PLANTS,
        products=(),
        prices={},
        stock={},
        customers=(),
        adjustments=(),
        orders=orders,
        weeks_moved=0,
    )


def test_nothing_is_requested_for_a_day_that_is_over_in_its_plant() -> None:
    today = order(_TODAY)
    assert requested_date(master(today), today, "AKL", _EVENING) == dt.date(2026, 3, 11)
    assert requested_date(master(today), today, "LAX", _EVENING) == _TODAY


def test_an_order_asks_for_its_own_date_and_a_line_of_a_plant_that_is_a_day_ahead_for_the_next() -> None:
    request = create_request(master(order(_TODAY)), order(_TODAY), _EVENING)
    assert to_date(request.order.requested_date) == _TODAY
    ahead, behind = request.order.lines
    assert to_date(ahead.requested_date) == dt.date(2026, 3, 11)
    assert not behind.HasField("requested_date")


def test_a_later_date_is_the_same_in_every_zone() -> None:
    request = create_request(master(order(dt.date(2026, 3, 20))), order(dt.date(2026, 3, 20)), _EVENING)
    assert to_date(request.order.requested_date) == dt.date(2026, 3, 20)
    assert not any(line.HasField("requested_date") for line in request.order.lines)

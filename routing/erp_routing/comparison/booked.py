"""A booked order in the shape of a simulation, so that the shadow of a booking walks the same messages."""

from __future__ import annotations

from erp.v1.orders_pb2 import Order, SimulatedLine, SimulateOrderResponse
from erp_ports.amounts import money, money_amount

BOOKED_FIELDS = frozenset({"line_id", "product", "plant", "quantity", "net_amount", "confirmations"})
"""The fields of `SimulatedLine` that a booked order states too."""


def as_simulation(order: Order) -> SimulateOrderResponse:
    """Return what was booked; the total is there when the order, or every part of it, states its net amount."""
    response = SimulateOrderResponse()
    for line in order.lines:
        booked = SimulatedLine(
            line_id=line.line_id,
            product=line.product,
            plant=line.plant,
            quantity=line.quantity,
            confirmations=line.confirmations,
        )
        if line.HasField("net_amount"):
            booked.net_amount.CopyFrom(line.net_amount)
        response.lines.append(booked)
    if order.HasField("net_amount"):
        response.net_amount.CopyFrom(order.net_amount)
    elif order.parts and all(part.HasField("net_amount") for part in order.parts):
        amounts = [part.net_amount for part in order.parts]
        total = sum(money_amount(amount) for amount in amounts[1:]) + money_amount(amounts[0])
        response.net_amount.CopyFrom(money(total, amounts[0].currency_code))
    return response

"""A composed simulation, for an ERP that cannot simulate an order: prices and availability put together."""

from __future__ import annotations

from erp.v1.availability_pb2 import CheckAvailabilityRequest, CheckAvailabilityResponse, LineAvailability
from erp.v1.orders_pb2 import (
    CREDIT_DECISION_NOT_CHECKED,
    OrderLine,
    SimulatedLine,
    SimulateOrderRequest,
    SimulateOrderResponse,
)
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse, PricedLine

COMPOSED_FIELDS = frozenset(
    {
        "line_id",
        "product",
        "plant",
        "quantity",
        "net_price",
        "net_amount",
        "requested_date",
        "decision",
        "confirmations",
        "description",
        "base_quantity",
    }
)
"""The fields of `SimulatedLine` that a composed simulation fills; an adapter declares those that it has."""


def pricing_request(request: SimulateOrderRequest) -> CalculatePricesRequest:
    """Return the question about prices that an order contains."""
    order = request.order
    question = CalculatePricesRequest(parent=request.parent, customer=order.customer, currency_code=order.currency_code)
    question.pricing_date.CopyFrom(order.pricing_date)
    for line in order.lines:
        asked = question.lines.add(line_id=line.line_id, product=line.product, plant=line.plant)
        asked.quantity.CopyFrom(line.quantity)
        if line.HasField("agreed_discount"):
            asked.agreed_discount.CopyFrom(line.agreed_discount)
        if line.HasField("agreed_unit_price"):
            asked.agreed_unit_price.CopyFrom(line.agreed_unit_price)
    return question


def availability_request(request: SimulateOrderRequest) -> CheckAvailabilityRequest:
    """Return the question about availability that an order contains."""
    question = CheckAvailabilityRequest(parent=request.parent, customer=request.order.customer)
    for line in request.order.lines:
        asked = question.lines.add(line_id=line.line_id, product=line.product, plant=line.plant)
        asked.quantity.CopyFrom(line.quantity)
        asked.requested_date.CopyFrom(line.requested_date)
    return question


def compose_simulation(
    request: SimulateOrderRequest, prices: CalculatePricesResponse, availability: CheckAvailabilityResponse
) -> SimulateOrderResponse:
    """Return the simulation that both answers make together, marked `composed`.

    Both answers must hold every line of the order; a missing one raises ValueError. Credit is not checked.
    """
    priced = {line.line_id: line for line in prices.lines}
    available = {line.line_id: line for line in availability.lines}
    missing = [x.line_id for x in request.order.lines if x.line_id not in priced or x.line_id not in available]
    if missing:
        raise ValueError(f"no price or no availability for these lines: {', '.join(missing)}")
    response = SimulateOrderResponse(composed=True, credit_decision=CREDIT_DECISION_NOT_CHECKED)
    response.lines.extend(
        _composed_line(line, priced[line.line_id], available[line.line_id]) for line in request.order.lines
    )
    response.net_amount.CopyFrom(prices.net_amount)
    if prices.HasField("tax_amount"):
        response.tax_amount.CopyFrom(prices.tax_amount)
    return response


def _composed_line(line: OrderLine, price: PricedLine, availability: LineAvailability) -> SimulatedLine:
    composed = SimulatedLine(
        line_id=line.line_id,
        product=line.product,
        plant=line.plant,
        quantity=line.quantity,
        net_price=price.net_price,
        net_amount=price.net_amount,
        requested_date=availability.requested_date,
        decision=availability.decision,
        confirmations=availability.confirmations,
        description=price.description,
    )
    if price.HasField("base_quantity"):
        composed.base_quantity.CopyFrom(price.base_quantity)
    return composed

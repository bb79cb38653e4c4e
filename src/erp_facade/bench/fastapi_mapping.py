"""Models of the hand-written endpoint to the messages that the adapter takes, and back."""

from __future__ import annotations

import datetime as dt

from google.type.decimal_pb2 import Decimal as DecimalMessage
from google.type.money_pb2 import Money as MoneyMessage

from erp.v1 import common_pb2, pricing_pb2
from erp_facade.bench import fastapi_models as models
from erp_ports.amounts import from_date
from erp_ports.names import business_unit_name


def to_message(business_unit: str, request: models.PriceRequest, today: dt.date) -> pricing_pb2.CalculatePricesRequest:
    """Return the adapter's request; without a pricing date today's prices apply."""
    message = pricing_pb2.CalculatePricesRequest(
        parent=business_unit_name(business_unit), customer=request.customer, currency_code=request.currency_code
    )
    date = request.pricing_date
    message.pricing_date.CopyFrom(from_date(today if date is None else dt.date(date.year, date.month, date.day)))
    for line in request.lines:
        asked = message.lines.add(line_id=line.line_id, product=line.product, plant=line.plant)
        asked.quantity.unit = line.quantity.unit
        asked.quantity.value.value = line.quantity.value.value
        if line.agreed_discount is not None:
            asked.agreed_discount.value = line.agreed_discount.value
    return message


def from_message(
    message: pricing_pb2.CalculatePricesResponse, source: models.Source, valid_until: dt.datetime
) -> models.PriceAnswer:
    """Return the answer with its source on every line."""
    date = message.pricing_date
    return models.PriceAnswer(
        lines=[_line(line, source) for line in message.lines],
        net_amount=_money(message.net_amount),
        tax_amount=_money(message.tax_amount) if message.HasField("tax_amount") else None,
        pricing_date=models.Date(year=date.year, month=date.month, day=date.day),
        valid_until=valid_until,
    )


def _line(line: pricing_pb2.PricedLine, source: models.Source) -> models.PricedLine:
    return models.PricedLine(
        line_id=line.line_id,
        product=line.product,
        plant=line.plant,
        quantity=_quantity(line.quantity),
        list_price=_unit_price(line.list_price),
        net_price=_unit_price(line.net_price),
        components=[
            models.Component(
                kind=pricing_pb2.PriceComponent.Kind.Name(c.kind),
                amount=_money(c.amount),
                source_code=c.source_code,
            )
            for c in line.components
        ],
        net_amount=_money(line.net_amount),
        tax_amount=_money(line.tax_amount) if line.HasField("tax_amount") else None,
        description=line.description,
        source=source,
        base_quantity=_quantity(line.base_quantity) if line.HasField("base_quantity") else None,
    )


def _money(value: MoneyMessage) -> models.Money:
    return models.Money(currency_code=value.currency_code, units=str(value.units), nanos=value.nanos)


def _decimal(value: DecimalMessage) -> models.PlainDecimal:
    return models.PlainDecimal(value=value.value)


def _quantity(value: common_pb2.Quantity) -> models.Quantity:
    return models.Quantity(value=_decimal(value.value), unit=value.unit)


def _unit_price(value: common_pb2.UnitPrice) -> models.UnitPrice:
    return models.UnitPrice(
        amount=_money(value.amount),
        per_quantity=_decimal(value.per_quantity) if value.HasField("per_quantity") else None,
        unit=value.unit,
    )

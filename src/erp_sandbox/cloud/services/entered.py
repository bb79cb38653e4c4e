"""From an entered document to what is ordered; sales orders and simulations differ in a few names only."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from http import HTTPStatus

from erp_sandbox.cloud.messages import Message, SapError, Text, message
from erp_sandbox.cloud.odata.bodies import Entered
from erp_sandbox.cloud.odata.values import without_zeros
from erp_sandbox.cloud.ordering import BASE_UNIT, FACTORS, ItemRequest, OrderRequest
from erp_sandbox.cloud.pricing import MANUAL_DISCOUNTS, MANUAL_PRICES, BasePrice, Percentage
from erp_sandbox.cloud.services.sales_order_model import KEPT

_SHIP_TO = ("SH", "WE")
_NUMBER_STEP = 10


def order_request(entered: Entered, *, plant_property: str, today: dt.date) -> OrderRequest:
    """Return what is ordered; raise SapError when a condition cannot be entered."""
    pricing_date = _date(entered, "PricingDate") or today
    requested = _date(entered, "RequestedDeliveryDate") or today
    sold_to = entered.text("SoldToParty")
    ship_to = [
        partner.text("Customer")
        for partner in entered.children.get("to_Partner", ())
        if partner.text("PartnerFunction") in _SHIP_TO
    ]
    items = entered.children.get("to_Item", ())
    numbers = _numbers([item.text("SalesOrderItem") for item in items])
    return OrderRequest(
        order_type=entered.text("SalesOrderType"),
        sales_organization=entered.text("SalesOrganization"),
        channel=entered.text("DistributionChannel"),
        division=entered.text("OrganizationDivision"),
        sold_to=sold_to,
        ship_to=ship_to[0] if ship_to else sold_to,
        purchase_order=entered.text("PurchaseOrderByCustomer"),
        assignment=entered.text("AssignmentReference"),
        order_date=_date(entered, "SalesOrderDate") or today,
        pricing_date=pricing_date,
        requested_date=requested,
        currency=entered.text("TransactionCurrency"),
        items=tuple(
            _item_request(item, number, plant_property, pricing_date, requested)
            for item, number in zip(items, numbers, strict=True)
        ),
        other={name: entered.text(name) for name, _ in KEPT if entered.text(name)},
    )


def _item_request(
    item: Entered, number: str, plant_property: str, pricing_date: dt.date, requested: dt.date
) -> ItemRequest:
    price, percentages = _conditions(item)
    quantity = item.values.get("RequestedQuantity")
    dates = [_date(line, "RequestedDeliveryDate") for line in item.children.get("to_ScheduleLine", ())]
    return ItemRequest(
        number=number,
        material=item.text("Material"),
        plant=item.text(plant_property),
        quantity=quantity if isinstance(quantity, Decimal) else Decimal(0),
        unit=item.text("RequestedQuantityUnit") or BASE_UNIT,
        purchase_order_item=item.text("UnderlyingPurchaseOrderItem"),
        pricing_date=_date(item, "PricingDate") or pricing_date,
        requested_date=next((date for date in dates if date is not None), requested),
        manual_price=price,
        percentages=percentages,
    )


def _conditions(item: Entered) -> tuple[BasePrice | None, tuple[Percentage, ...]]:
    """Return the conditions entered by hand: one price at most, any number of percentages."""
    price: BasePrice | None = None
    percentages: list[Percentage] = []
    errors: list[Message] = []
    for condition in item.children.get("to_PricingElement", ()):
        kind = condition.text("ConditionType")
        rate = condition.values.get("ConditionRateValue")
        if kind in MANUAL_PRICES and isinstance(rate, Decimal) and price is None:
            unit = condition.text("ConditionQuantityUnit") or item.text("RequestedQuantityUnit") or BASE_UNIT
            per = condition.values.get("ConditionQuantity")
            if unit not in FACTORS:
                errors.append(message(Text.UNIT_UNKNOWN, unit, item.text("Material")))
                continue
            price = BasePrice(
                rate=rate,
                per=per if isinstance(per, Decimal) and per > 0 else Decimal(1),
                unit=unit,
                factor=FACTORS[unit],
                type=kind,
                manual=True,
            )
        elif kind in MANUAL_DISCOUNTS and isinstance(rate, Decimal):
            percentages.append(Percentage(type=kind, percent=rate, manual=True))
        else:
            errors.append(message(Text.CONDITION_UNKNOWN, kind))
    if errors:
        raise SapError(HTTPStatus.BAD_REQUEST, errors)
    return price, tuple(percentages)


def _numbers(given: list[str]) -> list[str]:
    """Number the items that have no number: 10, 20 and so on after the highest given one."""
    highest = max((int(each) for each in given if each.isdecimal()), default=0)
    result = []
    for each in given:
        if not each:
            highest += _NUMBER_STEP
        result.append(without_zeros(each) or str(highest))
    return result


def _date(entered: Entered, name: str) -> dt.date | None:
    value = entered.values.get(name)
    return value if isinstance(value, dt.date) else None

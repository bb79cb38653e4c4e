"""Prices: a request as a simulated order without dates, and the simulated items as priced lines. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.mapping import (
    Words,
    money_from_s4,
    price_per,
    quantity_from_s4,
    require_currency,
    require_material,
    unit_price,
)
from cloud_erp.s4hana.mapping_items import conditions_to_s4, item_of, item_to_s4, items_by_number
from erp.v1.common_pb2 import Quantity, UnitPrice
from erp.v1.pricing_pb2 import CalculatePricesRequest, CalculatePricesResponse, PriceComponent, PricedLine
from erp_ports.amounts import money, to_date
from erp_ports.errors import RefusalReason, Rejected
from erp_ports.names import business_unit_of

Conditions = Sequence[odata.Entity]


def prices_to_s4(request: CalculatePricesRequest, words: Words) -> dict[str, Any]:
    """Return the simulation to post. Schedule lines are not asked for: checking stock takes most of the time."""
    area = words.area(business_unit_of(request.parent))
    return {
        "SalesOrderType": area.order_type,
        "SalesOrganization": area.sales_organisation,
        "DistributionChannel": area.distribution_channel,
        "OrganizationDivision": area.division,
        "SoldToParty": words.customer_to_s4(request.customer),
        "TransactionCurrency": request.currency_code,
        "PricingDate": odata.wire_date(to_date(request.pricing_date)),
        "to_Pricing": {},
        "to_Item": [
            # An empty list asks for the conditions: the service returns only what the request names.
            item_to_s4(position, line, words, plant_field="Plant")
            | {"to_PricingElement": conditions_to_s4(line, words)}
            for position, line in enumerate(request.lines)
        ],
    }


def prices_from_s4(
    request: CalculatePricesRequest, answer: odata.Entity, words: Words, base_quantities: Mapping[str, Quantity]
) -> CalculatePricesResponse:
    """Return the simulated items as priced lines; `base_quantities` are by line id.

    Raises Rejected(PRICE_MISSING) for a line without a price, Unreadable when a line is missing.
    """
    currency = request.currency_code
    totals = odata.child(answer, "to_Pricing")
    require_currency(currency, answer, totals)
    items = items_by_number(answer)
    response = CalculatePricesResponse(pricing_date=request.pricing_date)
    net, tax = Decimal(0), Decimal(0)
    tax_known = True
    for position, asked in enumerate(request.lines):
        item = item_of(position, asked.line_id, items)
        require_currency(currency, item)
        require_material(asked.line_id, words.product_to_s4(asked.product), item)
        line_net, line_tax = net_amount(asked.line_id, item), tax_amount(item, words)
        line = PricedLine(
            line_id=asked.line_id,
            product=asked.product,
            plant=asked.plant,
            quantity=quantity_from_s4(item, words, asked.quantity),
            net_amount=money(line_net, currency),
            tax_amount=money_from_s4(line_tax, currency),
            description=odata.text(item, "SalesOrderItemText"),
            base_quantity=base_quantities.get(asked.line_id),
        )
        line.net_price.CopyFrom(unit_price(line_net, currency, line.quantity))
        _add_conditions(line, active_conditions(item), currency, words)
        response.lines.append(line)
        net += line_net
        tax_known = tax_known and line_tax is not None
        tax += line_tax or 0
    stated = odata.number(totals, "TotalNetAmount") if totals else None
    response.net_amount.CopyFrom(money(net if stated is None else stated, currency))
    if tax_known:
        response.tax_amount.CopyFrom(money(tax, currency))
    return response


def net_amount(line_id: str, item: odata.Entity) -> Decimal:
    """Return a simulated item's net amount; raise Rejected when nothing in it is a price."""
    net = odata.needed_number(item, "NetAmount")
    conditions = odata.children(item, "to_PricingElement")
    if net == 0 and conditions is not None and not any(_class(c) == "B" for c in active_conditions(item)):
        raise Rejected(f"line {line_id}: S/4HANA has no price for it", reason=RefusalReason.PRICE_MISSING)
    return net


def tax_amount(item: odata.Entity, words: Words) -> Decimal | None:
    """Return an item's tax, from its conditions where the item itself does not state it."""
    stated = odata.number(item, "TaxAmount")
    if stated is not None:
        return stated
    classes = words.config.conditions.classes
    taxes = [odata.number(c, "ConditionAmount") for c in active_conditions(item) if classes.get(_class(c)) == "TAX"]
    return sum((t for t in taxes if t is not None), Decimal(0)) if taxes else None


def active_conditions(item: odata.Entity) -> list[odata.Entity]:
    """Return the conditions that count: with a type, active, not for statistics."""
    return [
        condition
        for condition in odata.children(item, "to_PricingElement") or ()
        if odata.text(condition, "ConditionType")
        and not odata.text(condition, "ConditionInactiveReason")
        and not odata.flag(condition, "ConditionIsForStatistics")
    ]


def _add_conditions(line: PricedLine, conditions: Conditions, currency: str, words: Words) -> None:
    for condition in conditions:
        amount = odata.number(condition, "ConditionAmount")
        if amount is not None:
            line.components.add(
                kind=_kind(condition, amount, words),
                amount=money(amount, currency),
                source_code=odata.text(condition, "ConditionType"),
            )
    base = _base(conditions, words)
    if base is not None:
        list_price = _list_price(base, line.quantity, currency, words)
        if list_price is not None:
            line.list_price.CopyFrom(list_price)


def _kind(condition: odata.Entity, amount: Decimal, words: Words) -> PriceComponent.Kind.ValueType:
    table = words.config.conditions
    if odata.text(condition, "ConditionType") in table.freight_types:
        return PriceComponent.FREIGHT
    meaning = words.meaning("ConditionClass", _class(condition), table.classes)
    if meaning is None:
        return PriceComponent.KIND_UNSPECIFIED
    if meaning == "ADJUSTMENT":
        return PriceComponent.DISCOUNT if amount < 0 else PriceComponent.SURCHARGE
    return PriceComponent.Kind.Value(meaning)


def _base(conditions: Conditions, words: Words) -> odata.Entity | None:
    """Return the price condition: an agreed price before the ERP's own, a known type before any of class B."""
    table = words.config.conditions
    for wanted in (table.manual_price_type, *table.base_price_types):
        for condition in conditions:
            if odata.text(condition, "ConditionType") == wanted:
                return condition
    return next((c for c in conditions if table.classes.get(_class(c)) == "BASE"), None)


def _list_price(base: odata.Entity, line_quantity: Quantity, currency: str, words: Words) -> UnitPrice | None:
    """Return the rate per its price unit; a rate in another currency is restated from the converted amount."""
    rate = odata.number(base, "ConditionRateValue")
    if rate is None or odata.text(base, "ConditionCurrency") not in ("", currency):
        amount = odata.number(base, "ConditionAmount")
        return None if amount is None else unit_price(amount, currency, line_quantity)
    unit = odata.text(base, "ConditionQuantityUnit")
    units = odata.number(base, "ConditionQuantity") or Decimal(1)
    return price_per(rate, currency, units, words.from_s4("unit", unit) if unit else line_quantity.unit)


def _class(condition: odata.Entity) -> str:
    return odata.text(condition, "ConditionClass")

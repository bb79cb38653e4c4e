"""Simulated orders: an order as a simulation with dates and credit, and its answer. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.mapping import Words, quantity_from_s4, require_currency, require_material, unit_price
from cloud_erp.s4hana.mapping_items import conditions_to_s4, item_of, item_to_s4, items_by_number
from cloud_erp.s4hana.mapping_prices import net_amount, tax_amount
from cloud_erp.s4hana.mapping_schedule import confirmations_from_s4, decision
from erp.v1.common_pb2 import NOT_CHECKED, Quantity
from erp.v1.orders_pb2 import (
    CREDIT_DECISION_NOT_CHECKED,
    CREDIT_DECISION_UNKNOWN,
    CreditDecision,
    Order,
    OrderLine,
    SimulatedLine,
    SimulateOrderRequest,
    SimulateOrderResponse,
)
from erp_ports.amounts import money, to_date
from erp_ports.names import business_unit_of


def header_to_s4(business_unit: str, order: Order, words: Words) -> dict[str, Any]:
    """Return the header that a simulated and a booked order share; its requested date is the earliest of the lines."""
    area = words.area(business_unit)
    return {
        "SalesOrderType": area.order_type,
        "SalesOrganization": area.sales_organisation,
        "DistributionChannel": area.distribution_channel,
        "OrganizationDivision": area.division,
        "SoldToParty": words.customer_to_s4(order.customer),
        "TransactionCurrency": order.currency_code,
        "PricingDate": odata.wire_date(to_date(order.pricing_date)),
        "RequestedDeliveryDate": odata.wire_date(header_date(order)),
    }


def header_date(order: Order) -> dt.date:
    return min(requested_date(line, order) for line in order.lines)


def requested_date(line: OrderLine, order: Order) -> dt.date:
    return to_date(line.requested_date if line.HasField("requested_date") else order.requested_date)


def simulation_to_s4(request: SimulateOrderRequest, words: Words) -> dict[str, Any]:
    """Return the simulation to post, with schedule lines and the credit check asked for."""
    order = request.order
    usual = header_date(order)
    return header_to_s4(business_unit_of(request.parent), order, words) | {
        "PurchaseOrderByCustomer": order.purchase_order_number,
        "to_Pricing": {},
        "to_Credit": {},
        "to_Item": [
            item_to_s4(position, line, words, plant_field="Plant")
            | {
                "to_PricingElement": conditions_to_s4(line, words),
                "to_ScheduleLine": _own_schedule(line, order, usual),
            }
            for position, line in enumerate(order.lines)
        ],
    }


def _own_schedule(line: OrderLine, order: Order, usual: dt.date) -> list[dict[str, str]]:
    """Return the line's own requested date where it differs from the header's; empty asks for the ERP's proposal."""
    wanted = requested_date(line, order)
    if wanted == usual:
        return []
    return [{"RequestedDeliveryDate": odata.wire_date(wanted), "ScheduleLineOrderQuantity": line.quantity.value.value}]


def simulation_from_s4(
    request: SimulateOrderRequest, answer: odata.Entity, words: Words, base_quantities: Mapping[str, Quantity]
) -> SimulateOrderResponse:
    """Return what would be booked; raise Rejected for a line without a price, Unreadable when a line is missing."""
    order = request.order
    currency = order.currency_code
    totals = odata.child(answer, "to_Pricing")
    require_currency(currency, answer, totals)
    items = items_by_number(answer)
    response = SimulateOrderResponse(credit_decision=_credit(odata.child(answer, "to_Credit"), words))
    nets, taxes = [], []
    for position, asked in enumerate(order.lines):
        item = item_of(position, asked.line_id, items)
        require_currency(currency, item)
        require_material(asked.line_id, words.product_to_s4(asked.product), item)
        nets.append(net_amount(asked.line_id, item))
        taxes.append(tax_amount(item, words))
        line = _line(asked, order, item, nets[-1], words)
        if asked.line_id in base_quantities:
            line.base_quantity.CopyFrom(base_quantities[asked.line_id])
        response.lines.append(line)
    stated = odata.number(totals, "TotalNetAmount") if totals else None
    response.net_amount.CopyFrom(money(sum(nets, Decimal(0)) if stated is None else stated, currency))
    known = [tax for tax in taxes if tax is not None]
    if len(known) == len(taxes):
        response.tax_amount.CopyFrom(money(sum(known, Decimal(0)), currency))
    return response


def _line(asked: OrderLine, order: Order, item: odata.Entity, net: Decimal, words: Words) -> SimulatedLine:
    line = SimulatedLine(
        line_id=asked.line_id,
        product=asked.product,
        plant=asked.plant,
        quantity=quantity_from_s4(item, words, asked.quantity),
        net_amount=money(net, order.currency_code),
        requested_date=asked.requested_date if asked.HasField("requested_date") else order.requested_date,
        description=odata.text(item, "SalesOrderItemText"),
        decision=NOT_CHECKED,
    )
    line.net_price.CopyFrom(unit_price(net, order.currency_code, line.quantity))
    schedule = odata.children(item, "to_ScheduleLine")
    # A confirmed quantity without schedule lines does not say for when.
    if schedule or odata.number(item, "ConfdDelivQtyInOrderQtyUnit") == 0:
        line.confirmations.extend(confirmations_from_s4(schedule or (), line.quantity.unit))
        line.decision = decision(line.confirmations, line.quantity, requested_date(asked, order))
    return line


def _credit(credit: odata.Entity | None, words: Words) -> CreditDecision.ValueType:
    if credit is None:
        return CREDIT_DECISION_NOT_CHECKED
    code = odata.text(credit, "TotalCreditCheckStatus")
    meaning = words.meaning("TotalCreditCheckStatus", code, words.config.statuses.credit)
    return CREDIT_DECISION_UNKNOWN if meaning is None else CreditDecision.Value(f"CREDIT_DECISION_{meaning}")

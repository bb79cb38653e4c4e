"""Sales orders: a submission as a deep insert, and the booked document as an order. Pure functions."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from cloud_erp.s4hana import odata
from cloud_erp.s4hana.config import SUFFIX_SEPARATOR
from cloud_erp.s4hana.mapping import Words, quantity_from_s4, split_number
from cloud_erp.s4hana.mapping_items import conditions_to_s4, is_sub_item, item_to_s4
from cloud_erp.s4hana.mapping_schedule import confirmations_from_s4
from cloud_erp.s4hana.mapping_simulation import header_date, header_to_s4, requested_date
from erp.v1.orders_pb2 import (
    BILLING_STATE_UNKNOWN,
    FULFILMENT_STATE_UNKNOWN,
    BillingState,
    FulfilmentState,
    Order,
    OrderLine,
    OrderPart,
)
from erp_ports.amounts import from_date, money
from erp_ports.names import customer_name, product_name
from erp_ports.values import OrderSubmission

ORDER_EXPAND = "to_Item,to_Item/to_ScheduleLine"
_DELIVERY_FIELDS = ("OverallTotalDeliveryStatus", "OverallDeliveryStatus")
_STATUS_FIELDS = (
    "OverallSDProcessStatus",
    *_DELIVERY_FIELDS,
    "OverallOrdReltdBillgStatus",
    "OverallSDDocumentRejectionSts",
    "TotalCreditCheckStatus",
    "TotalBlockStatus",
    "HdrGeneralIncompletionStatus",
    "DeliveryBlockReason",
    "HeaderBillingBlockReason",
)
_NO_BLOCK = frozenset({"", "A"})
_INCOMPLETE = frozenset({"A", "B"})
_CREDIT_BLOCK = frozenset({"B", "C"})


def order_to_s4(submission: OrderSubmission, words: Words) -> dict[str, Any]:
    """Return the deep insert: header, items and their agreed conditions in one request."""
    order = submission.order
    reference = words.config.reference
    body = header_to_s4(submission.business_unit, order, words)
    if reference.is_suffix:
        body["PurchaseOrderByCustomer"] = f"{order.purchase_order_number}{SUFFIX_SEPARATOR}{submission.reference}"
    else:
        body["PurchaseOrderByCustomer"] = order.purchase_order_number
        body[reference.field] = submission.reference
    items = []
    for position, line in enumerate(order.lines):
        # In this service `ProductionPlant` is the plant that delivers.
        item = item_to_s4(position, line, words, plant_field="ProductionPlant")
        item["UnderlyingPurchaseOrderItem"] = line.line_id
        conditions = conditions_to_s4(line, words)
        if conditions:
            item["to_PricingElement"] = conditions
        items.append(item)
    return body | {"to_Item": items}


def own_dates(order: Order) -> dict[int, dt.date]:
    """Return by position the requested dates of lines that differ from the header's."""
    usual = header_date(order)
    dates = {position: requested_date(line, order) for position, line in enumerate(order.lines)}
    return {position: date for position, date in dates.items() if date != usual}


def first_schedule_line(item: odata.Entity, document_number: str) -> str:
    """Return the address of the schedule line that holds an item's wish."""
    schedule = odata.children(item, "to_ScheduleLine")
    if not schedule:
        raise odata.Unreadable(f"item {odata.text(item, 'SalesOrderItem')} has no schedule line")
    return odata.key(
        "A_SalesOrderScheduleLine",
        SalesOrder=document_number,
        SalesOrderItem=odata.text(item, "SalesOrderItem"),
        ScheduleLine=odata.text(schedule[0], "ScheduleLine"),
    )


def repeatable_headers(submission: OrderSubmission) -> dict[str, str]:
    """Return what makes the request repeatable: the same id and time in every attempt of the same reference."""
    digest = hashlib.sha256(submission.reference.encode()).hexdigest()
    return {
        "RequestID": digest[:32].upper(),
        "RepeatabilityCreation": format_datetime(submission.first_attempt_time.astimezone(dt.UTC), usegmt=True),
    }


def find_filter(reference: str, words: Words) -> str:
    """Return the filter that finds every order with this reference."""
    shape = words.config.reference
    if shape.is_suffix:
        return f"endswith({shape.field},{odata.literal(SUFFIX_SEPARATOR + reference)}) eq true"
    return f"{shape.field} eq {odata.literal(reference)}"


def has_reference(document: odata.Entity, reference: str, words: Words) -> bool:
    """Say whether a document really carries the reference: some servers ignore filters that they do not know."""
    return _reference_and_number(document, words)[0] == reference


def order_from_s4(document: odata.Entity, business_unit: str, words: Words) -> Order:
    """Return the booked document, items of the ERP's own making left out.

    A document whose items are all rejected is CANCELLED, every other one BOOKED.
    """
    currency = odata.text(document, "TransactionCurrency")
    reference, number = _reference_and_number(document, words)
    items = [item for item in odata.children(document, "to_Item") or () if not is_sub_item(item)]
    order = Order(
        customer=customer_name(business_unit, words.from_s4("customer", odata.text(document, "SoldToParty"))),
        currency_code=currency,
        purchase_order_number=number,
        lines=[_line(item, document, business_unit, words) for item in items],
        hold=_hold(document),
    )
    for field, date in (
        (order.pricing_date, odata.date(document, "PricingDate")),
        (order.requested_date, odata.date(document, "RequestedDeliveryDate")),
    ):
        if date is not None:
            field.CopyFrom(from_date(date))
    part = OrderPart(
        line_ids=[line.line_id for line in order.lines],
        submission_state=Order.CANCELLED if is_rejected(document, words) else Order.BOOKED,
        document_number=odata.text(document, "SalesOrder"),
        reference=reference,
        fulfilment_state=_fulfilment(document, words),
        billing_state=_billing(document, words),
        source_statuses=words.source_statuses(document, *_STATUS_FIELDS),
    )
    net = odata.number(document, "TotalNetAmount")
    if net is None:
        net = sum((odata.number(item, "NetAmount") or Decimal(0) for item in items), Decimal(0))
    part.net_amount.CopyFrom(money(net, currency))
    order.net_amount.CopyFrom(part.net_amount)
    order.submission_state = part.submission_state
    order.fulfilment_state = part.fulfilment_state
    order.billing_state = part.billing_state
    order.parts.append(part)
    return order


def is_rejected(document: odata.Entity, words: Words) -> bool:
    """Say whether the whole document is cancelled: the header says so, or every item has a reason of rejection."""
    if odata.text(document, "OverallSDDocumentRejectionSts") == words.config.statuses.rejected:
        return True
    items = odata.children(document, "to_Item")
    return bool(items) and all(odata.text(item, "SalesDocumentRjcnReason") for item in items or ())


def _line(item: odata.Entity, document: odata.Entity, business_unit: str, words: Words) -> OrderLine:
    currency = odata.text(item, "TransactionCurrency") or odata.text(document, "TransactionCurrency")
    plant = odata.text(item, "ProductionPlant") or odata.text(item, "Plant")
    line = OrderLine(
        line_id=odata.text(item, "UnderlyingPurchaseOrderItem") or odata.text(item, "SalesOrderItem").lstrip("0"),
        product=product_name(business_unit, words.from_s4("product", odata.text(item, "Material"))),
        plant=words.from_s4("plant", plant) if plant else "",
        quantity=quantity_from_s4(item, words),
        description=odata.text(item, "SalesOrderItemText"),
    )
    net = odata.number(item, "NetAmount")
    if net is not None:
        line.net_amount.CopyFrom(money(net, currency))
    schedule = odata.children(item, "to_ScheduleLine") or []
    line.confirmations.extend(confirmations_from_s4(schedule, line.quantity.unit))
    dates = [odata.date(one, "RequestedDeliveryDate") for one in schedule]
    requested = min((d for d in dates if d is not None), default=odata.date(document, "RequestedDeliveryDate"))
    if requested is not None:
        line.requested_date.CopyFrom(from_date(requested))
    if "DeliveryStatus" in item:
        line.fulfilment_state = _fulfilment_of("DeliveryStatus", odata.text(item, "DeliveryStatus"), words)
    return line


def _reference_and_number(document: odata.Entity, words: Words) -> tuple[str, str]:
    """Return our reference and the customer's own number."""
    reference, number = split_number(odata.text(document, "PurchaseOrderByCustomer"), words)
    shape = words.config.reference
    return reference if shape.is_suffix else odata.text(document, shape.field), number


def _fulfilment(document: odata.Entity, words: Words) -> FulfilmentState.ValueType:
    for field in _DELIVERY_FIELDS:
        if field in document:
            return _fulfilment_of(field, odata.text(document, field), words)
    return FULFILMENT_STATE_UNKNOWN


def _fulfilment_of(field: str, code: str, words: Words) -> FulfilmentState.ValueType:
    meaning = words.meaning(field, code, words.config.statuses.fulfilment)
    return FULFILMENT_STATE_UNKNOWN if meaning is None else FulfilmentState.Value(f"FULFILMENT_STATE_{meaning}")


def _billing(document: odata.Entity, words: Words) -> BillingState.ValueType:
    field = "OverallOrdReltdBillgStatus"
    if field not in document:
        return BILLING_STATE_UNKNOWN
    meaning = words.meaning(field, odata.text(document, field), words.config.statuses.billing)
    return BILLING_STATE_UNKNOWN if meaning is None else BillingState.Value(f"BILLING_STATE_{meaning}")


def _hold(document: odata.Entity) -> Order.Hold.ValueType:
    if odata.text(document, "TotalCreditCheckStatus") in _CREDIT_BLOCK:
        return Order.CREDIT
    blocked = (
        odata.text(document, "TotalBlockStatus") not in _NO_BLOCK
        or odata.text(document, "DeliveryBlockReason")
        or odata.text(document, "HeaderBillingBlockReason")
        or odata.text(document, "HdrGeneralIncompletionStatus") in _INCOMPLETE
    )
    return Order.SOURCE_HOLD if blocked else Order.HOLD_UNSPECIFIED

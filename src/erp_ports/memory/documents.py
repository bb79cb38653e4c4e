"""The in-memory ERP's documents, and how they read as messages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import (
    BILLING_STATE_BILLED,
    BILLING_STATE_NOT_APPLICABLE,
    BILLING_STATE_NOT_BILLED,
    FULFILMENT_STATE_COMPLETE,
    FULFILMENT_STATE_NOT_APPLICABLE,
    FULFILMENT_STATE_NOT_STARTED,
    PAYMENT_STATE_OPEN,
    PAYMENT_STATE_PAID,
    Order,
    SimulateOrderResponse,
)
from erp_ports.amounts import from_date, money, money_amount, round_money
from erp_ports.memory.catalogue import StockKey
from erp_ports.memory.stock import Supply


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """An order document. `order` is its content without states; `taken` is the stock that it holds."""

    number: str
    business_unit: str
    reference: str
    order: Order
    taken: tuple[tuple[StockKey, tuple[Supply, ...]], ...]
    cancelled: bool = False
    shipped: bool = False
    invoiced: bool = False

    @property
    def status(self) -> str:
        """The ERP's own status code, in the manner of ERPs."""
        if self.cancelled:
            return "X"
        return "C" if self.invoiced else "B" if self.shipped else "A"


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedInvoice:
    """An invoice, found by its native key."""

    native_key: str
    business_unit: str
    date: dt.date
    invoice: Invoice


def content(ordered: Order, simulated: SimulateOrderResponse) -> Order:
    """Return what the document of an order holds: what was ordered, with the ERP's amounts and confirmations."""
    order = Order(
        customer=ordered.customer,
        currency_code=ordered.currency_code,
        purchase_order_number=ordered.purchase_order_number,
        pricing_date=ordered.pricing_date,
        lines=ordered.lines,
        net_amount=simulated.net_amount,
    )
    for line, terms in zip(order.lines, simulated.lines, strict=True):
        line.net_amount.CopyFrom(terms.net_amount)
        line.confirmations.extend(terms.confirmations)
        line.description = terms.description
    return order


def order_message(document: Document, backend: str) -> Order:
    """Return the document as the ports promise it, with one part and the states on both levels."""
    order = Order()
    order.CopyFrom(document.order)
    fulfilment, billing = FULFILMENT_STATE_NOT_STARTED, BILLING_STATE_NOT_BILLED
    if document.cancelled:
        fulfilment, billing = FULFILMENT_STATE_NOT_APPLICABLE, BILLING_STATE_NOT_APPLICABLE
    elif document.shipped:
        fulfilment = FULFILMENT_STATE_COMPLETE
    if document.invoiced:
        billing = BILLING_STATE_BILLED
    for line in order.lines:
        line.fulfilment_state = fulfilment
    part = order.parts.add(
        line_ids=[line.line_id for line in order.lines],
        document_number=document.number,
        reference=document.reference,
        net_amount=document.order.net_amount,
    )
    for message in (order, part):
        message.submission_state = Order.CANCELLED if document.cancelled else Order.BOOKED
        message.fulfilment_state = fulfilment
        message.billing_state = billing
    part.source_statuses.add(backend=backend, field="status", value=document.status)
    return order


def invoice_message(
    document: Document, number: str, date: dt.date, *, payment_days: int, tax_rate: Decimal | None
) -> Invoice:
    """Return the invoice of a whole document, unpaid."""
    order = document.order
    currency = order.currency_code
    net_amount = money_amount(order.net_amount)
    tax_amount = round_money(net_amount * (tax_rate or 0), currency)
    invoice = Invoice(
        invoice_number=number,
        customer=order.customer,
        order_document_number=document.number,
        purchase_order_number=order.purchase_order_number,
        invoice_date=from_date(date),
        due_date=from_date(date + dt.timedelta(days=payment_days)),
        net_amount=order.net_amount,
        tax_amount=money(tax_amount, currency),
        gross_amount=money(net_amount + tax_amount, currency),
        open_amount=money(net_amount + tax_amount, currency),
        payment_state=PAYMENT_STATE_OPEN,
    )
    for position, line in enumerate(order.lines, start=1):
        invoice.lines.add(
            line_number=str(position),
            order_line_id=line.line_id,
            product=line.product,
            plant=line.plant,
            quantity=line.quantity,
            net_amount=line.net_amount,
        )
    return invoice


def paid(invoice: Invoice) -> Invoice:
    """Return the invoice with nothing left to pay."""
    settled = Invoice()
    settled.CopyFrom(invoice)
    settled.open_amount.CopyFrom(money(Decimal(0), invoice.gross_amount.currency_code))
    settled.payment_state = PAYMENT_STATE_PAID
    return settled

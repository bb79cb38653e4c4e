"""Promises about invoices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from erp.v1.invoices_pb2 import Invoice
from erp.v1.orders_pb2 import PAYMENT_STATE_UNSPECIFIED, Order
from erp_ports.amounts import money_amount, to_date
from erp_ports.conformance.asking import book_order, call, order, refusal, usual_wishes
from erp_ports.conformance.check import check, require, require_equal
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound
from erp_ports.operations import Operation
from erp_ports.values import Booked, InvoiceQuery, KeyedInvoice

_CREATE, _GET, _LIST = Operation.CREATE_ORDER, Operation.GET_INVOICE, Operation.LIST_INVOICES
_HOOK = ("ship_and_invoice",)


async def _invoiced(subject: Subject, count: int) -> list[tuple[Order, Booked]]:
    assert subject.ship_and_invoice is not None
    booked = []
    for _ in range(count):
        message = order(subject, usual_wishes(subject))
        booked.append((message, await book_order(subject, message)))
    await subject.ship_and_invoice()
    return booked


async def _list(
    subject: Subject,
    *,
    limit: int = 100,
    customer: str = "",
    document: str = "",
    after: tuple[dt.date, str] | None = None,
) -> Sequence[KeyedInvoice]:
    query = InvoiceQuery(
        business_unit=subject.business_unit,
        limit=limit,
        customer=customer,
        order_document_number=document,
        after=after,
    )
    return await subject.adapter.list_invoices(query, call(subject))


def _position(keyed: KeyedInvoice) -> tuple[dt.date, str]:
    return to_date(keyed.invoice.invoice_date), keyed.native_key


@check(_CREATE, _LIST, needs=_HOOK)
async def every_invoiced_order_has_an_invoice(subject: Subject) -> None:
    """An invoice names its order, customer, dates and amounts; net and tax make gross, lines make net."""
    booked = await _invoiced(subject, 2)
    listed = await _list(subject)
    documents = {x.document_number for _, x in booked}
    require_equal(documents, {x.invoice.order_document_number for x in listed}, "documents that are invoiced")
    by_document = {x.document_number: (message, x) for message, x in booked}
    for keyed in listed:
        message, booking = by_document[keyed.invoice.order_document_number]
        _require_invoice_of(keyed.invoice, message, booking)


def _require_invoice_of(invoice: Invoice, ordered: Order, booking: Booked) -> None:
    require(bool(invoice.invoice_number), "an invoice has a number")
    require_equal(ordered.customer, invoice.customer, "customer")
    require_equal(ordered.purchase_order_number, invoice.purchase_order_number, "purchase order number")
    require(to_date(invoice.due_date) >= to_date(invoice.invoice_date), "an invoice is not due before its date")
    amounts = invoice.net_amount, invoice.tax_amount, invoice.gross_amount
    net, tax, gross = (money_amount(x) for x in amounts)
    require_equal({ordered.currency_code}, {x.currency_code for x in amounts}, "currencies")
    require_equal(gross, net + tax, "net and tax")
    require_equal(money_amount(booking.order.parts[0].net_amount), net, "net amount, as ordered")
    require(invoice.payment_state != PAYMENT_STATE_UNSPECIFIED, "an invoice has a payment state")
    if invoice.lines:
        require_equal(net, sum((money_amount(x.net_amount) for x in invoice.lines), Decimal(0)), "sum of the lines")
        ordered_lines = sorted((x.product, Decimal(x.quantity.value.value)) for x in ordered.lines)
        invoiced_lines = sorted((x.product, Decimal(x.quantity.value.value)) for x in invoice.lines)
        require_equal(ordered_lines, invoiced_lines, "products and quantities")


@check(_CREATE, _LIST, needs=_HOOK)
async def invoices_are_listed_newest_first(subject: Subject) -> None:
    """Invoices come by invoice date, then native key, both descending; a limit cuts the list off."""
    await _invoiced(subject, 3)
    everything = await _list(subject)
    require_equal(3, len(everything), "number of invoices")
    positions = [_position(x) for x in everything]
    require_equal(sorted(positions, reverse=True), positions, "order of the list")
    require_equal(positions[:2], [_position(x) for x in await _list(subject, limit=2)], "the first two")


@check(_CREATE, _LIST, needs=_HOOK)
async def paging_through_invoices_misses_none(subject: Subject) -> None:
    """Pages of any size, put together, are the list: no gap, none twice."""
    await _invoiced(subject, 5)
    expected = [_position(x) for x in await _list(subject)]
    require_equal(5, len(expected), "number of invoices")
    for limit in (1, 2, 5):
        pages: list[tuple[dt.date, str]] = []
        for _ in range(len(expected) + 1):
            page = await _list(subject, limit=limit, after=pages[-1] if pages else None)
            require(len(page) <= limit, f"a page of {len(page)} under a limit of {limit}")
            pages += [_position(x) for x in page]
            if not page:
                break
        require_equal(expected, pages, f"pages of {limit} put together")


@check(_CREATE, _LIST, needs=_HOOK)
async def invoices_are_filtered_by_order_and_customer(subject: Subject) -> None:
    """Only the invoices of the order, or of the customer, are listed where the query names one."""
    booked = await _invoiced(subject, 2)
    wanted = booked[0][1].document_number
    listed = await _list(subject, document=wanted)
    require_equal([wanted], [x.invoice.order_document_number for x in listed], "invoices of one order")
    require_equal(2, len(await _list(subject, customer=subject.customer)), "number of invoices of the customer")
    try:
        others = await _list(subject, customer=subject.unknown_customer)
    except NotFound:
        return
    require_equal([], list(others), "invoices of a customer that does not exist")


@check(_CREATE, _LIST, _GET, needs=_HOOK)
async def an_invoice_is_read_as_it_is_listed(subject: Subject) -> None:
    """Reading an invoice by its native key gives what the list gave."""
    await _invoiced(subject, 2)
    for keyed in await _list(subject):
        read = await subject.adapter.get_invoice(subject.business_unit, keyed.native_key, call(subject))
        require_equal(keyed.invoice, read, f"invoice {keyed.native_key}")


@check(_GET)
async def an_unknown_invoice_is_not_found(subject: Subject) -> None:
    """A native key that the ERP does not have raises NotFound for an invoice."""
    reading = subject.adapter.get_invoice(subject.business_unit, "99999999", call(subject))
    error = await refusal(reading, NotFound, "reading an unknown invoice")
    require_equal("invoice", getattr(error, "kind", None), "kind of the thing that was not found")

"""Does a document hold what was ordered? Asked of the adapter's answer and of the ERP's own book alike."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from erp.v1.orders_pb2 import Order
from erp_ports.amounts import money_amount
from erp_ports.conformance.asking import live_lines
from erp_ports.conformance.check import require, require_equal
from erp_ports.conformance.subject import Subject
from erp_ports.values import Booked


def require_same_content(ordered: Order, document: Order) -> None:
    """The document has the order's customer, purchase order number, currency and lines."""
    require_equal(ordered.customer, document.customer, "customer")
    require_equal(ordered.purchase_order_number, document.purchase_order_number, "purchase order number")
    require_equal(ordered.currency_code, document.currency_code, "currency")
    require_equal(_lines(ordered), _lines(document), "lines (id, product, plant, quantity, unit)")


def _lines(order: Order) -> Counter[tuple[str, str, str, Decimal, str]]:
    return Counter(
        (x.line_id, x.product, x.plant, Decimal(x.quantity.value.value), x.quantity.unit) for x in order.lines
    )


def require_document(booked: Booked, *, reference: str, currency: str, state: Order.SubmissionState.ValueType) -> None:
    """The document names itself: one part with its number, our reference, its state and its amount."""
    require(bool(booked.document_number), "a booking has a document number")
    require_equal(1, len(booked.order.parts), "number of parts of a document")
    part = booked.order.parts[0]
    require_equal(booked.document_number, part.document_number, "document number of the part")
    require_equal(reference, part.reference, "reference of the part, as sent")
    found = Order.SubmissionState.Name(part.submission_state)
    require_equal(Order.SubmissionState.Name(state), found, "submission state of the part")
    require_equal(currency, part.net_amount.currency_code, "currency of the part's net amount")
    total = sum((money_amount(x.net_amount) for x in booked.order.lines), Decimal(0))
    require_equal(total, money_amount(part.net_amount), "net amount of the part, the sum of its lines")


async def require_booked_once(subject: Subject, ordered: Order) -> str:
    """The ERP's own book holds each line of the order exactly once, in one live document; return its number."""
    lines = await live_lines(subject, ordered.purchase_order_number)
    documents = {x.document for x in lines}
    require_equal(1, len(documents), f"number of live documents of {ordered.purchase_order_number}: {documents}")
    expected = Counter((x.line_id, Decimal(x.quantity.value.value)) for x in ordered.lines)
    require_equal(expected, Counter((x.line_id, x.quantity) for x in lines), "live lines in the ERP's book")
    return documents.pop()

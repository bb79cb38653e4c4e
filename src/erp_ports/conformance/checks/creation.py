"""Promises about booking an order."""

from __future__ import annotations

from decimal import Decimal

from erp.v1.orders_pb2 import Order
from erp_ports.conformance.asking import (
    Wish,
    book_order,
    call,
    create,
    live_documents,
    order,
    submission,
    unknown_wish,
    usual_wishes,
)
from erp_ports.conformance.check import NotConformant, check, require, require_equal
from erp_ports.conformance.comparing import require_booked_once, require_document, require_same_content
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound, Rejected
from erp_ports.operations import Operation
from erp_ports.values import Booked, FindState, OrderSubmission

_CREATE = Operation.CREATE_ORDER


@check(_CREATE)
async def a_booked_order_holds_what_was_ordered(subject: Subject) -> None:
    """The document read back and the ERP's own book hold the order's content, once."""
    message = order(subject, usual_wishes(subject))
    reference = subject.new_reference()
    booked = await book_order(subject, message, reference=reference)
    require_same_content(message, booked.order)
    require_document(booked, reference=reference, currency=subject.currency, state=Order.BOOKED)
    require_equal(booked.document_number, await require_booked_once(subject, message), "document number in the book")
    require(not booked.existing, "a reference that is new was not booked before")


@check(_CREATE)
async def equal_lines_of_an_order_are_both_booked(subject: Subject) -> None:
    """Two lines that differ by their id alone are two lines of the document."""
    product = subject.products[0]
    message = order(subject, [Wish(line_id=x, product=product) for x in ("2", "1")])
    booked = await book_order(subject, message)
    require_same_content(message, booked.order)
    await require_booked_once(subject, message)


@check(_CREATE)
async def more_than_the_stock_is_booked_as_a_backorder(subject: Subject) -> None:
    """The quantity ordered is booked; what cannot be confirmed is missing from the confirmations, not from the line."""
    product = subject.products[0]
    message = order(subject, [Wish(line_id="1", product=product, quantity=product.available + 5)])
    booked = await book_order(subject, message)
    require_same_content(message, booked.order)
    confirmed = sum(Decimal(x.quantity.value.value) for x in booked.order.lines[0].confirmations)
    require(confirmed <= product.available + 5, f"{confirmed} confirmed of {product.available + 5}")
    await require_booked_once(subject, message)


@check(_CREATE)
async def the_purchase_order_number_is_no_reference(subject: Subject) -> None:
    """Two orders with the same purchase order number and different references are two documents."""
    message = order(subject, usual_wishes(subject))
    first, second = await book_order(subject, message), await book_order(subject, message)
    expected = {first.document_number, second.document_number}
    require_equal(2, len(expected), "number of documents")
    require_equal(expected, await live_documents(subject, message.purchase_order_number), "documents in the book")


@check(_CREATE)
async def an_order_for_an_unknown_product_is_refused_whole(subject: Subject) -> None:
    """One unknown product refuses the whole order, and the book holds nothing of it."""
    message = order(subject, (*usual_wishes(subject), unknown_wish(subject)))
    await _require_refused(subject, message, NotFound, kind="product")


@check(_CREATE)
async def an_order_for_an_unknown_customer_is_refused(subject: Subject) -> None:
    """An unknown customer refuses the order, and the book holds nothing of it."""
    message = order(subject, usual_wishes(subject), customer=subject.unknown_customer)
    await _require_refused(subject, message, NotFound, kind="customer")


@check(_CREATE, needs=("refused_product",))
async def a_refused_order_leaves_no_booking(subject: Subject) -> None:
    """A product that may not be sold refuses the whole order, and the book holds nothing of it."""
    refused = subject.refused_product
    assert refused is not None
    message = order(subject, (*usual_wishes(subject), Wish(line_id="9", product=refused)))
    await _require_refused(subject, message, Rejected)


async def _require_refused(
    subject: Subject, message: Order, expected: type[NotFound] | type[Rejected], kind: str = ""
) -> None:
    attempt = submission(subject, message)
    try:
        answer = await create(subject, attempt)
    except expected as error:
        require_equal(kind, getattr(error, "kind", ""), "kind of the thing that was not found")
    else:
        if isinstance(answer, Booked):
            raise NotConformant(f"an order to be refused was booked as {answer.document_number}")
        await _require_refused_later(subject, attempt, expected)
    await subject.settle()
    lines = [x for x in await subject.book() if x.purchase_order_number == message.purchase_order_number and x.live]
    require_equal([], lines, "live lines of a refused order")


async def _require_refused_later(
    subject: Subject, attempt: OrderSubmission, expected: type[NotFound] | type[Rejected]
) -> None:
    await subject.settle()
    found = await subject.adapter.find_order(subject.business_unit, attempt.reference, call(subject))
    require_equal(FindState.REFUSED, found.state, "state of a handed over order that the ERP refuses")
    require(bool(found.refusal_message), "a refusal carries the ERP's words")
    if expected is NotFound:
        require_equal("NOT_FOUND", found.refusal_reason, "class of reason for an unknown product or customer")
        require(found.refusal_kind in ("product", "customer"), "a refusal says what is unknown")
    else:
        require(bool(found.refusal_reason), "a refusal carries its class of reason")

"""Promises about looking an order up and reading it."""

from __future__ import annotations

from erp.v1.orders_pb2 import Order
from erp_ports.conformance.asking import book_order, call, order, refusal, usual_wishes
from erp_ports.conformance.check import check, require_equal
from erp_ports.conformance.comparing import require_document, require_same_content
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound
from erp_ports.operations import Operation
from erp_ports.values import Booked, FindState

_UNKNOWN_DOCUMENT = "99999999"


@check(Operation.FIND_ORDER)
async def an_unknown_reference_is_not_found(subject: Subject) -> None:
    """A reference that was never sent is NOT_FOUND, said and not raised."""
    found = await subject.adapter.find_order(subject.business_unit, subject.new_reference(), call(subject))
    require_equal(FindState.NOT_FOUND, found.state, "state of a reference that was never sent")
    require_equal((), tuple(found.bookings), "bookings under a reference that was never sent")


@check(Operation.CREATE_ORDER, Operation.FIND_ORDER)
async def a_booked_order_is_found_by_its_reference(subject: Subject) -> None:
    """Among other orders of the same customer, the look-up finds the one with the reference, with its content."""
    await book_order(subject, order(subject, usual_wishes(subject)))
    message = order(subject, usual_wishes(subject))
    reference = subject.new_reference()
    booked = await book_order(subject, message, reference=reference)
    await book_order(subject, order(subject, usual_wishes(subject)))
    found = await subject.adapter.find_order(subject.business_unit, reference, call(subject))
    require_equal(FindState.BOOKED, found.state, "state of a booked reference")
    require_equal([booked.document_number], [x.document_number for x in found.bookings], "documents found")
    require_same_content(message, found.bookings[0].order)
    require_document(found.bookings[0], reference=reference, currency=subject.currency, state=Order.BOOKED)


@check(Operation.CREATE_ORDER, Operation.GET_ORDER)
async def a_document_is_read_as_it_was_booked(subject: Subject) -> None:
    """Reading a document gives what its booking gave."""
    message = order(subject, usual_wishes(subject))
    reference = subject.new_reference()
    booked = await book_order(subject, message, reference=reference)
    document = await subject.adapter.get_order(subject.business_unit, booked.document_number, call(subject))
    require_same_content(message, document)
    read = Booked(document_number=booked.document_number, order=document)
    require_document(read, reference=reference, currency=subject.currency, state=Order.BOOKED)
    require_equal(list(booked.order.lines), list(document.lines), "lines of the document")


@check(Operation.GET_ORDER)
async def an_unknown_document_is_not_found(subject: Subject) -> None:
    """A document number that the ERP does not have raises NotFound for an order."""
    reading = subject.adapter.get_order(subject.business_unit, _UNKNOWN_DOCUMENT, call(subject))
    error = await refusal(reading, NotFound, "reading an unknown document")
    require_equal("order", getattr(error, "kind", None), "kind of the thing that was not found")

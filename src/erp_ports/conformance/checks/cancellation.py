"""Promises about cancelling a document."""

from __future__ import annotations

from erp.v1.orders_pb2 import Order
from erp_ports.conformance.asking import (
    book_order,
    call,
    live_documents,
    order,
    refusal,
    usual_wishes,
)
from erp_ports.conformance.check import check, require_equal
from erp_ports.conformance.comparing import require_booked_once
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound, Rejected
from erp_ports.operations import Operation
from erp_ports.values import Cancelled

_CREATE, _CANCEL, _GET = Operation.CREATE_ORDER, Operation.CANCEL_ORDER, Operation.GET_ORDER
_REASON = "Ordered by mistake"


async def _cancel(subject: Subject, document_number: str, reference: str = "") -> Cancelled:
    return await subject.adapter.cancel_order(
        subject.business_unit, document_number, reference or subject.new_reference(), _REASON, call(subject)
    )


@check(_CREATE, _CANCEL, _GET)
async def a_cancelled_document_has_no_live_lines(subject: Subject) -> None:
    """After cancelling, answer, document and the ERP's book agree that nothing of it is live; others stay."""
    kept = order(subject, usual_wishes(subject))
    await book_order(subject, kept)
    message = order(subject, usual_wishes(subject))
    booked = await book_order(subject, message)
    answer = await _cancel(subject, booked.document_number)
    await subject.settle()
    document = await subject.adapter.get_order(subject.business_unit, booked.document_number, call(subject))
    for seen in (answer.order, document):
        require_equal(1, len(seen.parts), "number of parts of a cancelled document")
        state = Order.SubmissionState.Name(seen.parts[0].submission_state)
        require_equal("CANCELLED", state, "submission state of a cancelled document")
    require_equal(set(), await live_documents(subject, message.purchase_order_number), "live documents")
    await require_booked_once(subject, kept)


@check(_CREATE, _CANCEL)
async def cancelling_twice_is_cancelling_once(subject: Subject) -> None:
    """A document that is cancelled already is answered as cancelled, under the same reference and under another."""
    booked = await book_order(subject, order(subject, usual_wishes(subject)))
    reference = subject.new_reference()
    for repeated in (reference, reference, subject.new_reference()):
        answer = await _cancel(subject, booked.document_number, repeated)
        await subject.settle()
        state = Order.SubmissionState.Name(answer.order.parts[0].submission_state)
        require_equal("CANCELLED", state, "submission state of a cancelled document")


@check(_CANCEL)
async def an_unknown_document_cannot_be_cancelled(subject: Subject) -> None:
    """Cancelling a document that the ERP does not have raises NotFound for an order."""
    error = await refusal(_cancel(subject, "99999999"), NotFound, "cancelling an unknown document")
    require_equal("order", getattr(error, "kind", None), "kind of the thing that was not found")


@check(_CREATE, _CANCEL, needs=("ship_and_invoice",))
async def an_invoiced_document_cannot_be_cancelled(subject: Subject) -> None:
    """Cancelling what is shipped and invoiced is refused, and the document stays."""
    assert subject.ship_and_invoice is not None
    message = order(subject, usual_wishes(subject))
    booked = await book_order(subject, message)
    await subject.ship_and_invoice()
    await refusal(_cancel(subject, booked.document_number), Rejected, "cancelling an invoiced document")
    await require_booked_once(subject, message)

"""Promises about repeated and lost attempts: the facts that an adapter claims about writing."""

from __future__ import annotations

import asyncio

from erp.v1.orders_pb2 import Order
from erp_ports.conformance.asking import (
    book_order,
    booked_later,
    call,
    create,
    impatient,
    live_documents,
    order,
    refusal,
    submission,
    usual_wishes,
)
from erp_ports.conformance.check import NotApplicable, NotConformant, check, require, require_equal
from erp_ports.conformance.comparing import require_booked_once, require_same_content
from erp_ports.conformance.subject import Subject
from erp_ports.errors import ErpError, OutcomeUnknown
from erp_ports.operations import Operation, WriteFacts
from erp_ports.values import Booked, FindState, HandedOver

_CREATE = Operation.CREATE_ORDER
_LONGEST_BOUND = 10.0


def _facts(subject: Subject) -> WriteFacts:
    facts = subject.adapter.declaration.write_facts
    if facts is None:
        raise NotConformant("an adapter that creates orders declares its write_facts")
    return facts


@check(_CREATE)
async def a_repeated_reference_books_once(subject: Subject) -> None:
    """Where `unique_reference` is claimed: the same reference sent again answers with the booking there is."""
    if not _facts(subject).unique_reference:
        raise NotApplicable("the adapter does not claim unique_reference")
    message = order(subject, usual_wishes(subject))
    reference = subject.new_reference()
    first = await book_order(subject, message, reference=reference)
    again = await create(subject, submission(subject, message, reference=reference, attempt=2))
    if isinstance(again, Booked):
        require_equal(first.document_number, again.document_number, "document number of the repeated reference")
        require(again.existing, "a booking that was there before is answered with existing=True")
        require_same_content(message, again.order)
    await subject.settle()
    await require_booked_once(subject, message)


@check(_CREATE)
async def the_same_reference_sent_at_once_books_once(subject: Subject) -> None:
    """Where `unique_reference` is claimed: attempts that overtake each other leave one booking."""
    if not _facts(subject).unique_reference:
        raise NotApplicable("the adapter does not claim unique_reference")
    message = order(subject, usual_wishes(subject))
    reference = subject.new_reference()
    attempts = [submission(subject, message, reference=reference, attempt=x) for x in (1, 2, 3)]
    answers = await asyncio.gather(*(create(subject, x) for x in attempts), return_exceptions=True)
    for answer in answers:
        known = isinstance(answer, Booked | HandedOver | ErpError)
        require(known, f"an attempt ended with {answer!r}, which is neither an answer nor an error of the ports")
    await booked_later(subject, reference)
    await require_booked_once(subject, message)


@check(_CREATE, Operation.FIND_ORDER, needs=("lose_reply",))
async def an_order_whose_reply_is_lost_is_found_again(subject: Subject) -> None:
    """A lost reply is an unknown outcome; where `consistent_lookup` is claimed the look-up finds the booking."""
    assert subject.lose_reply is not None
    facts = _facts(subject)
    message = order(subject, usual_wishes(subject))
    attempt = submission(subject, message)
    await subject.lose_reply()
    await refusal(create(subject, attempt), OutcomeUnknown, "an order whose reply is lost")
    if facts.consistent_lookup:
        at_once = await subject.adapter.find_order(subject.business_unit, attempt.reference, call(subject))
        require(at_once.state in (FindState.BOOKED, FindState.HANDED_OVER), f"the look-up says {at_once.state}")
        booked = await booked_later(subject, attempt.reference)
        require_same_content(message, booked.order)
    await subject.settle()
    await require_booked_once(subject, message)


@check(_CREATE, needs=("lose_reply",))
async def an_order_whose_reply_is_lost_can_be_sent_again(subject: Subject) -> None:
    """Where `unique_reference` is claimed: a second attempt after a lost reply leaves one booking."""
    assert subject.lose_reply is not None
    if not _facts(subject).unique_reference:
        raise NotApplicable("the adapter does not claim unique_reference")
    message = order(subject, usual_wishes(subject))
    reference = subject.new_reference()
    await subject.lose_reply()
    first = create(subject, submission(subject, message, reference=reference))
    await refusal(first, OutcomeUnknown, "an order whose reply is lost")
    await book_order(subject, message, reference=reference)
    await require_booked_once(subject, message)


@check(_CREATE, needs=("make_slow",))
async def nothing_is_booked_after_the_bound(subject: Subject) -> None:
    """Where `bounded_execution` is claimed: once the bound passed after a time-out, the book stands still."""
    facts = _facts(subject)
    if not facts.bounded_execution:
        raise NotApplicable("the adapter does not claim bounded_execution")
    bound = facts.bound_seconds or 0.0
    require(0 < bound <= _LONGEST_BOUND, f"build the subject with a bound that a test can wait for, not {bound} s")
    before = await _documents_after_a_time_out(subject, wait=bound)
    require_equal(before, await _settled_documents(subject, wait=subject.slowness), "documents after the bound")


async def _documents_after_a_time_out(subject: Subject, *, wait: float) -> set[str]:
    assert subject.make_slow is not None
    await subject.make_slow(subject.slowness)
    attempt = submission(subject, order(subject, usual_wishes(subject)))
    late = subject.adapter.create_order(attempt, impatient(subject))
    await refusal(late, OutcomeUnknown, "an order that times out")
    return await _settled_documents(subject, wait=wait)


async def _settled_documents(subject: Subject, *, wait: float) -> set[str]:
    await asyncio.sleep(wait)
    await subject.settle()
    return {x.document for x in await subject.book() if x.live}


@check(_CREATE, Operation.FIND_ORDER, needs=("make_slow",))
async def a_cancelled_write_is_awaited_to_its_outcome(subject: Subject) -> None:
    """When the caller of a write is cancelled, what the look-up says right afterwards stays true."""
    assert subject.make_slow is not None
    message = order(subject, usual_wishes(subject))
    attempt = submission(subject, message)
    await subject.make_slow(subject.slowness)
    write = asyncio.ensure_future(create(subject, attempt))
    await asyncio.sleep(subject.patience)
    write.cancel()
    await asyncio.wait([write])
    await subject.make_slow(0)
    told = await subject.adapter.find_order(subject.business_unit, attempt.reference, call(subject))
    await asyncio.sleep(subject.slowness)
    await subject.settle()
    documents = await live_documents(subject, message.purchase_order_number)
    expected = 0 if told.state is FindState.NOT_FOUND else 1
    require_equal(expected, len(documents), f"number of live documents after the look-up said {told.state}")


@check(_CREATE)
async def write_facts_are_complete(subject: Subject) -> None:
    """Every claim can be refuted: a mechanism comes with the hook or the bound that puts it to the test."""
    facts = _facts(subject)
    require(facts.reference.length >= 4, "a reference needs room")
    require(bool(facts.reference.field), "the reference names the ERP's field")
    if facts.consistent_lookup:
        require(subject.lose_reply is not None, "consistent_lookup is claimed, so the subject must give lose_reply")
    if facts.bounded_execution:
        require(subject.make_slow is not None, "bounded_execution is claimed, so the subject must give make_slow")
        require(bool(facts.bound_seconds), "bounded_execution is claimed, so bound_seconds must say how long")


@check(_CREATE)
async def references_of_the_full_length_survive(subject: Subject) -> None:
    """A reference as long as declared is written and read back without loss."""
    shape = _facts(subject).reference
    reference = subject.longest_reference()
    require_equal(shape.length, len(reference), "length of the longest reference")
    message = order(subject, usual_wishes(subject))
    booked = await book_order(subject, message, reference=reference)
    require_equal(reference, booked.order.parts[0].reference, "reference read back")
    require_equal(Order.BOOKED, booked.order.parts[0].submission_state, "submission state")

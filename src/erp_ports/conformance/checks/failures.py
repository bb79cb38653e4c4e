"""Promises about an ERP that is down or slow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from erp.v1.orders_pb2 import SimulateOrderRequest
from erp_ports.call import Call
from erp_ports.conformance.asking import (
    availability_question,
    call,
    impatient,
    live_documents,
    order,
    price_question,
    refusal,
    submission,
    usual_wishes,
)
from erp_ports.conformance.check import NotConformant, check, require, require_equal
from erp_ports.conformance.subject import Subject
from erp_ports.errors import ErpError, OutcomeUnknown, Unavailable
from erp_ports.names import business_unit_name
from erp_ports.operations import Effect, Operation
from erp_ports.values import InvoiceQuery

Asking = Callable[[Subject, Call], Awaitable[Any]]


def _simulate(subject: Subject, how: Call) -> Awaitable[Any]:
    message = order(subject, usual_wishes(subject))
    question = SimulateOrderRequest(parent=business_unit_name(subject.business_unit), order=message)
    return subject.adapter.simulate_order(question, how)


ASKING: dict[Operation, Asking] = {
    Operation.CALCULATE_PRICES: lambda s, how: s.adapter.calculate_prices(price_question(s, usual_wishes(s)), how),
    Operation.CHECK_AVAILABILITY: lambda s, how: s.adapter.check_availability(
        availability_question(s, usual_wishes(s)), how
    ),
    Operation.SIMULATE_ORDER: _simulate,
    Operation.GET_ORDER: lambda s, how: s.adapter.get_order(s.business_unit, "1", how),
    Operation.FIND_ORDER: lambda s, how: s.adapter.find_order(s.business_unit, s.new_reference(), how),
    Operation.CREATE_ORDER: lambda s, how: s.adapter.create_order(submission(s, order(s, usual_wishes(s))), how),
    Operation.CANCEL_ORDER: lambda s, how: s.adapter.cancel_order(s.business_unit, "1", s.new_reference(), "-", how),
    Operation.GET_INVOICE: lambda s, how: s.adapter.get_invoice(s.business_unit, "1", how),
    Operation.LIST_INVOICES: lambda s, how: s.adapter.list_invoices(
        InvoiceQuery(business_unit=s.business_unit, limit=10), how
    ),
}
"""How each operation is asked something harmless."""


def _offered_questions(subject: Subject) -> list[tuple[Operation, Asking]]:
    declaration = subject.adapter.declaration
    return [
        (operation, ask)
        for operation, ask in ASKING.items()
        if operation.effect is not Effect.WRITE and declaration.offers(operation)
    ]


@check(needs=("make_down",))
async def a_question_to_an_erp_that_is_down_is_unavailable(subject: Subject) -> None:
    """While the ERP is down every question raises Unavailable, or OutcomeUnknown; none says NOT_FOUND or refuses."""
    assert subject.make_down is not None
    await subject.make_down()
    for operation, ask in _offered_questions(subject):
        try:
            answer = await ask(subject, call(subject))
        except (Unavailable, OutcomeUnknown):
            continue
        except ErpError as error:
            raise NotConformant(f"{operation} while the ERP is down raised {type(error).__name__}: {error}") from error
        raise NotConformant(f"{operation} answered while the ERP is down: {answer!r}")


@check(Operation.CREATE_ORDER, needs=("make_down",))
async def an_order_to_an_erp_that_is_down_is_not_booked(subject: Subject) -> None:
    """A connection that is refused surely executed nothing: creating raises Unavailable and books nothing."""
    assert subject.make_down is not None
    message = order(subject, usual_wishes(subject))
    await subject.make_down()
    attempt = subject.adapter.create_order(submission(subject, message), call(subject))
    await refusal(attempt, Unavailable, "an order to an ERP that is down")
    require_equal(set(), await live_documents(subject, message.purchase_order_number), "documents booked")


@check(needs=("make_down",))
async def check_tells_that_the_erp_is_down(subject: Subject) -> None:
    """`check` says in a result what is wrong and does not raise it."""
    assert subject.make_down is not None
    await subject.make_down()
    results = await subject.adapter.check(call(subject))
    failed = [x for x in results if not x.ok]
    require(bool(failed), "check reports nothing although the ERP is down")
    require(all(x.subject and x.message for x in failed), "a failed check says what it looked at and what to do")


@check(needs=("make_slow",))
async def a_question_ends_by_its_deadline(subject: Subject) -> None:
    """A question to an ERP that is slower than the deadline raises OutcomeUnknown, marked as timed out."""
    assert subject.make_slow is not None
    await subject.make_slow(subject.slowness)
    for operation, ask in _offered_questions(subject):
        error = await refusal(ask(subject, impatient(subject)), OutcomeUnknown, f"{operation} past its deadline")
        require(getattr(error, "timed_out", False), f"{operation} past its deadline is not marked as timed out")


@check(Operation.CREATE_ORDER, needs=("make_slow",))
async def an_order_that_times_out_has_an_unknown_outcome(subject: Subject) -> None:
    """Creating past the deadline raises OutcomeUnknown: the ERP may have booked it."""
    assert subject.make_slow is not None
    await subject.make_slow(subject.slowness)
    attempt = submission(subject, order(subject, usual_wishes(subject)))
    writing = subject.adapter.create_order(attempt, impatient(subject))
    await refusal(writing, OutcomeUnknown, "an order past its deadline")

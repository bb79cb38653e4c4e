"""Promises about what an adapter declares, about its shadow, and about closing it."""

from __future__ import annotations

import asyncio

from erp_ports.conformance.asking import (
    Wish,
    call,
    live_documents,
    order,
    price_question,
    refusal,
    submission,
    usual_wishes,
)
from erp_ports.conformance.check import NotApplicable, NotConformant, check, require, require_equal
from erp_ports.conformance.checks.failures import ASKING
from erp_ports.conformance.subject import Subject
from erp_ports.errors import ErpError, Unsupported
from erp_ports.operations import Operation, Support
from erp_ports.shadow import ShadowView
from erp_ports.values import Booked, HandedOver


@check()
async def every_operation_is_declared(subject: Subject) -> None:
    """The declaration names every operation, and facts about writing where orders are created."""
    declaration = subject.adapter.declaration
    require_equal([], [x for x in Operation if x not in declaration.operations], "operations not declared")
    creates = declaration.offers(Operation.CREATE_ORDER)
    require_equal(creates, declaration.write_facts is not None, "write_facts where orders are created")
    composed = [x for x in Operation if declaration.support(x) is Support.COMPOSED]
    require(set(composed) <= {Operation.SIMULATE_ORDER}, f"only a simulation can be composed, not {composed}")


@check()
async def what_is_not_offered_is_refused_as_unsupported(subject: Subject) -> None:
    """An operation declared UNSUPPORTED or NOT_IMPLEMENTED raises Unsupported."""
    declaration = subject.adapter.declaration
    missing = [x for x in Operation if not declaration.offers(x) and x in ASKING]
    if not missing:
        raise NotApplicable("the adapter offers every operation")
    for operation in missing:
        await refusal(ASKING[operation](subject, call(subject)), Unsupported, f"{operation}, which is not offered")


@check(Operation.CHECK)
async def check_says_that_all_is_well(subject: Subject) -> None:
    """`check` looks at something, names it, and finds a working ERP in order."""
    results = await subject.adapter.check(call(subject))
    require(bool(results), "check looks at nothing")
    require(all(x.subject for x in results), "a check names what it looked at")
    require_equal([], [(x.subject, x.message) for x in results if not x.ok], "checks that failed")


@check(Operation.CALCULATE_PRICES, needs=("shadow",))
async def the_shadow_answers_questions(subject: Subject) -> None:
    """Built with the shadow credential, the adapter gives the same prices."""
    assert subject.shadow is not None
    question = price_question(subject, usual_wishes(subject))
    expected = await subject.adapter.calculate_prices(question, call(subject))
    found = await ShadowView(subject.shadow).calculate_prices(question, call(subject))
    require_equal(list(expected.lines), list(found.lines), "lines priced with the shadow credential")


@check(Operation.CREATE_ORDER, needs=("shadow",))
async def the_shadow_credential_cannot_write(subject: Subject) -> None:
    """Even if the view were circumvented: with the shadow credential nothing is booked."""
    assert subject.shadow is not None
    attempt = submission(subject, order(subject, usual_wishes(subject)))
    writing = subject.shadow.create_order(attempt, call(subject))
    await refusal(writing, ErpError, "creating an order with the shadow credential")
    await subject.settle()
    require_equal([], list(await subject.book()), "the ERP's book")


@check(Operation.CREATE_ORDER)
async def closing_waits_for_writes_under_way(subject: Subject) -> None:
    """A write that is under way when the adapter is closed is booked before closing ends, or is not booked."""
    message = order(subject, [Wish(line_id="1", product=subject.products[0])])
    writing = asyncio.ensure_future(subject.adapter.create_order(submission(subject, message), call(subject)))
    await asyncio.sleep(0)
    await subject.adapter.close()
    at_close = await live_documents(subject, message.purchase_order_number)
    answer = (await asyncio.gather(writing, return_exceptions=True))[0]
    require(
        isinstance(answer, Booked | HandedOver | ErpError),
        f"a write under way while closing ended with {answer!r}, which is neither an answer nor an error of the ports",
    )
    if isinstance(answer, Booked):
        require_equal({answer.document_number}, at_close, "documents in the book when closing ended")


@check()
async def closing_twice_is_closing_once(subject: Subject) -> None:
    """`close` can be called again."""
    await subject.adapter.close()
    try:
        await subject.adapter.close()
    except Exception as error:
        raise NotConformant(f"closing again raised {error!r}") from error

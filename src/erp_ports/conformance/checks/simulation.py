"""Promises about simulations."""

from __future__ import annotations

from decimal import Decimal

from erp.v1.orders_pb2 import SimulatedLine
from erp_ports.amounts import money_amount, to_date
from erp_ports.conformance.asking import (
    Wish,
    book_order,
    order,
    prices,
    refusal,
    simulation,
    unknown_wish,
    usual_wishes,
)
from erp_ports.conformance.check import NotApplicable, check, require, require_equal
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound
from erp_ports.operations import Operation, Support

_SIMULATION = Operation.SIMULATE_ORDER


@check(_SIMULATION)
async def simulation_answers_every_line_in_order(subject: Subject) -> None:
    """The answer holds one line for each line of the order, in its order, and says whether it was composed."""
    message = order(subject, usual_wishes(subject))
    answer = await simulation(subject, message)
    require_equal([x.line_id for x in message.lines], [x.line_id for x in answer.lines], "line ids")
    for asked, line in zip(message.lines, answer.lines, strict=True):
        require_equal((asked.product, asked.plant), (line.product, line.plant), "product and plant")
        require_equal(Decimal(asked.quantity.value.value), Decimal(line.quantity.value.value), "quantity")
        require_equal(to_date(asked.requested_date), to_date(line.requested_date), "requested date")
    declared = subject.adapter.declaration.support(_SIMULATION)
    require_equal(declared is Support.COMPOSED, answer.composed, "composed, as declared")


@check(_SIMULATION)
async def simulation_books_nothing(subject: Subject) -> None:
    """After a simulation the ERP's book is what it was."""
    before = list(await subject.book())
    await simulation(subject, order(subject, usual_wishes(subject)))
    await subject.settle()
    require_equal(before, list(await subject.book()), "the ERP's book after a simulation")


@check(_SIMULATION, Operation.CALCULATE_PRICES)
async def simulated_amounts_are_the_calculated_prices(subject: Subject) -> None:
    """A simulation and a price question about the same lines give the same net amounts, and sums as totals."""
    wishes = _priced_wishes(subject)
    simulated = await simulation(subject, order(subject, wishes))
    calculated = await prices(subject, wishes)
    found = [money_amount(x.net_amount) for x in simulated.lines]
    require_equal([money_amount(x.net_amount) for x in calculated.lines], found, "net amounts")
    require_equal({subject.currency}, {x.net_amount.currency_code for x in simulated.lines}, "currencies")
    require_equal(sum(found), money_amount(simulated.net_amount), "sum of the net amounts")


@check(_SIMULATION, Operation.CREATE_ORDER)
async def an_order_is_booked_at_the_simulated_amounts(subject: Subject) -> None:
    """What a simulation says is what the same order, sent right afterwards, is booked at."""
    message = order(subject, _priced_wishes(subject))
    simulated = {x.line_id: money_amount(x.net_amount) for x in (await simulation(subject, message)).lines}
    booked = await book_order(subject, message)
    found = {x.line_id: money_amount(x.net_amount) for x in booked.order.lines}
    require_equal(simulated, found, "net amounts by line")


@check(_SIMULATION)
async def simulation_with_an_unknown_product_is_not_found(subject: Subject) -> None:
    """An unknown product fails the whole simulation, and the error says that it is the product."""
    message = order(subject, (*usual_wishes(subject), unknown_wish(subject)))
    error = await refusal(simulation(subject, message), NotFound, "a simulation with an unknown product")
    require_equal("product", getattr(error, "kind", None), "kind of the thing that was not found")


@check(_SIMULATION)
async def simulation_for_an_unknown_customer_is_not_found(subject: Subject) -> None:
    """An unknown customer fails the simulation, and the error says that it is the customer."""
    message = order(subject, usual_wishes(subject), customer=subject.unknown_customer)
    error = await refusal(simulation(subject, message), NotFound, "a simulation for an unknown customer")
    require_equal("customer", getattr(error, "kind", None), "kind of the thing that was not found")


@check(_SIMULATION)
async def composed_simulation_names_the_fields_it_has(subject: Subject) -> None:
    """A composed simulation declares which fields of a line it fills, and fills no other."""
    declaration = subject.adapter.declaration
    if declaration.support(_SIMULATION) is not Support.COMPOSED:
        raise NotApplicable("the simulation is the ERP's own")
    known = {field.name for field in SimulatedLine.DESCRIPTOR.fields}
    require(bool(declaration.simulated_fields), "a composed simulation must declare simulated_fields")
    require_equal(set(), set(declaration.simulated_fields - known), "simulated_fields that SimulatedLine lacks")
    for line in (await simulation(subject, order(subject, usual_wishes(subject)))).lines:
        filled = {field.name for field, _ in line.ListFields()}
        require_equal(set(), filled - declaration.simulated_fields, f"undeclared fields of line {line.line_id}")


def _priced_wishes(subject: Subject) -> tuple[Wish, Wish]:
    first, second = subject.products
    return (
        Wish(line_id="20", product=first, quantity=Decimal(2), discount="0.05"),
        Wish(line_id="10", product=second, agreed_price=(Decimal("12.34"), Decimal(1))),
    )

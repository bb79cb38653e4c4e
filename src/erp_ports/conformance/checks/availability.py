"""Promises about availability."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from erp.v1.availability_pb2 import LineAvailability
from erp.v1.common_pb2 import FULL, NONE, NOT_CHECKED, PARTIAL, AvailabilityDecision
from erp_ports.amounts import to_date
from erp_ports.conformance.asking import Wish, availability, refusal, unknown_wish, usual_wishes
from erp_ports.conformance.check import check, require, require_equal
from erp_ports.conformance.subject import Subject
from erp_ports.errors import NotFound
from erp_ports.names import product_name
from erp_ports.operations import Operation

_AVAILABILITY = Operation.CHECK_AVAILABILITY


@check(_AVAILABILITY)
async def availability_answers_every_line_in_order(subject: Subject) -> None:
    """The answer holds one line for each line asked, in its order, with its id, product, plant and requested date."""
    later = subject.today + dt.timedelta(days=3)
    first, second = subject.products
    wishes = (
        Wish(line_id="20", product=first, requested_date=later),
        Wish(line_id="A-7", product=second),
    )
    answer = await availability(subject, wishes)
    require_equal([w.line_id for w in wishes], [x.line_id for x in answer.lines], "line ids")
    for wish, line in zip(wishes, answer.lines, strict=True):
        require_equal(product_name(subject.business_unit, wish.product.product), line.product, "product")
        require_equal(wish.product.plant, line.plant, "plant")
        require_equal(wish.requested_date or subject.today, to_date(line.requested_date), "requested date")
    require(not answer.partial and not answer.missing, "an adapter answers all lines or raises")


@check(_AVAILABILITY)
async def what_is_on_hand_is_available_today(subject: Subject) -> None:
    """The whole stock of a product is confirmed in full for today."""
    product = subject.products[0]
    answer = await availability(subject, [Wish(line_id="1", product=product, quantity=product.available)])
    line = answer.lines[0]
    _require_consistent(line, product.available, subject.today)
    require_equal("FULL", AvailabilityDecision.Name(line.decision), "decision on the whole stock")


@check(_AVAILABILITY)
async def more_than_is_on_hand_is_confirmed_in_part(subject: Subject) -> None:
    """Beyond the stock the decision is PARTIAL, and exactly the stock is confirmed for today."""
    product = subject.products[1]
    wanted = product.available + 1
    answer = await availability(subject, [Wish(line_id="1", product=product, quantity=wanted)])
    line = answer.lines[0]
    _require_consistent(line, wanted, subject.today)
    require_equal("PARTIAL", AvailabilityDecision.Name(line.decision), "decision on one more than the stock")
    require_equal(product.available, _confirmed_on(line, subject.today), "quantity confirmed for today")


@check(_AVAILABILITY)
async def confirmations_agree_with_the_decision(subject: Subject) -> None:
    """Confirmations come earliest first, not before the requested date, and never exceed the quantity asked for."""
    for product in subject.products:
        for days in (0, 10):
            for wanted in (Decimal(1), product.available * 3 + 2):
                requested = subject.today + dt.timedelta(days=days)
                wish = Wish(line_id="1", product=product, quantity=wanted, requested_date=requested)
                answer = await availability(subject, [wish])
                _require_consistent(answer.lines[0], wanted, requested)


@check(_AVAILABILITY)
async def asking_for_availability_reserves_nothing(subject: Subject) -> None:
    """The same question asked again gets the same answer."""
    product = subject.products[0]
    wishes = [Wish(line_id="1", product=product, quantity=product.available)]
    before = await availability(subject, wishes)
    require_equal(before, await availability(subject, wishes), "the second answer to the same question")
    require_equal([], list(await subject.book()), "the ERP's book after two questions")


@check(_AVAILABILITY)
async def availability_of_an_unknown_product_is_not_found(subject: Subject) -> None:
    """An unknown product fails the whole question, and the error says that it is the product."""
    wishes = (*usual_wishes(subject), unknown_wish(subject))
    error = await refusal(availability(subject, wishes), NotFound, "availability of an unknown product")
    require_equal("product", getattr(error, "kind", None), "kind of the thing that was not found")


def _require_consistent(line: LineAvailability, wanted: Decimal, requested: dt.date) -> None:
    dates = [to_date(x.ship_date) for x in line.confirmations]
    quantities = [Decimal(x.quantity.value.value) for x in line.confirmations]
    require_equal(sorted(set(dates)), dates, "confirmation dates, earliest first and each once")
    require(all(x > 0 for x in quantities), f"a confirmation of nothing: {quantities}")
    require(not dates or dates[0] >= requested, f"confirmed for {dates[:1]}, before the requested date {requested}")
    require(sum(quantities) <= wanted, f"{sum(quantities)} confirmed of {wanted}")
    on_time = _confirmed_on(line, requested)
    decisions = [NOT_CHECKED] if not dates else []
    decisions.append(FULL if on_time == wanted else PARTIAL if on_time else NONE)
    require(
        line.decision in decisions,
        f"decision {AvailabilityDecision.Name(line.decision)} although {on_time} of {wanted} is confirmed on time",
    )
    complete = line.HasField("earliest_full_date")
    if complete:
        earliest = to_date(line.earliest_full_date)
        require(not dates or earliest >= dates[-1], f"complete on {earliest}, before the last confirmation {dates}")
        require(earliest >= requested, f"complete on {earliest}, before the requested date {requested}")
    if sum(quantities) == wanted:
        require(complete, "everything is confirmed, yet there is no earliest full date")


def _confirmed_on(line: LineAvailability, date: dt.date) -> Decimal:
    return sum(
        (Decimal(x.quantity.value.value) for x in line.confirmations if to_date(x.ship_date) == date), Decimal(0)
    )

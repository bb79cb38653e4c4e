"""What every answer and every error of an ERP means for an order part."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from erp.v1.orders_pb2 import Order
from erp_facade.orders.apply import Seen
from erp_facade.orders.content import differences, duplicate_hash
from erp_facade.orders.lookup import PATIENCE, LookAgain, OpenPart, Resend, judge
from erp_facade.orders.options import OrderOptions
from erp_facade.orders.record import OrderRef
from erp_facade.orders.results import Result, of_answer, of_error, of_finding
from erp_facade.orders.states import MOVES, State
from erp_ports import errors
from erp_ports.values import Booked, FindResult, FindState, HandedOver

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
EXAMPLES = {
    errors.Rejected: errors.Rejected("no"),
    errors.ForeignCurrency: errors.ForeignCurrency("no"),
    errors.NotFound: errors.NotFound("no", kind="product"),
    errors.CrossReferenceMissing: errors.CrossReferenceMissing("no", kind="customer"),
    errors.Conflict: errors.Conflict("no"),
    errors.Throttled: errors.Throttled("no", retry_after=7.0),
    errors.Unavailable: errors.Unavailable("no"),
    errors.OutcomeUnknown: errors.OutcomeUnknown("no"),
    errors.Unsupported: errors.Unsupported("no"),
    errors.Misconfigured: errors.Misconfigured("no"),
}
EXPECTED = {
    errors.Rejected: (State.REJECTED, State.REJECTED),
    errors.ForeignCurrency: (State.IN_DOUBT, State.IN_DOUBT),
    errors.NotFound: (State.REJECTED, State.REJECTED),
    errors.CrossReferenceMissing: (State.REJECTED, State.REJECTED),
    errors.Conflict: (State.IN_DOUBT, State.IN_DOUBT),
    errors.Throttled: (State.ACCEPTED, State.IN_DOUBT),
    errors.Unavailable: (State.ACCEPTED, State.IN_DOUBT),
    errors.OutcomeUnknown: (State.IN_DOUBT, State.IN_DOUBT),
    errors.Unsupported: (State.REVIEW, State.REVIEW),
    errors.Misconfigured: (State.ACCEPTED, State.IN_DOUBT),
}


def every_error(of=errors.ErpError):
    for error in of.__subclasses__():
        yield error
        yield from every_error(error)


def order(quantity="10", unit="EA", **fields):
    message = Order(customer="businessUnits/NW/customers/C1", currency_code="EUR", purchase_order_number="PO-1")
    for name, value in fields.items():
        setattr(message, name, value)
    line = message.lines.add(line_id="1", product="businessUnits/NW/products/11", plant="EU01")
    line.quantity.value.value, line.quantity.unit = quantity, unit
    return message


def booked(number="100", reference="REF", **fields):
    document = order(**fields)
    document.parts.add(document_number=number, reference=reference)
    return Booked(document_number=number, order=document)


def test_every_error_of_the_ports_has_a_next_state():
    assert set(every_error()) == set(EXAMPLES) == set(EXPECTED)


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("dirty", [False, True])
def test_each_error_leads_to_its_state_clean_and_dirty(kind, dirty):
    result = of_error(EXAMPLES[kind], dirty=dirty)
    assert result.state is EXPECTED[kind][dirty]
    assert result.state in MOVES[State.DISPATCHING]


@pytest.mark.parametrize("error", [RuntimeError("bug"), asyncio.CancelledError(), ValueError(), KeyError("x")])
def test_whatever_no_rule_knows_is_in_doubt(error):
    assert of_error(error, dirty=False).state is State.IN_DOUBT


def test_a_missing_document_is_for_a_person_and_no_refusal():
    assert of_error(errors.NotFound("no", kind="order"), dirty=False).state is State.REVIEW


def test_a_throttling_erp_is_left_alone_for_as_long_as_it_asks():
    assert of_error(EXAMPLES[errors.Throttled], dirty=False).pause == 7.0
    assert of_error(EXAMPLES[errors.OutcomeUnknown], dirty=False).pause is None


def test_answers_lead_to_booked_and_handed_over():
    assert of_answer(order(), "REF", booked()).state is State.BOOKED
    assert of_answer(order(), "REF", HandedOver()).state is State.HANDED_OVER


@pytest.mark.parametrize(
    ("document", "word"),
    [
        (booked(quantity="11"), "not ordered: 11 EA"),
        (booked(unit="DZN"), "missing: 10 EA"),
        (booked(customer="businessUnits/NW/customers/C2"), "customer"),
        (booked(purchase_order_number="PO-1/REF"), "purchase order number"),
        (booked(currency_code="USD"), "currency"),
        (booked(reference="OTHER"), "reference"),
    ],
)
def test_a_booking_that_differs_is_told_in_words(document, word):
    assert any(word in text for text in differences(order(), "REF", document))


def test_prices_spelling_and_order_of_lines_make_no_difference():
    document = booked(quantity="10.000")
    document.order.lines[0].net_amount.units = 5
    document.order.lines[0].requested_date.year = 2027
    assert differences(order(), "REF", document) == []


def test_the_same_lines_in_another_order_are_a_possible_duplicate():
    first, second = order(), order()
    for message, quantities in ((first, ("1", "2")), (second, ("2", "1"))):
        for quantity in quantities:
            line = message.lines.add(product="businessUnits/NW/products/42", plant="EU02")
            line.quantity.value.value = quantity
    assert duplicate_hash(first) == duplicate_hash(second)
    assert duplicate_hash(first) != duplicate_hash(order())


def part(state=State.IN_DOUBT, **values):
    seen = Seen(
        order=OrderRef(id="O", business_unit="NW"),
        part_id="O.1",
        number=1,
        state=state,
        attempt=values.pop("attempt", 1),
        attempt_time=NOW,
        correlation_id="",
    )
    given = {"lookups": 0, "first_attempt_time": NOW, "update_time": NOW} | values
    return OpenPart(seen=seen, target="erp", reference="REF", order=order(), traceparent="", **given)


def verdict(part, found, *, unique=True, now=NOW):
    return judge(part, found, unique_reference=unique, now=now, options=OrderOptions(max_attempts=8))


NOT_FOUND = FindResult(state=FindState.NOT_FOUND)


def test_not_found_with_a_unique_reference_may_be_sent_again():
    assert verdict(part(attempt=3), NOT_FOUND) == Resend(part_id="O.1", attempt=3)


def test_not_found_without_a_unique_reference_is_looked_up_again_and_then_reviewed():
    for lookups in range(PATIENCE - 1):
        assert isinstance(verdict(part(lookups=lookups), NOT_FOUND, unique=False), LookAgain)
    assert verdict(part(lookups=PATIENCE - 1), NOT_FOUND, unique=False).state is State.REVIEW


def test_after_the_last_attempt_a_person_decides():
    assert verdict(part(attempt=8), NOT_FOUND).state is State.REVIEW


def test_a_part_handed_over_is_polled_until_the_booking_horizon_and_never_sent_again():
    held = FindResult(state=FindState.HANDED_OVER)
    for found in (held, NOT_FOUND):
        assert isinstance(verdict(part(State.HANDED_OVER), found), LookAgain)
        late = verdict(part(State.HANDED_OVER), found, now=NOW + dt.timedelta(days=2))
        assert isinstance(late, Result) and late.state is State.REVIEW


def test_a_part_in_doubt_that_the_erp_holds_was_handed_over():
    assert verdict(part(), FindResult(state=FindState.HANDED_OVER)).state is State.HANDED_OVER


def test_a_part_in_review_is_only_looked_for():
    assert isinstance(verdict(part(State.REVIEW), NOT_FOUND), LookAgain)
    assert verdict(part(State.REVIEW), FindResult(state=FindState.BOOKED, bookings=(booked(),))).state is State.BOOKED


def test_a_refusal_that_is_found_has_the_reason_of_a_direct_one():
    found = FindResult(state=FindState.REFUSED, refusal_reason="CREDIT", refusal_message="over the limit")
    result = of_finding(order(), "REF", found)
    assert (result.state, result.refusal_reason, result.refusal_message) == (State.REJECTED, "CREDIT", "over the limit")


def test_two_bookings_that_are_found_are_an_incident():
    found = FindResult(state=FindState.BOOKED, bookings=(booked("1"), booked("2")))
    result = of_finding(order(), "REF", found)
    assert (result.state, result.duplicates) == (State.REVIEW, ("2",))

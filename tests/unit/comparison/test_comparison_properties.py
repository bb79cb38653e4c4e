"""What holds for any two answers."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from erp.v1.pricing_pb2 import CalculatePricesResponse
from erp_ports.amounts import money, plain
from erp_routing.comparison import ComparisonClass, Severity, compare, judge
from erp_routing.comparison.exact import minor_units, nanos, same_number, show_amount

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD"])
AMOUNTS = st.decimals(min_value=-10_000, max_value=10_000, places=4, allow_nan=False)
QUANTITIES = st.decimals(min_value="0.001", max_value=10_000, places=3, allow_nan=False)


@st.composite
def answers(draw: st.DrawFn) -> CalculatePricesResponse:
    currency = draw(CURRENCIES)
    answer = CalculatePricesResponse()
    for number in range(draw(st.integers(1, 5))):
        line = answer.lines.add(line_id=str(number), product=f"businessUnits/NW/products/{number}", plant="EU01")
        line.quantity.value.value, line.quantity.unit = plain(draw(QUANTITIES)), draw(st.sampled_from(["EA", "DZN"]))
        line.net_price.amount.CopyFrom(money(draw(AMOUNTS), currency))
        line.net_price.unit = line.quantity.unit
        line.net_price.per_quantity.value = draw(st.sampled_from(["1", "100", "1000"]))
        line.net_amount.CopyFrom(money(draw(AMOUNTS), currency))
        line.description = draw(st.text(max_size=20))
    answer.net_amount.CopyFrom(money(draw(AMOUNTS), currency))
    return answer


def copy_of(answer: CalculatePricesResponse) -> Any:
    other = CalculatePricesResponse()
    other.CopyFrom(answer)
    return other


@given(answers())
def test_an_answer_matches_itself_whoever_gave_it(answer: CalculatePricesResponse) -> None:
    other = copy_of(answer)
    for line in other.lines:
        line.source.backend = "cloud"
    verdict = judge(answer, other)
    assert (verdict.comparison_class, verdict.differences) == (ComparisonClass.MATCH, ())


@given(answers(), st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(answer: CalculatePricesResponse, chance: random.Random) -> None:
    other = copy_of(answer)
    lines = list(other.lines)
    chance.shuffle(lines)
    del other.lines[:]
    other.lines.extend(lines)
    assert compare(answer, other) == []


@given(answers(), answers())
def test_the_class_does_not_depend_on_who_is_control(
    one: CalculatePricesResponse, other: CalculatePricesResponse
) -> None:
    there, back = judge(one, other), judge(other, one)
    assert there.comparison_class == back.comparison_class
    assert sorted(d.field for d in there.differences) == sorted(d.field for d in back.differences)


@given(answers(), st.integers(-3, 3), st.data())
def test_a_line_is_tolerated_within_one_minor_unit_and_never_beyond(
    answer: CalculatePricesResponse, steps: int, data: st.DataObject
) -> None:
    other = copy_of(answer)
    place = data.draw(st.integers(0, len(answer.lines) - 1))
    currency = answer.net_amount.currency_code
    step = {"EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[currency]
    rounded = minor_units(nanos(answer.lines[place].net_amount), currency) * step
    answer.lines[place].net_amount.CopyFrom(money(rounded, currency))
    other.lines[place].net_amount.CopyFrom(money(rounded + steps * step, currency))
    expected = {0: [], 1: [ComparisonClass.ROUNDING]}.get(abs(steps), [ComparisonClass.MISMATCH])
    assert [d.comparison_class for d in compare(answer, other)] == expected


@given(answers(), QUANTITIES, st.data())
def test_another_ordered_quantity_is_always_found(
    answer: CalculatePricesResponse, quantity: Decimal, data: st.DataObject
) -> None:
    other = copy_of(answer)
    place = data.draw(st.integers(0, len(answer.lines) - 1))
    before = Decimal(answer.lines[place].quantity.value.value)
    other.lines[place].quantity.value.value = plain(quantity)
    found = [d for d in compare(answer, other) if d.field == "lines.quantity" and d.severity is Severity.GATING]
    assert len(found) == (before != quantity)


@given(answers(), st.sampled_from([2, 5, 10, 100]))
def test_a_price_per_more_units_is_the_same_price(answer: CalculatePricesResponse, factor: int) -> None:
    other = copy_of(answer)
    for line in other.lines:
        price = line.net_price
        price.per_quantity.value = plain(Decimal(price.per_quantity.value) * factor)
        price.amount.CopyFrom(money(Decimal(nanos(price.amount)) / 10**9 * factor, price.amount.currency_code))
    assert compare(answer, other) == []


@given(AMOUNTS, CURRENCIES)
def test_an_amount_is_shown_exactly(amount: Decimal, currency: str) -> None:
    shown, _, shown_currency = show_amount(nanos(money(amount, currency)), currency).partition(" ")
    assert (Decimal(shown), shown_currency) == (amount, currency)


@given(QUANTITIES, st.integers(0, 6))
def test_trailing_zeros_do_not_make_another_number(value: Decimal, zeros: int) -> None:
    text = plain(value)
    padded = text + ("" if "." in text else ".") + "0" * zeros
    assert same_number(text, padded.rstrip("."))

"""The rules by field, row by row."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from google.type.date_pb2 import Date

from erp.v1.common_pb2 import Confirmation
from erp.v1.orders_pb2 import Order
from erp.v1.pricing_pb2 import PriceComponent
from erp_ports.amounts import money, quantity
from erp_ports.errors import Conflict, Misconfigured, OutcomeUnknown, Rejected, Unsupported
from erp_routing.comparison import Comparability, ComparisonClass, Difference, Severity, compare, judge
from erp_routing.comparison.booked import BOOKED_FIELDS, as_simulation
from erp_routing.comparison.money_judges import within_document

Build = Callable[..., Any]
C = ComparisonClass


def classes(differences: list[Difference]) -> dict[str, tuple[ComparisonClass, Severity]]:
    return {d.path: (d.comparison_class, d.severity) for d in differences}


# ---- money


@pytest.mark.parametrize(
    ("gap", "lines", "total", "within"),
    [
        (1, 1, 10, True),
        (2, 1, 10_000_000, False),
        (2, 4, 20_000, True),
        (2, 4, 19_999, False),
        (2, 3, 10_000_000, False),
        (5, 10, 50_000, True),
        (6, 10, 10_000_000, False),
    ],
)
def test_totals_may_differ_by_half_a_minor_unit_per_line_and_beyond_one_by_a_ten_thousandth(
    gap: int, lines: int, total: int, within: bool
) -> None:
    assert within_document(gap, total, lines) is within


def test_a_line_may_differ_by_one_minor_unit_and_not_by_two(prices: Build) -> None:
    one = compare(prices(), prices(net_amount=Decimal("198.99"), total=Decimal("199.00")))
    two = compare(prices(), prices(net_amount=Decimal("198.98"), total=Decimal("199.00")))
    assert classes(one)["lines[10].net_amount"] == (C.ROUNDING, Severity.GATING)
    assert classes(two)["lines[10].net_amount"] == (C.MISMATCH, Severity.GATING)


@pytest.mark.parametrize(("currency", "ours", "theirs"), [("JPY", "199.4", "198.5"), ("KWD", "1.2344", "1.2335")])
def test_amounts_are_compared_in_the_currency_s_minor_unit_rounded_half_up(
    prices: Build, currency: str, ours: str, theirs: str
) -> None:
    control = prices(net_amount=money(Decimal(ours), currency))
    candidate = prices(net_amount=money(Decimal(theirs), currency))
    assert [d for d in compare(control, candidate) if d.path == "lines[10].net_amount"] == []


def test_amounts_in_different_currencies_never_agree(prices: Build) -> None:
    found = classes(compare(prices(), prices(net_amount=money(Decimal("199.00"), "USD"), total=Decimal("199.00"))))
    assert found["lines[10].net_amount"] == (C.MISMATCH, Severity.GATING)


def test_a_line_without_an_amount_does_not_agree_with_one_that_has_one(prices: Build) -> None:
    found = classes(compare(prices(), prices(net_amount=None, total=Decimal("199.00"))))
    assert found["lines[10].net_amount"] == (C.MISMATCH, Severity.GATING)


# ---- prices per unit


def test_where_unit_prices_were_rounded_the_line_s_net_amount_decides(prices: Build) -> None:
    exact = prices(net_price__amount=Decimal("19.9034"))
    rounded = prices(net_price__amount=Decimal("19.90"))
    assert compare(exact, rounded) == []
    dearer = prices(net_price__amount=Decimal("19.90"), net_amount=Decimal("199.10"))
    assert classes(compare(exact, dearer))["lines[10].net_amount"] == (C.MISMATCH, Severity.GATING)


def test_a_price_derived_from_a_rounded_amount_is_the_same_price(prices: Build) -> None:
    seven = {"quantity": quantity(Decimal(7), "EA"), "net_amount": Decimal("61.71")}
    stated = prices(**seven, net_price__amount=Decimal("8.8164"))
    derived = prices(**seven, net_price__amount=Decimal("8.815714286"))
    assert compare(stated, derived) == []


def test_an_amount_rounded_the_other_way_is_rounding_also_where_the_unit_price_is_derived_from_it(
    prices: Build,
) -> None:
    ten = {"quantity": quantity(Decimal(10), "EA")}
    stated = prices(**ten, net_price__amount=Decimal("1.2345"), net_amount=Decimal("12.35"))
    derived = prices(**ten, net_price__amount=Decimal("1.236"), net_amount=Decimal("12.36"))
    found = classes(compare(stated, derived))
    assert "lines[10].net_price" not in found
    assert found["lines[10].net_amount"][0] is C.ROUNDING
    dearer = prices(**ten, net_price__amount=Decimal("1.237"), net_amount=Decimal("12.37"))
    assert classes(compare(stated, dearer))["lines[10].net_price"] == (C.MISMATCH, Severity.GATING)


def test_a_price_per_dozen_equals_the_price_per_piece_by_the_erp_s_own_factor(prices: Build) -> None:
    sixty = quantity(Decimal(60), "EA")
    dozens = prices(
        quantity=quantity(Decimal(5), "DZN"), base_quantity=sixty, net_price__unit="DZN", list_price__unit="DZN",
        net_price__amount=Decimal("24.00"), list_price__amount=Decimal("24.00"), net_amount=Decimal("120.00"),
    )  # fmt: skip
    pieces = prices(
        quantity=sixty, net_price__amount=Decimal("2.00"), list_price__amount=Decimal("2.00"),
        net_amount=Decimal("120.00"),
    )  # fmt: skip
    assert compare(dozens, pieces) == []
    pieces.lines[0].net_price.amount.CopyFrom(money(Decimal("3.00"), "EUR"))
    assert classes(compare(dozens, pieces)) == {"lines[10].net_price": (C.MISMATCH, Severity.GATING)}


def test_prices_per_units_without_a_common_factor_leave_the_decision_to_the_net_amount(prices: Build) -> None:
    found = classes(compare(prices(), prices(net_price__unit="KGM")))
    assert found == {"lines[10].net_price": (C.NOT_COMPARABLE, Severity.WARNING)}


def test_another_list_price_is_shown_and_does_not_decide(prices: Build) -> None:
    verdict = judge(prices(), prices(list_price__amount=Decimal("21.00")))
    assert verdict.comparison_class is C.MATCH
    assert classes(list(verdict.differences))["lines[10].list_price"] == (C.MISMATCH, Severity.WARNING)


# ---- units of measure


@pytest.mark.parametrize("same", ["10.0", "10.000", "1E+1"])
def test_quantities_are_equal_by_value(prices: Build, same: str) -> None:
    assert compare(prices(), prices(quantity__value__value=same)) == []


def test_another_ordered_quantity_is_a_mismatch(prices: Build) -> None:
    found = classes(compare(prices(), prices(quantity__value__value="11")))
    assert found["lines[10].quantity"] == (C.MISMATCH, Severity.GATING)


def test_another_unit_without_a_factor_is_another_quantity(prices: Build) -> None:
    found = classes(compare(prices(), prices(quantity__unit="DZN")))
    assert found["lines[10].quantity"] == (C.MISMATCH, Severity.GATING)


def test_a_product_kept_in_another_base_unit_is_shown_and_does_not_decide(prices: Build) -> None:
    verdict = judge(prices(), prices(base_quantity=quantity(Decimal(2), "KGM")))
    assert verdict.comparison_class is C.MATCH
    assert classes(list(verdict.differences)) == {"lines[10].base_quantity": (C.MASTER_DATA_GAP, Severity.WARNING)}


# ---- tax


def test_tax_on_one_side_only_is_not_comparable_and_does_not_decide(prices: Build) -> None:
    taxed = prices(tax_amount=Decimal("37.81"))
    taxed.tax_amount.CopyFrom(money(Decimal("37.81"), "EUR"))
    verdict = judge(prices(), taxed)
    assert verdict.comparison_class is C.MATCH
    assert {d.comparison_class for d in verdict.differences} == {C.NOT_COMPARABLE}
    assert {d.path for d in verdict.differences} == {"lines[10].tax_amount", "tax_amount"}


def test_another_tax_on_the_document_is_a_mismatch_and_on_a_line_is_information(prices: Build) -> None:
    control, candidate = prices(tax_amount=Decimal("37.81")), prices(tax_amount=Decimal("13.93"))
    control.tax_amount.CopyFrom(money(Decimal("37.81"), "EUR"))
    candidate.tax_amount.CopyFrom(money(Decimal("13.93"), "EUR"))
    found = classes(compare(control, candidate))
    assert found == {
        "lines[10].tax_amount": (C.MISMATCH, Severity.INFO),
        "tax_amount": (C.MISMATCH, Severity.GATING),
    }


# ---- conditions and discounts


def _component(kind: str, amount: str, code: str) -> PriceComponent:
    return PriceComponent(kind=kind, amount=money(Decimal(amount), "EUR"), source_code=code)


def test_a_breakdown_told_in_other_words_is_no_difference(prices: Build) -> None:
    ours = prices(components=[_component("BASE", "209.00", "PR00"), _component("DISCOUNT", "-10.00", "K007")])
    theirs = prices(components=[_component("BASE", "209.00", "F4106"), *[_component("DISCOUNT", "-5.00", "F4072")] * 2])
    assert compare(ours, theirs) == []


def test_the_breakdown_explains_another_amount_after_grouping(prices: Build) -> None:
    ours = prices(components=[_component("BASE", "209.00", "PR00"), _component("DISCOUNT", "-10.00", "K007")])
    theirs = prices(components=[_component("BASE", "209.00", "F4106")], net_amount=Decimal("209.00"))
    found = compare(ours, theirs)
    assert classes(found)["lines[10].components[DISCOUNT]"] == (C.MISMATCH, Severity.INFO)
    assert "lines[10].components[BASE]" not in classes(found)


# ---- dates


@pytest.mark.parametrize("null", [Date(), Date(year=1900, month=1, day=1), Date(year=9999, month=12, day=31)])
def test_dates_that_stand_for_none_equal_an_absent_date(availability: Build, null: Date) -> None:
    assert compare(availability(earliest_full_date=null), availability(earliest_full_date=None)) == []


def test_a_promised_date_on_one_side_only_is_a_mismatch(availability: Build) -> None:
    found = classes(compare(availability(), availability(earliest_full_date=None)))
    assert found == {"lines[10].earliest_full_date": (C.MISMATCH, Severity.GATING)}


def test_another_pricing_date_is_a_mismatch_and_an_unstated_one_is_not_compared(prices: Build) -> None:
    other, unstated = prices(), prices()
    other.pricing_date.day = 3
    unstated.ClearField("pricing_date")
    assert classes(compare(prices(), other)) == {"pricing_date": (C.MISMATCH, Severity.GATING)}
    assert classes(compare(prices(), unstated)) == {"pricing_date": (C.NOT_COMPARABLE, Severity.INFO)}


# ---- available to promise


def test_confirmations_of_the_same_date_are_added_up_in_any_order(availability: Build) -> None:
    whole = availability()
    first, second = whole.lines[0].confirmations
    halves = [Confirmation(ship_date=first.ship_date, quantity=quantity(Decimal(3), "EA"))] * 2
    assert compare(whole, availability(confirmations=[second, *halves])) == []


def test_another_confirmed_quantity_is_a_mismatch(availability: Build) -> None:
    other = availability()
    other.lines[0].confirmations[0].quantity.value.value = "5"
    (found,) = compare(availability(), other)
    assert (found.comparison_class, found.severity, found.moves) == (C.MISMATCH, Severity.GATING, True)
    assert found.control == "2026-03-02: 6 EA, 2026-03-09: 4 EA"


def test_an_availability_that_one_erp_does_not_check_is_not_comparable(availability: Build) -> None:
    assert judge(availability(), availability(decision="NOT_CHECKED")).comparison_class is C.NOT_COMPARABLE


def test_a_simulation_without_a_stock_check_still_compares_the_money(simulation: Build) -> None:
    unchecked = simulation(decision="NOT_CHECKED", net_amount=Decimal("250.00"))
    verdict = judge(simulation(), unchecked)
    assert verdict.comparison_class is C.MISMATCH
    assert classes(list(verdict.differences))["lines[10].decision"] == (C.NOT_COMPARABLE, Severity.WARNING)


def test_what_follows_the_stock_is_not_compared_when_the_booking_came_between(simulation: Build) -> None:
    scope = Comparability(stock_reason="booked_between")
    sold_out = simulation(decision="NONE", confirmations=[])
    verdict = judge(simulation(), sold_out, scope)
    assert (verdict.comparison_class, verdict.reason) == (C.MATCH, "booked_between")
    assert {d.path: d.rule for d in verdict.differences} == {
        "lines[10].decision": "booked_between",
        "lines[10].confirmations": "booked_between",
    }
    dearer = simulation(decision="NONE", confirmations=[], net_amount=Decimal("250.00"))
    assert judge(simulation(), dearer, scope).comparison_class is C.MISMATCH
    more = simulation(quantity__value__value="11")
    assert judge(simulation(), more, scope).comparison_class is C.MISMATCH


def test_of_a_composed_simulation_only_its_own_fields_are_compared(simulation: Build) -> None:
    composed = simulation(net_price=None, net_amount=Decimal("250.00"), confirmations=[])
    composed.credit_decision = 2
    scope = Comparability(fields=frozenset({"quantity", "confirmations"}))
    assert [d.path for d in compare(simulation(), composed, scope)] == ["lines[10].confirmations"]
    with_money = Comparability(fields=frozenset({"net_amount"}))
    assert [d.path for d in compare(simulation(), composed, with_money)] == ["lines[10].net_amount", "net_amount"]


# ---- lines


def test_lines_are_matched_by_line_id_in_any_order(prices: Build) -> None:
    control, candidate = prices(lines=3), prices(lines=3, backend="cloud")
    for number, line in enumerate(control.lines):
        line.description = candidate.lines[number].description = f"line {number}"
    candidate.lines.reverse()
    assert compare(control, candidate) == []


def test_lines_without_a_common_id_are_matched_by_content(prices: Build) -> None:
    control, candidate = prices(lines=2), prices(lines=2)
    for number, line in enumerate(candidate.lines, start=1):
        line.line_id = f"{number}000"
    control.lines[0].quantity.value.value = candidate.lines[1].quantity.value.value = "7.0"
    assert compare(control, candidate) == []
    candidate.lines[1].net_amount.units += 5
    assert "lines[10].net_amount" in classes(compare(control, candidate))


def test_a_line_on_one_side_only_is_a_mismatch(prices: Build) -> None:
    found = compare(prices(lines=2), prices(lines=1, total=Decimal("398.00")))
    assert classes(found) == {"lines[20]": (C.MISMATCH, Severity.GATING)}
    assert (found[0].control, found[0].candidate) == ("10 EA of businessUnits/NW/products/11", "")
    mirrored = compare(prices(lines=1, total=Decimal("398.00")), prices(lines=2))
    assert (mirrored[0].control, mirrored[0].candidate) == ("", "10 EA of businessUnits/NW/products/11")


def test_a_repeated_line_id_pairs_each_line_once(prices: Build) -> None:
    control, candidate = prices(lines=2), prices(lines=2)
    for answer in (control, candidate):
        answer.lines[1].line_id = "10"
        answer.lines[1].quantity.value.value = "20"
    candidate.lines.reverse()
    assert compare(control, candidate) == []


def test_identifiers_are_exact(prices: Build) -> None:
    found = classes(compare(prices(), prices(plant="eu01")))
    assert found == {"lines[10].plant": (C.MISMATCH, Severity.GATING)}


# ---- text


def test_a_text_cut_at_the_length_of_the_erp_s_field_is_cosmetic(prices: Build) -> None:
    whole = "Sir Rodney's Scones in a tin with 24 pieces, export"
    assert judge(prices(description=whole), prices(description=whole[:40])).comparison_class is C.COSMETIC
    assert judge(prices(description=whole[:30]), prices(description=whole)).comparison_class is C.COSMETIC
    (cut_elsewhere,) = compare(prices(description=whole), prices(description=whole[:25]))
    assert (cut_elsewhere.comparison_class, cut_elsewhere.severity) == (C.MISMATCH, Severity.WARNING)


def test_another_text_is_shown_and_does_not_decide(prices: Build) -> None:
    verdict = judge(prices(), prices(description="Queso Manchego"))
    assert verdict.comparison_class is C.MATCH
    assert classes(list(verdict.differences)) == {"lines[10].description": (C.MISMATCH, Severity.WARNING)}


def test_a_blank_text_equals_none_and_is_not_compared_with_one(prices: Build) -> None:
    assert compare(prices(description="   "), prices(description="")) == []
    assert classes(compare(prices(), prices(description=""))) == {
        "lines[10].description": (C.NOT_COMPARABLE, Severity.INFO)
    }


# ---- credit


def test_another_credit_decision_decides_and_an_unchecked_one_does_not(simulation: Build) -> None:
    held, unchecked = simulation(), simulation()
    held.credit_decision = 2
    unchecked.credit_decision = 3
    assert classes(compare(simulation(), held)) == {"credit_decision": (C.MISMATCH, Severity.GATING)}
    assert classes(compare(simulation(), unchecked)) == {"credit_decision": (C.NOT_COMPARABLE, Severity.WARNING)}


# ---- errors


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unsupported("cannot"), "candidate UNSUPPORTED: cannot"),
        (Misconfigured("login failed"), "candidate AUTH: login failed"),
    ],
)
def test_a_candidate_that_cannot_or_may_not_is_not_comparable(prices: Build, error: Exception, reason: str) -> None:
    verdict = judge(prices(), error)  # type: ignore[arg-type]
    assert (verdict.comparison_class, verdict.reason) == (C.NOT_COMPARABLE, reason)


def test_a_technical_failure_of_the_control_is_not_comparable(prices: Build) -> None:
    verdict = judge(OutcomeUnknown("no answer", timed_out=True), prices())
    assert (verdict.comparison_class, verdict.reason) == (C.NOT_COMPARABLE, "control TIMEOUT: no answer")


def test_two_technical_failures_are_no_evidence_of_agreement() -> None:
    late = OutcomeUnknown("no answer", timed_out=True)
    assert judge(late, late).comparison_class is C.NOT_COMPARABLE


def test_a_conflict_on_one_side_is_that_side_s_error(prices: Build) -> None:
    assert judge(prices(), Conflict("changed")).comparison_class is C.CANDIDATE_ERROR
    assert judge(Rejected("no"), Conflict("changed")).comparison_class is C.MISMATCH


# ---- bookings


def _booked() -> Order:
    order = Order()
    line = order.lines.add(line_id="10", product="businessUnits/NW/products/11", plant="EU01")
    line.quantity.CopyFrom(quantity(Decimal(10), "EA"))
    line.net_amount.CopyFrom(money(Decimal("199.00"), "EUR"))
    for day, many in ((2, 6), (9, 4)):
        line.confirmations.add(ship_date=Date(year=2026, month=3, day=day), quantity=quantity(Decimal(many), "EA"))
    order.parts.add(net_amount=money(Decimal("199.00"), "EUR"))
    return order


def test_a_booked_order_is_compared_with_the_simulation_of_the_same_lines(simulation: Build) -> None:
    scope = Comparability(fields=BOOKED_FIELDS)
    assert compare(as_simulation(_booked()), simulation(), scope) == []
    dearer = as_simulation(_booked())
    dearer.lines[0].net_amount.units = 250
    assert [d.path for d in compare(dearer, simulation(), scope)] == ["lines[10].net_amount"]


def test_a_booked_order_states_a_total_only_when_every_part_does() -> None:
    order = _booked()
    assert as_simulation(order).net_amount == money(Decimal("199.00"), "EUR")
    order.parts.add(part_id="2")
    assert not as_simulation(order).HasField("net_amount")


# ---- misuse


def test_answers_of_two_types_are_not_compared(prices: Build, availability: Build) -> None:
    with pytest.raises(TypeError, match="two types"):
        compare(prices(), availability())

"""The price rule and the promise rule of the JD Edwards profile."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from erp_ports.errors import Misconfigured, RefusalReason, Rejected
from legacy_erp.sql.config import PricingUnit
from legacy_erp.sql.pricing import LinePrice, PriceQuestion, price_line
from legacy_erp.sql.promise import Supply, promise
from legacy_erp.sql.rows import AdjustmentRow, BasePriceRow, ConversionRow, ItemRow
from legacy_erp.sql.units import ItemUnits, exact, rounded_down, units_of

ITEM = ItemRow(
    item=60001, number="11", branch="EU01", description1="", description2="", primary_unit="EA", stocking_type="P",
    branch_stocking_type="P", lead_days=14,
)  # fmt: skip
DOZEN = ConversionRow(item=60001, branch="", unit="DZ", related_unit="EA", factor=Decimal(12))
HUNDRED = {"HC": PricingUnit(unit="EA", per=Decimal(100))}
UNITS = units_of(ITEM, [DOZEN], HUNDRED)
TODAY = dt.date(2026, 3, 2)


def base(price: str = "10.00", unit: str = "EA", **more: object) -> BasePriceRow:
    return BasePriceRow(
        **{
            "number": "11", "branch": "EU01", "customer": 0, "unit": unit, "price": Decimal(price),
            "effective": dt.date(2026, 1, 1), **more,
        }
    )  # fmt: skip


def level(value: str, basis: str = "2", minimum: str = "0", unit: str = "EA", customer: int = 0) -> AdjustmentRow:
    return AdjustmentRow(
        number="11", customer=customer, unit=unit, minimum=Decimal(minimum), basis=basis, value=Decimal(value),
        effective=dt.date(2026, 1, 1),
    )  # fmt: skip


def question(
    quantity: str = "1", unit: str = "EA", discount: str = "0", agreed: Fraction | None = None
) -> PriceQuestion:
    return PriceQuestion(
        number="11", branch="EU01", customer=4201, unit=unit, quantity=Decimal(quantity), discount=Decimal(discount),
        agreed=agreed,
    )  # fmt: skip


def price(asked: PriceQuestion, *rows: BasePriceRow, levels: tuple[AdjustmentRow, ...] = ()) -> LinePrice:
    return price_line(asked, UNITS, rows, levels, adjustment_name="CUSTDISC", currency="USD")


def test_the_net_amount_is_rounded_once_half_up() -> None:
    found = price(question("3", discount="0.05"), base("0.35"))
    assert found.net_amount == Decimal("1.00")  # 3 x 0.3325 = 0.9975
    assert price(question("1"), base("0.0050")).net_amount == Decimal("0.01")


def test_the_steps_add_up_to_the_net_amount() -> None:
    found = price(question("7", discount="0.03"), base("1.3333"), levels=(level("-7.5"),))
    assert sum(step.amount for step in found.steps) == found.net_amount
    assert [step.source for step in found.steps] == ["F4106", "CUSTDISC", "agreed discount"]


def test_a_price_per_hundred_is_stated_as_such() -> None:
    found = price(question("5"), base("1400.00", "HC"))
    assert (found.list_price, found.per, found.unit) == (Decimal("1400.00"), Decimal(100), "EA")
    assert found.net_amount == Decimal("70.00")


def test_a_dozen_is_priced_by_the_erps_own_factor() -> None:
    found = price(question("2", unit="DZ"), base("10.00"))
    assert (found.net_amount, found.base_quantity) == (Decimal("240.00"), 24)
    assert found.net_per_ordered_unit == 120


def test_a_price_per_dozen_serves_single_pieces_without_loss() -> None:
    found = price(question("3"), base("40.00", "DZ"))
    assert found.net_amount == Decimal("10.00")
    assert (found.list_price, found.unit) == (Decimal("40.00"), "DZ")


def test_the_newest_price_in_effect_wins() -> None:
    older, newer = base("9.00", effective=dt.date(2025, 1, 1)), base("11.00", effective=dt.date(2026, 2, 1))
    assert price(question(), newer, older).net_amount == Decimal("11.00")


def test_of_two_prices_as_new_as_each_other_the_one_in_the_unit_ordered_applies() -> None:
    rows = base("10.00"), base("110.00", "DZ")
    assert {price(question("2", "DZ"), *order).net_amount for order in (rows, rows[::-1])} == {Decimal("220.00")}
    assert {price(question("2"), *order).net_amount for order in (rows, rows[::-1])} == {Decimal("20.00")}


def test_the_customers_price_comes_before_everybodys_even_when_it_is_older() -> None:
    own = base("8.00", customer=4201, effective=dt.date(2020, 1, 1))
    other = base("1.00", customer=4202)
    assert price(question(), base("11.00"), own, other).net_amount == Decimal("8.00")


def test_the_branchs_price_comes_before_the_one_for_all_branches() -> None:
    assert price(question(), base("7.00", branch=""), base("9.00"), base("1.00", branch="AP01")).net_amount == 9


def test_without_a_price_the_line_is_refused_as_such() -> None:
    with pytest.raises(Rejected) as caught:
        price(question())
    assert caught.value.reason is RefusalReason.PRICE_MISSING


def test_the_largest_quantity_reached_decides_the_level() -> None:
    levels = (level("-1"), level("-5", minimum="10"), level("-9", minimum="100"))
    assert price(question("9"), base(), levels=levels).net_amount == Decimal("89.10")
    assert price(question("10"), base(), levels=levels).net_amount == Decimal("95.00")


def test_a_level_in_another_unit_is_reached_by_the_converted_quantity() -> None:
    levels = (level("-5", minimum="2", unit="DZ"),)
    assert price(question("23"), base(), levels=levels).net_amount == Decimal("230.00")
    assert price(question("24"), base(), levels=levels).net_amount == Decimal("228.00")


def test_the_customers_level_comes_before_everybodys() -> None:
    assert price(question(), base(), levels=(level("-50"), level("-10", customer=4201))).net_amount == Decimal("9.00")


def test_an_adjustment_may_be_an_amount_per_unit() -> None:
    assert price(question("24"), base(), levels=(level("-6", basis="5", unit="DZ"),)).net_amount == Decimal("228.00")


def test_an_adjustment_of_an_unknown_kind_is_never_guessed_at() -> None:
    with pytest.raises(Misconfigured):
        price(question(), base(), levels=(level("1", basis="9"),))


def test_an_agreed_price_takes_the_place_of_the_base_price_only() -> None:
    found = price(question("2", discount="0.10", agreed=Fraction(20)), base("10.00"), levels=(level("-5"),))
    assert found.net_amount == Decimal("34.20")
    assert found.steps[0].source == "agreed price"


def test_a_unit_that_the_item_does_not_have_is_refused() -> None:
    with pytest.raises(Rejected):
        UNITS.factor("KG")


def test_the_branchs_conversion_comes_before_the_one_for_all() -> None:
    own = ConversionRow(item=60001, branch="EU01", unit="DZ", related_unit="EA", factor=Decimal(10))
    foreign = ConversionRow(item=60001, branch="AP01", unit="DZ", related_unit="EA", factor=Decimal(11))
    assert units_of(ITEM, [own, foreign, DOZEN], {}).factor("DZ") == 10


def test_a_conversion_may_be_stored_the_other_way_round() -> None:
    inverse = ConversionRow(item=60001, branch="", unit="EA", related_unit="DZ", factor=Decimal("0.0833333"))
    assert units_of(ITEM, [inverse], {}) == ItemUnits(
        primary="EA", factors={"DZ": Fraction(10_000_000, 833_333)}, pricing_units={}
    )


def test_rounding_is_half_up_away_from_zero_and_down_for_deliveries() -> None:
    assert exact(Fraction(1, 200), 2) == Decimal("0.01")
    assert exact(Fraction(-1, 200), 2) == Decimal("-0.01")
    assert rounded_down(Fraction(1999, 1000), 2) == Decimal("1.99")


def supply(stock: str, receipts: tuple[tuple[int, str], ...] = (), lead_days: int | None = None) -> Supply:
    return Supply(
        stock=Decimal(stock),
        receipts=tuple((TODAY + dt.timedelta(days=days), Decimal(quantity)) for days, quantity in receipts),
        lead_date=None if lead_days is None else TODAY + dt.timedelta(days=lead_days),
    )


def confirmed(quantity: str, have: Supply, *, in_days: int = 0, factor: int = 1) -> list[tuple[int, Decimal]]:
    requested = TODAY + dt.timedelta(days=in_days)
    found = promise(Decimal(quantity), Fraction(factor), requested, have, today=TODAY, places=3)
    return [((date - TODAY).days, amount) for date, amount in found.confirmations]


def test_what_is_free_today_is_confirmed_for_the_requested_date() -> None:
    assert confirmed("5", supply("5"), in_days=3) == [(3, Decimal(5))]


def test_the_rest_comes_with_receipts_and_then_with_the_lead_time() -> None:
    have = supply("5", ((7, "3"), (10, "1")), lead_days=14)
    assert confirmed("20", have) == [(0, Decimal(5)), (7, Decimal(3)), (10, Decimal(1)), (14, Decimal(11))]


def test_receipts_before_the_requested_date_count_for_it() -> None:
    assert confirmed("8", supply("5", ((7, "3"),)), in_days=9) == [(9, Decimal(8))]


def test_what_is_overcommitted_is_taken_from_the_next_receipt() -> None:
    assert confirmed("5", supply("-4", ((7, "6"),))) == [(7, Decimal(2))]


def test_an_overdue_receipt_is_expected_today() -> None:
    assert confirmed("5", supply("0", ((-3, "5"),))) == [(0, Decimal(5))]


def test_without_receipts_and_lead_time_nothing_more_is_promised() -> None:
    found = promise(Decimal(9), Fraction(1), TODAY, supply("5"), today=TODAY, places=3)
    assert (found.on_requested_date, found.earliest_full_date) == (Decimal(5), None)


def test_after_the_lead_time_any_quantity_is_promised() -> None:
    assert confirmed("1000000", supply("0", lead_days=14), in_days=20) == [(20, Decimal(1_000_000))]


def test_dozens_are_promised_in_dozens() -> None:
    assert confirmed("3", supply("30"), factor=12) == [(0, Decimal("2.5"))]
    assert confirmed("2", supply("24"), factor=12) == [(0, Decimal(2))]

import datetime as dt
from decimal import Decimal
from typing import Any

from erp_facade.demo.probing import asked_quantity, asking_customer, turn_of
from erp_sandbox.master_data import Adjustment, Customer, MasterData, Stock
from erp_sandbox.seeds import Seed, applicable

_STOCK = Stock(on_hand=Decimal(30), on_order=Decimal("12.5"))


def seed(seed_id: str = "S1", **changes: Any) -> Seed:
    fields: dict[str, Any] = {
        "backend": "cloud", "operation": "PRICING", "plant": "*", "product": "11", "cause": "price",
        "value": Decimal(1), "expected_class": "MISMATCH",
    }  # fmt: skip
    return Seed(seed_id=seed_id, **(fields | changes))


def _master(*, adjustments: tuple[Adjustment, ...]) -> MasterData:
    return MasterData(
        business_unit="NW", currency="USD", today=dt.date(2026, 3, 10), plants={"EU01": "UTC"}, products=(), prices={},
        stock={}, adjustments=adjustments, orders=(), weeks_moved=0,
        customers=tuple(
            Customer(customer=c, name=c, street="", city="", region="", postal_code="", country="") for c in "AB"
        ),
    )  # fmt: skip


def test_each_of_many_seeds_for_one_product_gets_its_turn() -> None:
    seeds = [seed(f"S{number}") for number in range(60)]
    seeds.append(seed("both", backend="legacy", cause="both_refuse"))
    for mine in seeds[:5]:
        call = turn_of(mine, seeds, plant="EU01", product="11", prefix="probe-1")
        picked = applicable(
            seeds, backend="cloud", operation="PRICING", plant="EU01", product="11", correlation_id=call, shadow=True
        )
        assert picked is mine


def test_two_questions_for_one_seed_are_two_calls() -> None:
    seeds = [seed()]
    calls = {turn_of(seeds[0], seeds, plant="EU01", product="11", prefix="probe-1") for _ in range(5)}
    assert len(calls) == 5


def test_the_question_comes_from_a_customer_whose_price_no_standing_discount_takes_to_nothing() -> None:
    given = _master(adjustments=(Adjustment(customer="A", product="11", percent=Decimal(-100)),))
    assert asking_customer(given, "11") == "B"
    assert asking_customer(given, "12") == "A"
    everyone = tuple(Adjustment(customer=c, product="11", percent=Decimal(-5)) for c in "AB")
    assert asking_customer(_master(adjustments=everyone), "11") == "A"


def test_a_divergence_of_stock_or_dates_is_asked_for_beyond_what_the_stock_covers() -> None:
    for cause in ("stock_frozen", "date_form", "date_zone"):
        assert asked_quantity(seed(cause=cause), _STOCK) == ("1042", "EA")


def test_another_unit_factor_is_asked_for_in_dozens() -> None:
    assert asked_quantity(seed(cause="unit_factor"), _STOCK) == ("5", "DZN")


def test_another_price_is_asked_for_in_a_quantity_that_rounding_cannot_hide() -> None:
    quantity, unit = asked_quantity(seed(cause="discount"), _STOCK)
    cheapest, smallest_discount = Decimal("0.01"), Decimal("0.005")
    assert unit == "EA"
    assert Decimal(quantity) * cheapest * smallest_discount > 2 * Decimal("0.01")

from decimal import Decimal
from pathlib import Path

import pytest

from erp_sandbox.seed_effects import (
    extra_discount,
    frozen_stock,
    moved_net,
    moved_price,
    seeded_factor,
    spoiled_text,
    stated_per,
)
from erp_sandbox.seeds import CAUSES, COLUMNS, OPERATIONS, Seed, SeedError, applicable, load_seeds

HEADER = ",".join(COLUMNS)


def seed_file(directory: Path, *rows: str) -> Path:
    path = directory / "seeds.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="utf-8")
    return path


def seed(seed_id: str = "S1", **changes: object) -> Seed:
    fields: dict[str, object] = {
        "seed_id": seed_id,
        "backend": "cloud",
        "operation": "PRICING",
        "plant": "*",
        "product": "11",
        "cause": "price",
        "value": Decimal(1),
        "expected_class": "MISMATCH",
    }
    return Seed(**(fields | changes))  # type: ignore[arg-type]


def pick(
    seeds: list[Seed], *, backend: str, shadow: bool, correlation_id: str = "c-1", product: str = "11"
) -> str | None:
    found = applicable(
        seeds,
        backend=backend,
        operation="PRICING",
        plant="EU01",
        product=product,
        correlation_id=correlation_id,
        shadow=shadow,
    )
    return found.seed_id if found else None


def test_an_empty_file_and_a_file_with_only_a_header_hold_no_seeds(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    assert load_seeds(empty) == ()
    assert load_seeds(seed_file(tmp_path)) == ()


def test_every_problem_of_a_file_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    path = seed_file(
        tmp_path,
        "S1,cloud,PRICING,*,11,price,1,MISMATCH",
        "S1,cloud,PRICING,*,11,price,1,MISMATCH",
        "S2,mainframe,PRICING,*,11,price,1,MISMATCH",
        "S3,cloud,BILLING,*,11,price,1,MISMATCH",
        "S4,cloud,PRICING,*,11,gremlins,1,MISMATCH",
        "S5,cloud,PRICING,*,11,price,1,WRONG",
        "S6,cloud,PRICING,*,11,date_zone,,MISMATCH",
        "S7,cloud,PRICING",
        ",cloud,PRICING,*,,price,,MISMATCH",
    )
    with pytest.raises(SeedError) as caught:
        load_seeds(path)
    text = "\n".join(caught.value.problems)
    expected = (
        "line 3: id S1 was used in line 2",
        "line 4: backend 'mainframe'",
        "line 5: operation 'BILLING'",
        "line 6: cause 'gremlins'",
        "line 7: expected_class 'WRONG'",
        "line 8: cause date_zone has no effect on PRICING",
        "line 9: needs 8 fields",
        "line 10: id is empty",
        "line 10: product is empty",
    )
    assert [problem for problem in expected if problem not in text] == []


def test_a_missing_an_unknown_and_a_doubled_column_are_named(tmp_path: Path) -> None:
    path = tmp_path / "seeds.csv"
    path.write_text("id,backend,operation,plant,product,cause,value,note,id\n", encoding="utf-8")
    with pytest.raises(SeedError) as caught:
        load_seeds(path)
    assert caught.value.problems == (
        "line 1: column expected_class is missing",
        "line 1: column 'note' is unknown",
        "line 1: column id is there twice",
    )


def test_a_file_that_is_not_there_is_a_seed_error(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match="cannot be read"):
        load_seeds(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("cause", "value", "expected"),
    [
        ("discount", "", "0.05"),
        ("discount", "0.1", "0.1"),
        ("discount", "7.5", "0.075"),
        ("discount", "5%", "0.05"),
        ("price_unit", "", "100"),
        ("price_unit", "1000", "1000"),
        ("price", "", "1.00"),
        ("unit_factor", "", "10"),
        ("rounding", "-1", "-1"),
    ],
)
def test_a_value_is_read_as_its_cause_means_it(tmp_path: Path, cause: str, value: str, expected: str) -> None:
    (found,) = load_seeds(seed_file(tmp_path, f"S1,cloud,PRICING,*,*,{cause},{value},MATCH"))
    assert found.value == Decimal(expected)


@pytest.mark.parametrize(
    ("cause", "value"),
    [("price", "much"), ("price", "NaN"), ("discount", "-3"), ("price_unit", "1"), ("unit_factor", "12")],
)
def test_a_value_without_sense_is_a_warning_and_the_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cause: str, value: str
) -> None:
    (found,) = load_seeds(seed_file(tmp_path, f"S1,cloud,PRICING,*,*,{cause},{value},MATCH"))
    (default,) = load_seeds(seed_file(tmp_path, f"S1,cloud,PRICING,*,*,{cause},,MATCH"))
    assert found.value == default.value
    assert f"line 2: value {value!r} does not suit {cause}" in capsys.readouterr().err


def test_every_cause_has_an_operation_that_it_can_change() -> None:
    assert all(operations and set(operations) <= set(OPERATIONS) for operations in CAUSES.values())


def test_a_seed_touches_only_its_own_backend_and_only_the_shadow_credential() -> None:
    seeds = [seed()]
    assert pick(seeds, backend="cloud", shadow=True) == "S1"
    assert pick(seeds, backend="cloud", shadow=False) is None
    assert pick(seeds, backend="legacy", shadow=True) is None
    assert pick(seeds, backend="legacy", shadow=False) is None
    assert pick(seeds, backend="cloud", shadow=True, product="12") is None


def test_both_refuse_touches_either_backend_with_either_credential() -> None:
    seeds = [seed(cause="both_refuse", value=None)]
    for backend in ("legacy", "cloud"):
        for shadow in (True, False):
            assert pick(seeds, backend=backend, shadow=shadow) == "S1"


def test_control_and_candidate_agree_on_the_pick_among_several_seeds() -> None:
    seeds = [
        seed("S1"),
        seed("S2", cause="both_refuse", value=None),
        seed("S3", backend="legacy"),
        seed("S4", cause="text", value=None),
    ]
    picks = set()
    for number in range(40):
        correlation_id = f"call-{number}"
        candidate = pick(seeds, backend="cloud", shadow=True, correlation_id=correlation_id)
        control = pick(seeds, backend="legacy", shadow=False, correlation_id=correlation_id)
        assert control == ("S2" if candidate == "S2" else None)
        picks.add(candidate)
    assert picks == {"S1", "S2", "S4"}


def test_a_rounding_seed_moves_a_line_by_exactly_one_minor_unit() -> None:
    cent = Decimal("0.01")
    assert moved_net(seed(cause="rounding"), Decimal("12.34"), cent) == Decimal("12.35")
    assert moved_net(seed(cause="rounding", value=Decimal(-1)), Decimal("12.34"), cent) == Decimal("12.33")
    assert moved_net(None, Decimal("12.34"), cent) == Decimal("12.34")


def test_the_other_effects_change_what_they_name_and_nothing_else() -> None:
    assert moved_price(seed(), Decimal(14)) == 15
    assert moved_price(seed(percent=True, value=Decimal(5)), Decimal(14)) == Decimal("14.70")
    assert stated_per(seed(cause="price_unit", value=Decimal(100))) == 100
    assert extra_discount(seed(cause="discount", value=Decimal("0.05"))) == Decimal("0.05")
    assert seeded_factor(seed(cause="unit_factor", value=Decimal(10)), Decimal(12)) == 10
    assert spoiled_text(seed(cause="text"), "Queso Cabrales") == "QUESO  CABRALES"
    untouched = (
        moved_price(None, Decimal(14)),
        stated_per(seed()),
        extra_discount(seed()),
        spoiled_text(seed(), "a b"),
    )
    assert untouched == (14, 1, 0, "a b")


def test_a_text_in_capitals_is_spoiled_by_small_letters() -> None:
    assert spoiled_text(seed(cause="text"), "Pump CP 40") == "PUMP  CP  40"
    assert spoiled_text(seed(cause="text"), "WIDGET") == "widget"


def test_a_stock_frozen_at_nothing_shows_although_more_was_sold_than_there_is() -> None:
    frozen = seed(cause="stock_frozen", value=Decimal(0))
    assert frozen_stock(frozen, initial=Decimal(39), present=Decimal(-5)) == 1
    assert frozen_stock(frozen, initial=Decimal(39), present=Decimal(5)) == 0


def test_a_frozen_stock_always_differs_from_the_present_one() -> None:
    frozen = seed(cause="stock_frozen", value=None)
    assert frozen_stock(frozen, initial=Decimal(39), present=Decimal(20)) == 49
    assert frozen_stock(frozen, initial=Decimal(39), present=Decimal(49)) == 50
    assert frozen_stock(seed(cause="stock_frozen", value=Decimal(3)), initial=Decimal(39), present=Decimal(3)) == 4

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from erp_sandbox.legacy.pricing import UnitPrice, adjusted
from erp_sandbox.legacy.seeding import DISTURBANCES, Facts, Row, Rows, seeded_rows
from erp_sandbox.legacy.statement import Place, asked_branches, asked_items, ordered_quantity, read_statement
from erp_sandbox.legacy.words import cyyddd, from_cyyddd, implied, round_amount, two_descriptions
from erp_sandbox.seeds import CAUSES, Seed

TODAY = date(2026, 11, 22)
EU = Place(item=60001, number="00000011", branch="        EU01", product="11", plant="EU01", initial=22_000)
NA = Place(item=60001, number="00000011", branch="        NA01", product="11", plant="NA01", initial=1_000)
OTHER = Place(item=60002, number="AB-1", branch="        NA01", product="AB-1", plant="NA01", initial=0)
PRICE: Row = {"BPITM": 60001, "BPUPRC": 140_000, "BPUOM": "EA"}
STOCK: Row = {"LIITM": 60001, "LIPQOH": 22_000, "LIPCOM": 12_000, "LIHCOM": 0}
RECEIPT: Row = {"PDITM": 60001, "PDUOPN": 30_000, "PDPDDJ": cyyddd(TODAY) + 7}


def seed(cause: str, value: str | None = None) -> Seed:
    return Seed(
        seed_id="S1", backend="legacy", operation="PRICING", plant="*", product="11", cause=cause,
        value=None if value is None else Decimal(value), expected_class="MISMATCH",
    )  # fmt: skip


def facts(*, pieces: Fraction | None = None, price: UnitPrice | None = None, free: int = 10) -> Facts:
    return Facts(place=EU, currency="USD", primary="EA", today=TODAY, free=Fraction(free), pieces=pieces, price=price)


def one(cause: str, value: str | None, table: str, row: Row) -> Row:
    [changed] = seeded_rows(seed(cause, value), table, [row], facts())
    return changed


@pytest.mark.parametrize(("unit", "value", "price"), [("HC", "100", 14_000_000), ("TH", "1000", 140_000_000)])
def test_a_price_per_hundred_is_the_same_price(unit: str, value: str, price: int) -> None:
    assert one("price_unit", value, "F4106", PRICE) == {**PRICE, "BPUOM": unit, "BPUPRC": price}


def test_a_price_unit_taken_for_the_wrong_factor_leaves_the_amount() -> None:
    assert one("price_unit_wrong", "100", "F4106", PRICE) == {**PRICE, "BPUOM": "HC"}


def test_a_moved_price_keeps_four_decimals() -> None:
    assert one("price", "0.5", "F4106", PRICE)["BPUPRC"] == 145_000


@pytest.mark.parametrize("pieces", [Fraction(1), Fraction(7), Fraction(12), Fraction(60), Fraction(5, 2)])
@pytest.mark.parametrize("base", [Fraction(14), Fraction("9.65"), Fraction("263.5")])
@pytest.mark.parametrize(("value", "cents"), [("1", 1), ("-1", -1)])
def test_another_rounding_moves_the_line_by_exactly_one_cent(
    pieces: Fraction, base: Fraction, value: str, cents: int
) -> None:
    price = UnitPrice(base=base, net=adjusted(base, "2", -50_000))
    [level] = seeded_rows(seed("rounding", value), "F4072", [], facts(pieces=pieces, price=price))
    assert level["ADBSCD"] == "5"
    value_per_piece = level["ADFVTR"]
    assert isinstance(value_per_piece, int)
    moved = round_amount(adjusted(base, "5", value_per_piece) * pieces)
    assert moved - round_amount(price.net * pieces) == Decimal(cents).scaleb(-2)


def test_another_rounding_changes_nothing_where_four_decimals_cannot_hit_a_cent() -> None:
    price = UnitPrice(base=Fraction(14), net=Fraction(14))
    assert seeded_rows(seed("rounding", "1"), "F4072", [], facts(pieces=Fraction(1000), price=price)) == []


def test_another_rounding_needs_to_know_the_quantity() -> None:
    rows: Rows = [{"ADFVTR": 1}]
    assert seeded_rows(seed("rounding", "1"), "F4072", rows, facts()) is rows


def test_a_discount_deepens_the_percentage_that_is_there_and_reaches_those_who_had_none() -> None:
    row: Row = {"ADAN8": 4201, "ADMNQ": 0, "ADBSCD": "2", "ADFVTR": -100_000}
    before, added = seeded_rows(seed("discount", "0.05"), "F4072", [row], facts())
    assert (before["ADAN8"], before["ADFVTR"]) == (4201, -145_000)
    assert (added["ADAN8"], added["ADFVTR"]) == (0, -50_000)


def test_a_frozen_stock_is_the_initial_one_and_ten_more() -> None:
    changed = one("stock_frozen", None, "F41021", STOCK)
    assert changed == {**STOCK, "LIPQOH": 32_000 + 12_000}


def test_a_frozen_stock_never_equals_the_present_one() -> None:
    assert one("stock_frozen", "10", "F41021", STOCK)["LIPQOH"] == 11_000 + 12_000


def test_a_date_in_another_form_is_the_same_number() -> None:
    changed = one("date_form", None, "F4311", RECEIPT)["PDPDDJ"]
    assert (type(changed), changed) == (float, RECEIPT["PDPDDJ"])


def test_a_wrong_zone_moves_every_availability_date_by_a_day() -> None:
    [today, receipt] = seeded_rows(seed("date_zone"), "F4311", [RECEIPT], facts())
    assert (today["PDPDDJ"], today["PDUOPN"]) == (cyyddd(TODAY) + 1, 10_000)
    assert receipt["PDPDDJ"] == cyyddd(TODAY) + 8
    assert one("date_zone", None, "F41021", STOCK)["LIPQOH"] == STOCK["LIPCOM"]
    assert one("date_zone", None, "F4102", {"IBLTLV": 14}) == {"IBLTLV": 15}


def test_a_wrong_zone_brings_nothing_tomorrow_where_nothing_is_free() -> None:
    assert len(seeded_rows(seed("date_zone"), "F4311", [RECEIPT], facts(free=-3))) == 1


def test_a_missing_cross_reference_looks_like_an_item_that_does_not_exist() -> None:
    assert seeded_rows(seed("xref_missing"), "F4101", [{"IMITM": 60001}], facts()) == []


@pytest.mark.parametrize("cause", ["refuse", "both_refuse"])
def test_a_refused_item_is_obsolete_everywhere(cause: str) -> None:
    assert one(cause, None, "F4101", {"IMSTKT": "P"}) == {"IMSTKT": "O"}
    assert one(cause, None, "F4102", {"IBSTKT": "P", "IBLTLV": 14}) == {"IBSTKT": "O", "IBLTLV": 14}


def test_a_spoiled_text_still_fits_its_column() -> None:
    row: Row = {"IMDSC1": "Queso Manchego".ljust(30), "IMDSC2": ("x y " * 8)[:30]}
    changed = one("text", None, "F4101", row)
    assert changed["IMDSC1"] == "QUESO  MANCHEGO".ljust(30)
    assert changed["IMDSC2"] == ("X Y " * 8)[:30]


def test_another_factor_of_a_dozen_is_another_conversion() -> None:
    assert one("unit_factor", "10", "F41002", {"UMCONV": 120_000_000}) == {"UMCONV": 100_000_000}


def test_every_cause_of_a_seed_file_does_something_here() -> None:
    tables: dict[str, Row] = {
        "F4101": {"IMITM": 60001, "IMSTKT": "P", "IMDSC1": "Queso".ljust(30), "IMDSC2": " " * 30},
        "F4102": {"IBSTKT": "P", "IBLTLV": 14},
        "F41002": {"UMCONV": 120_000_000},
        "F4106": PRICE,
        "F4072": {"ADAN8": 0, "ADMNQ": 0, "ADBSCD": "2", "ADFVTR": -50_000},
        "F41021": STOCK,
        "F4311": RECEIPT,
    }
    known = facts(pieces=Fraction(3), price=UnitPrice(base=Fraction(14), net=Fraction(14)))
    values = {"discount": "0.05", "unit_factor": "10", "price_unit": "100", "price_unit_wrong": "100"}
    idle = [
        cause
        for cause in CAUSES
        if cause not in DISTURBANCES
        and all(
            repr(seeded_rows(seed(cause, values.get(cause, "1")), table, [row], known)) == repr([row])
            for table, row in tables.items()
        )
    ]
    assert idle == []


def test_the_comment_of_a_statement_names_its_call() -> None:
    statement = read_statement(
        "SELECT 1 FROM proddta.f4106 JOIN F4101 ON 1=1 /*action='simulate_order',correlation_id='a%20b'*/"
    )
    assert (statement.operation, statement.correlation_id) == ("ORDERS", "a b")
    assert statement.tables == {"F4106", "F4101"}


@pytest.mark.parametrize(
    ("sql", "operation"),
    [
        ("SELECT * FROM F4106", "PRICING"),
        ("SELECT * FROM F41021", "AVAILABILITY"),
        ("SELECT * FROM F4101", None),
        ("SELECT * FROM F4106 /*action='create_order',correlation_id='c'*/", None),
    ],
)
def test_without_a_comment_the_tables_tell_what_is_asked_and_a_booking_is_never_seeded(
    sql: str, operation: str | None
) -> None:
    assert read_statement(sql).operation == operation


def test_the_items_of_a_statement_are_those_whose_keys_are_bound() -> None:
    places = (EU, NA, OTHER)
    assert asked_items(places, {"n": "00000011".ljust(25)}) == (EU, NA)
    assert asked_items(places, {"item": 60002}) == (OTHER,)
    assert asked_items(places, {"quantity_1": 60002}) == ()
    assert asked_branches((EU, NA), {"b": "        NA01"}) == {NA.branch}
    assert asked_branches((EU, NA), {"b": "            "}) == frozenset()


def test_a_quantity_goes_with_the_item_of_the_same_suffix_and_counts_pieces() -> None:
    bound = {
        "number_0": "AB-1", "quantity_0": 3_000, "unit_0": "EA",
        "number_1": "00000011", "quantity_1": 5_000, "unit_1": "DZ",
    }  # fmt: skip
    assert ordered_quantity(bound, EU, {"DZ": Fraction(12)}) == 60
    assert ordered_quantity(bound, OTHER, {"DZ": Fraction(12)}) == 3
    assert ordered_quantity({"quantity": 2_500, "item": 60001}, EU, {}) == Fraction(5, 2)
    assert ordered_quantity({"item": 60001}, EU, {}) is None


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(1999, 12, 31), date(2000, 1, 1), date(2024, 12, 31), TODAY])
def test_dates_survive_their_way_into_the_erp_and_back(day: date) -> None:
    assert from_cyyddd(cyyddd(day)) == day


def test_numbers_round_half_away_from_zero() -> None:
    assert [implied(Decimal(text), 2) for text in ("1.005", "-1.005", "1.004")] == [101, -101, 100]


def test_long_names_are_split_between_words() -> None:
    assert two_descriptions("Gumbär Gummibärchen") == ("Gumbär Gummibärchen", "")
    assert two_descriptions("Louisiana Fiery Hot Pepper Sauce") == ("Louisiana Fiery Hot Pepper", "Sauce")
    assert two_descriptions("x" * 32) == ("x" * 30, "xx")

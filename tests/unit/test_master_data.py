from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from erp_sandbox.keys import (
    cloud_customers,
    cloud_material,
    cloud_material_shown,
    legacy_branch,
    legacy_customers,
    legacy_item_number,
    legacy_items,
    products_need_tables,
    write_cross_references,
    write_product_tables,
)
from erp_sandbox.legacy.words import two_descriptions
from erp_sandbox.master_data import BEGINNING, DataError, Price, description, load, weeks_to_move

TODAY = date(2026, 11, 22)
FILES = {
    "products.csv": "product,name,list_price_usd,discontinued\n11,Queso,21,0\nAB-1,Ünïcode,5.5,1\n",
    "stock.csv": "product,plant,on_hand,on_order\n11,EU01,22,30\nAB-1,NA01,0,0\n11,NA01,1,0\n",
    "customers.csv": "customer,name,street,city,region,postal_code,country\nVINET,Vins,1 rue,Reims,,51100,France\n",
    "orders.csv": (
        "order,customer,order_date,required_date\n"
        "1,VINET,2026-01-01,2026-01-29\n"
        "2,VINET,2026-01-10,2026-01-05\n"
        "3,VINET,2026-01-14,2026-01-20\n"
    ),
    "order_lines.csv": (
        "order,product,unit_price_usd,quantity,discount\n"
        "1,11,14,12,0.05\n2,11,14,1,0\n3,11,16.8,2,0\n3,11,16.8,3,0.25\n"
    ),
}
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_files(**changed: str) -> Path:
        for name, text in {**FILES, **{f"{stem}.csv": text for stem, text in changed.items()}}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write_files


def problems_of(directory: Path) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        load(directory, today=TODAY)
    return caught.value.problems


@pytest.mark.parametrize("days_ago", range(-10, 24))
def test_the_last_order_falls_within_the_seven_days_up_to_today(days_ago: int) -> None:
    last = date.fromordinal(TODAY.toordinal() - days_ago)
    moved = date.fromordinal(last.toordinal() + 7 * weeks_to_move(last, TODAY))
    assert 0 <= (TODAY - moved).days <= 6


def test_all_order_dates_move_by_one_number_of_weeks(write: Write) -> None:
    master = load(write(), today=TODAY)
    assert [order.order_date for order in master.orders] == [date(2026, 11, 5), date(2026, 11, 14), date(2026, 11, 18)]
    assert master.weeks_moved == 44


def test_goods_are_wanted_as_long_after_today_as_they_were_required_after_the_order_and_never_earlier(
    write: Write,
) -> None:
    master = load(write(), today=TODAY)
    assert [(order.requested_date - TODAY).days for order in master.orders] == [28, 0, 6]


def test_a_base_price_begins_on_the_day_it_was_first_charged_and_the_first_one_has_always_been_there(
    write: Write,
) -> None:
    master = load(write(), today=TODAY)
    assert master.prices["11"] == (
        Price(valid_from=BEGINNING, amount=Decimal(14)),
        Price(valid_from=date(2026, 11, 18), amount=Decimal("16.8")),
    )


def test_a_product_without_order_lines_costs_its_list_price(write: Write) -> None:
    master = load(write(), today=TODAY)
    assert master.prices["AB-1"] == (Price(valid_from=BEGINNING, amount=Decimal("5.5")),)


def test_a_line_ships_from_the_first_plant_of_its_product(write: Write) -> None:
    assert {line.plant for order in load(write(), today=TODAY).orders for line in order.lines} == {"EU01"}


def test_lines_of_an_order_are_numbered_from_one(write: Write) -> None:
    assert [line.line_id for line in load(write(), today=TODAY).orders[2].lines] == ["1", "2"]


def test_plants_without_a_zone_of_their_own_are_in_utc(write: Write) -> None:
    master = load(write(plants="plant,time_zone\nNA01,America/New_York\n"), today=TODAY)
    assert master.plants == {"EU01": "UTC", "NA01": "America/New_York"}


def test_a_discontinued_product_is_sold_until_today(write: Write) -> None:
    products = load(write(), today=TODAY).products
    assert [product.last_sale_date for product in products] == [None, TODAY]


def test_every_problem_of_the_files_is_told_at_once_with_its_line(write: Write) -> None:
    directory = write(
        products="product,name,list_price_usd,discontinued\n11,Queso,cheap,0\n11,Queso,21,maybe\n12,Tofu,1,0\n",
        plants="plant,time_zone\nEU01,Mars/Olympus\n",
        orders="order,customer,order_date,required_date\n1,NOBODY,2026-01-01,2026-01-29\n2,VINET,1.1.2026,2026-01-05\n",
        order_lines="order,product,unit_price_usd,quantity,discount\n1,12,14,0,0\n1,99,14,1,1.5\n",
    )
    told = "\n".join(problems_of(directory))
    for part in (
        "products.csv:2: list_price_usd 'cheap' is not a number",
        "products.csv:3: discontinued 'maybe' must be 0 or 1",
        "plants.csv:2: time_zone 'Mars/Olympus' is not an IANA time zone",
        "orders.csv:2: customer 'NOBODY' is unknown",
        "orders.csv:3: order_date '1.1.2026' is not a date",
        "order_lines.csv:2: quantity 0 must be at least 0.001",
        "order_lines.csv:2: product 12 is in no plant",
        "order_lines.csv:3: product '99' is unknown",
        "order_lines.csv:3: discount 1.5 must be a fraction below 1",
        "stock.csv:3: product 'AB-1' is unknown",
    ):
        assert part in told


def test_missing_files_and_columns_are_told_together(write: Write) -> None:
    directory = write(stock="product,plant\n")
    (directory / "customers.csv").unlink()
    told = problems_of(directory)
    assert "stock.csv:1: the header lacks on_hand, on_order" in told
    assert "customers.csv: cannot be read: No such file or directory" in told


def test_two_prices_of_a_product_on_one_day_are_refused(write: Write) -> None:
    lines = "order,product,unit_price_usd,quantity,discount\n1,11,14,1,0\n2,11,14,1,0\n3,11,16.8,1,0\n3,11,17,1,0\n"
    assert problems_of(write(order_lines=lines)) == (
        "order_lines.csv:5: order 3: product 11 costs 16.8 and 17 on 2026-01-14",
    )


def test_product_numbers_that_zero_padding_makes_equal_are_refused(write: Write) -> None:
    products = "product,name,list_price_usd,discontinued\n11,Queso,1,0\n0011,Tofu,1,0\nAB-1,x,1,0\n"
    assert problems_of(write(products=products)) == (
        "products.csv:3: product 0011 is the same number as 11: ERPs fill numbers up with zeros",
    )


def test_what_no_order_can_hold_is_refused_before_anything_starts(write: Write) -> None:
    many = "".join("2,11,14,1,0\n" for _ in range(1001))
    directory = write(
        orders="order,customer,order_date,required_date\n1,VINET,2026-01-01,9999-12-31\n2,VINET,2026-01-01,2026-01-02\n",
        order_lines=f"order,product,unit_price_usd,quantity,discount\n1,11,14,1,0\n{many}7,11,14,1,0\n",
    )
    assert problems_of(directory) == (
        "order_lines.csv:1003: order 2 has more than 1000 lines",
        "orders.csv:2: required_date 9999-12-31 lies more than 3650 days after 2026-01-01",
        "order_lines.csv:1004: order 7 is not in orders.csv, or not readable there",
    )


def test_an_order_from_before_anything_had_a_price_is_refused(write: Write) -> None:
    directory = write(
        orders="order,customer,order_date,required_date\n1,VINET,2026-01-01,2026-01-05\n3,VINET,9999-12-31,9999-12-31\n",
        order_lines="order,product,unit_price_usd,quantity,discount\n1,11,14,1,0\n3,11,14,1,0\n",
    )
    assert problems_of(directory) == (
        "orders.csv: order 1 of 2026-01-01 is more than 56 years older than the last one",
    )


def test_data_without_stock_or_customers_are_refused(write: Write) -> None:
    nothing = {
        "stock": "product,plant,on_hand,on_order\n",
        "customers": "customer,name,street,city,region,postal_code,country\n",
        "orders": "order,customer,order_date,required_date\n",
        "order_lines": "order,product,unit_price_usd,quantity,discount\n",
    }
    assert problems_of(write(**nothing)) == (
        "stock.csv: has no rows; there must be at least one",
        "customers.csv: has no rows; there must be at least one",
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Queso  Cabrales ", "Queso Cabrales"),
        ("Gravad lax, cold-smoked over juniper wood, sliced", "Gravad lax, cold-smoked over juniper woo"),
        ("n" * 80, "n" * 30),
        ("A " + "n" * 38, "A " + "n" * 28),
        ("", ""),
    ],
)
def test_a_name_is_as_long_as_both_erps_can_hold_it(name: str, told: str) -> None:
    assert description(name) == told
    assert " ".join(two_descriptions(told)).strip() == told


@pytest.mark.parametrize("number", ["1e30", "NaN", "Infinity", "-1", "0.00001"])
def test_a_price_that_no_price_list_holds_is_refused(write: Write, number: str) -> None:
    products = f"product,name,list_price_usd,discontinued\n11,Queso,{number},0\nAB-1,x,1,0\n"
    assert any(
        problem.startswith("products.csv:2: list_price_usd") for problem in problems_of(write(products=products))
    )


def test_each_erp_has_keys_of_its_own_for_the_same_things(write: Write) -> None:
    master = load(write(), today=TODAY)
    assert legacy_customers(master) == {"VINET": 4201}
    assert cloud_customers(master) == {"VINET": "0010100001"}
    assert legacy_items(master) == {"11": 60001, "AB-1": 60002}
    assert [legacy_item_number(product) for product in ("11", "AB-1")] == ["00000011", "AB-1"]
    assert [cloud_material(product) for product in ("11", "AB-1")] == ["000000000000000011", "AB-1"]
    assert [cloud_material_shown(cloud_material(product)) for product in ("11", "AB-1", "0")] == ["11", "AB-1", "0"]
    assert legacy_branch("EU01") == "        EU01"


def test_cross_references_are_written_as_tables_of_pairs(write: Write, tmp_path: Path) -> None:
    legacy, cloud = write_cross_references(load(write(), today=TODAY), tmp_path)
    assert legacy.read_text() == "key,erp_key\nVINET,4201\n"
    assert cloud.read_text() == "key,erp_key\nVINET,0010100001\n"


def test_numbers_that_begin_with_a_zero_are_told_apart_by_a_table(write: Write, tmp_path: Path) -> None:
    assert not products_need_tables(load(write(), today=TODAY))
    products = "product,name,list_price_usd,discontinued\n11,Queso,1,0\n007,Tofu,1,0\nAB-1,x,1,0\n"
    master = load(write(products=products), today=TODAY)
    assert products_need_tables(master)
    legacy, cloud = write_product_tables(master, tmp_path)
    assert legacy.read_text() == "key,erp_key\n11,00000011\n007,00000007\nAB-1,AB-1\n"
    assert cloud.read_text() == "key,erp_key\n11,11\n007,7\nAB-1,AB-1\n"

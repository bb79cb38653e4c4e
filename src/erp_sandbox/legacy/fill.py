"""Filling the stand-in's tables from the master data that both stand-ins share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta

from erp_sandbox.keys import (
    LEGACY_COMPANY,
    LEGACY_UNITS,
    legacy_branch,
    legacy_customers,
    legacy_item_number,
    legacy_items,
)
from erp_sandbox.legacy.schema import insert_all
from erp_sandbox.legacy.words import (
    CONVERSION_DECIMALS,
    FACTOR_DECIMALS,
    FOREVER,
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    cyyddd,
    implied,
    two_descriptions,
)
from erp_sandbox.master_data import (
    ALTERNATIVE_UNIT,
    BEGINNING,
    LEAD_TIME_DAYS,
    PIECES_PER_ALTERNATIVE_UNIT,
    RECEIPT_DAYS,
    UNIT,
    MasterData,
)

ADJUSTMENT = "CUSTDISC"
"""Name of the one price adjustment (ADAST) that this ERP applies; an adapter has it in its configuration."""

Row = dict[str, int | str]
_FIRST_PURCHASE_ORDER = 900_001


def fill(connection: sqlite3.Connection, master: MasterData, *, today: date | None) -> None:
    """Insert the master data; `today` is the date at which this ERP's clock stands still, None when it runs."""
    for table, rows in (
        ("F0101", _addresses(master)),
        ("F03012", _customers(master)),
        ("F4101", _items(master)),
        ("F4102", _branches(master)),
        ("F41002", _conversions(master)),
        ("F4106", _base_prices(master)),
        ("F4072", _adjustments(master)),
        ("F41021", _locations(master)),
        ("F4311", _receipts(master)),
    ):
        insert_all(connection, table, rows)
    items = legacy_items(master)
    connection.execute("INSERT INTO SANDBOX_CLOCK VALUES (?)", (0 if today is None else cyyddd(today),))
    connection.executemany(
        "INSERT INTO SANDBOX_ITEM VALUES (?, ?, ?, ?, ?)",
        (
            (items[product], legacy_branch(plant), product, plant, implied(stock.on_hand, QUANTITY_DECIMALS))
            for (product, plant), stock in master.stock.items()
        ),
    )
    connection.executemany(
        "INSERT INTO SANDBOX_LAST_SALE VALUES (?, ?)",
        ((items[p.product], cyyddd(p.last_sale_date)) for p in master.products if p.last_sale_date is not None),
    )


def _addresses(master: MasterData) -> Iterator[Row]:
    keys = legacy_customers(master)
    for customer in master.customers:
        yield {"ABAN8": keys[customer.customer], "ABALPH": customer.name[:40], "ABAT1": "C"}


def _customers(master: MasterData) -> Iterator[Row]:
    for key in legacy_customers(master).values():
        yield {"AIAN8": key, "AICO": LEGACY_COMPANY, "AICRCD": master.currency, "AIACL": 1_000_000}


def _items(master: MasterData) -> Iterator[Row]:
    keys = legacy_items(master)
    for product in master.products:
        first, second = two_descriptions(product.name)
        yield {
            "IMITM": keys[product.product],
            "IMLITM": legacy_item_number(product.product),
            "IMDSC1": first,
            "IMDSC2": second,
            "IMUOM1": LEGACY_UNITS[UNIT],
            "IMSTKT": "P",
        }


def _branches(master: MasterData) -> Iterator[Row]:
    keys = legacy_items(master)
    for product, plant in master.stock:
        yield {
            "IBITM": keys[product],
            "IBLITM": legacy_item_number(product),
            "IBMCU": legacy_branch(plant),
            "IBSTKT": "P",
            "IBLTLV": LEAD_TIME_DAYS,
        }


def _conversions(master: MasterData) -> Iterator[Row]:
    for key in legacy_items(master).values():
        yield {
            "UMITM": key,
            "UMUM": LEGACY_UNITS[ALTERNATIVE_UNIT],
            "UMRUM": LEGACY_UNITS[UNIT],
            "UMCONV": implied(PIECES_PER_ALTERNATIVE_UNIT, CONVERSION_DECIMALS),
        }


def _base_prices(master: MasterData) -> Iterator[Row]:
    """One row per price and branch; a price ends on the day before the next one begins."""
    keys = legacy_items(master)
    for product, plant in master.stock:
        prices = master.prices[product]
        ends = [price.valid_from - timedelta(days=1) for price in prices[1:]] + [FOREVER]
        for price, end in zip(prices, ends, strict=True):
            yield {
                "BPITM": keys[product],
                "BPLITM": legacy_item_number(product),
                "BPMCU": legacy_branch(plant),
                "BPUOM": LEGACY_UNITS[UNIT],
                "BPCRCD": master.currency,
                "BPUPRC": implied(price.amount, PRICE_DECIMALS),
                "BPEFTJ": cyyddd(price.valid_from),
                "BPEXDJ": cyyddd(end),
            }


def _adjustments(master: MasterData) -> Iterator[Row]:
    customers, items = legacy_customers(master), legacy_items(master)
    for adjustment in master.adjustments:
        yield {
            "ADAST": ADJUSTMENT,
            "ADITM": items[adjustment.product],
            "ADLITM": legacy_item_number(adjustment.product),
            "ADAN8": customers[adjustment.customer],
            "ADCRCD": master.currency,
            "ADUOM": LEGACY_UNITS[UNIT],
            "ADEFTJ": cyyddd(BEGINNING),
            "ADEXDJ": cyyddd(FOREVER),
            "ADBSCD": "2",
            "ADFVTR": implied(adjustment.percent, FACTOR_DECIMALS),
        }


def _locations(master: MasterData) -> Iterator[Row]:
    keys = legacy_items(master)
    for (product, plant), stock in master.stock.items():
        yield {
            "LIITM": keys[product],
            "LIMCU": legacy_branch(plant),
            "LILOCN": "MAIN",
            "LIPQOH": implied(stock.on_hand, QUANTITY_DECIMALS),
        }


def _receipts(master: MasterData) -> Iterator[Row]:
    keys = legacy_items(master)
    arrival = cyyddd(master.today + timedelta(days=RECEIPT_DAYS))
    open_orders = ((key, stock) for key, stock in master.stock.items() if stock.on_order > 0)
    for number, ((product, plant), stock) in enumerate(open_orders, start=_FIRST_PURCHASE_ORDER):
        yield {
            "PDDOCO": number,
            "PDITM": keys[product],
            "PDMCU": legacy_branch(plant),
            "PDUOPN": implied(stock.on_order, QUANTITY_DECIMALS),
            "PDPDDJ": arrival,
            "PDNXTR": "280",
        }

"""R47011, the job that turns inbound orders of the interface tables into sales orders.

It knows nothing of the sender until it runs: unknown customers and items, holds and missing prices are found late,
and are told in the table of messages.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from erp_sandbox.legacy import stock
from erp_sandbox.legacy.interface import Refused, fail, succeed
from erp_sandbox.legacy.pricing import Priced, discounted, pieces_per, unit_price
from erp_sandbox.legacy.schema import insert
from erp_sandbox.legacy.store import next_number, time_of_day, transaction
from erp_sandbox.legacy.words import (
    AMOUNT_DECIMALS,
    FACTOR_DECIMALS,
    PRICE_DECIMALS,
    QUANTITY_DECIMALS,
    cyyddd,
    explicit,
    from_cyyddd,
    implied,
    round_amount,
)

FIRST_ORDER = 500_001
_OBSOLETE = "O"
_PRICE_GIVEN = "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    item: int
    number: str
    branch: str
    descriptions: tuple[str, str]
    primary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Price:
    """Price of one ordered unit with four implied decimals, and the amount of the line with the currency's."""

    unit_price: int
    amount: int


def book(connection: sqlite3.Connection, key: tuple[str, int, str], *, today: dt.date) -> None:
    """Book the waiting inbound order with this key in one transaction, or note why it cannot be."""
    with transaction(connection):
        header = connection.execute(
            "SELECT * FROM F47011 WHERE SYEKCO = ? AND SYEDOC = ? AND SYEDCT = ? AND SYEDSP = ''", key
        ).fetchone()
        if header is None:
            return
        # A refusal leaves no trace of a half-booked order.
        connection.execute("SAVEPOINT booking")
        try:
            number = _book(connection, header, today)
        except Refused as refused:
            connection.execute("ROLLBACK TO booking")
            fail(connection, "F47011", key, refused)
        else:
            succeed(connection, "F47011", key, number)
        connection.execute("RELEASE booking")


def _book(connection: sqlite3.Connection, header: sqlite3.Row, today: dt.date) -> int:
    _check_customer(connection, header)
    lines = connection.execute(
        "SELECT * FROM F47012 WHERE SZEKCO = ? AND SZEDOC = ? AND SZEDCT = ? ORDER BY SZEDLN",
        (header["SYEKCO"], header["SYEDOC"], header["SYEDCT"]),
    ).fetchall()
    if not lines:
        raise Refused("NOLINES", "The order has no lines")
    number = next_number(connection, "order", FIRST_ORDER)
    total = sum(_book_line(connection, header, line, number, today) for line in lines)
    stamp: dict[str, int | str] = {"SHUPMJ": cyyddd(today), "SHTDAY": time_of_day()}
    insert(
        connection,
        "F4201",
        {
            "SHKCOO": header["SYKCOO"],
            "SHDOCO": number,
            "SHDCTO": header["SYDCTO"],
            "SHMCU": header["SYMCU"],
            "SHAN8": header["SYAN8"],
            "SHSHAN": header["SYSHAN"] or header["SYAN8"],
            "SHTRDJ": header["SYTRDJ"] or cyyddd(today),
            "SHDRQJ": header["SYDRQJ"],
            "SHPEFJ": header["SYPEFJ"] or cyyddd(today),
            "SHVR01": header["SYVR01"],
            "SHHOLD": header["SYHOLD"],
            "SHCRCD": header["SYCRCD"],
            "SHOTOT": total,
            **stamp,
        },
    )
    connection.execute("INSERT INTO SANDBOX_PROGRESS VALUES (?, ?, 0)", (number, time.time()))
    return number


def _check_customer(connection: sqlite3.Connection, header: sqlite3.Row) -> None:
    customer = connection.execute(
        "SELECT AIHOLD, AICRCD FROM F0101 JOIN F03012 ON AIAN8 = ABAN8 WHERE ABAN8 = ? AND ABAT1 = 'C' AND AICO = ?",
        (header["SYAN8"], header["SYKCOO"]),
    ).fetchone()
    if customer is None:
        raise Refused("CUSTUNK", f"Customer {header['SYAN8']} is not in the address book")
    if customer["AIHOLD"].strip():
        raise Refused("CUSTHOLD", f"Customer {header['SYAN8']} is on credit hold")
    if customer["AICRCD"] != header["SYCRCD"]:
        raise Refused("CURRUNK", f"Customer {header['SYAN8']} is not invoiced in {header['SYCRCD']}")


def _book_line(
    connection: sqlite3.Connection, header: sqlite3.Row, line: sqlite3.Row, number: int, today: dt.date
) -> int:
    """Insert one line and commit its stock; return its amount."""
    item = _item(connection, line)
    unit = line["SZUOM"].strip()
    per = pieces_per(connection, item.item, unit, item.primary)
    if per is None or line["SZUORG"] <= 0:
        raise Refused("QTYBAD", f"Item {item.number} cannot be ordered as {line['SZUORG']} {unit}")
    pieces = Fraction(line["SZUORG"], 10**QUANTITY_DECIMALS) * per
    price = _price(connection, header, line, item, per)
    wanted = max(_date(line["SZDRQJ"] or header["SYDRQJ"], today), today)
    allocated = min(max(stock.free_stock(connection, item.item, item.branch), Fraction(0)), pieces)
    # Whole thousandths of the ordered unit; what is lost by that stays backordered.
    shippable = int(allocated / per * 10**QUANTITY_DECIMALS)
    promised = stock.promised_date(
        connection, item=item.item, branch=item.branch, pieces=pieces, wanted=wanted, today=today
    )
    stock.commit(connection, item.item, item.branch, pieces)
    insert(
        connection,
        "F4211",
        {
            "SDKCOO": header["SYKCOO"],
            "SDDOCO": number,
            "SDDCTO": header["SYDCTO"],
            "SDLNID": line["SZEDLN"],
            "SDMCU": item.branch,
            "SDAN8": header["SYAN8"],
            "SDITM": item.item,
            "SDLITM": item.number,
            "SDDSC1": item.descriptions[0],
            "SDDSC2": item.descriptions[1],
            "SDUORG": line["SZUORG"],
            "SDSOQS": shippable,
            "SDSOBK": line["SZUORG"] - shippable,
            "SDUOM": unit,
            "SDUPRC": price.unit_price,
            "SDUOM4": unit,
            "SDAEXP": price.amount,
            "SDLTTR": "520",
            "SDNXTR": "540",
            "SDDRQJ": cyyddd(wanted),
            "SDPDDJ": cyyddd(promised),
            "SDVR01": header["SYVR01"],
            "SDVR02": line["SZVR02"],
            "SDUPMJ": cyyddd(today),
            "SDTDAY": time_of_day(),
        },
    )
    return price.amount


def _item(connection: sqlite3.Connection, line: sqlite3.Row) -> _Item:
    number = line["SZLITM"].strip()
    row = connection.execute(
        "SELECT * FROM F4101 JOIN F4102 ON IBITM = IMITM WHERE IMLITM = ? AND IBMCU = ?",
        (line["SZLITM"], line["SZMCU"]),
    ).fetchone()
    if row is None:
        raise Refused("ITEMUNK", f"Item {number} is not in branch {line['SZMCU'].strip()}")
    if _OBSOLETE in (row["IMSTKT"], row["IBSTKT"]):
        raise Refused("ITEMOBS", f"Item {number} is obsolete and may not be sold")
    return _Item(
        item=row["IMITM"],
        number=number,
        branch=row["IBMCU"],
        descriptions=(row["IMDSC1"], row["IMDSC2"]),
        primary=row["IMUOM1"].strip(),
    )


def _price(
    connection: sqlite3.Connection, header: sqlite3.Row, line: sqlite3.Row, item: _Item, per: Fraction
) -> _Price:
    """Take the price that came with the line, or work it out as of the header's price date."""
    if line["SZPROV"] == _PRICE_GIVEN:
        return _Price(unit_price=line["SZUPRC"], amount=line["SZAEXP"])
    quantity = Fraction(line["SZUORG"], 10**QUANTITY_DECIMALS)
    price = unit_price(
        connection,
        Priced(
            item=item.item,
            branch=item.branch,
            customer=header["SYAN8"],
            currency=header["SYCRCD"],
            day=header["SYPEFJ"],
            pieces=quantity * per,
            primary=item.primary,
        ),
    )
    if price is None:
        raise Refused("NOPRICE", f"Item {item.number} has no base price")
    percent: Decimal = explicit(line["SZDSPR"], FACTOR_DECIMALS)
    net = discounted(price.net * per, percent)
    return _Price(
        unit_price=implied(net, PRICE_DECIMALS), amount=implied(round_amount(net * quantity), AMOUNT_DECIMALS)
    )


def _date(value: int, otherwise: dt.date) -> dt.date:
    return from_cyyddd(value) if value else otherwise

"""The price rule of the booking job: a base price of F4106, one adjustment level of F4072, the line's discount."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from erp_sandbox.legacy.fill import ADJUSTMENT
from erp_sandbox.legacy.words import CONVERSION_DECIMALS, FACTOR_DECIMALS, PRICE_DECIMALS, QUANTITY_DECIMALS, implied

PRICING_UNITS = {"HC": 100, "TH": 1000}
"""Units that exist only in price lists, with how many primary units they stand for."""

PERCENT_OF_BASE = "2"
AMOUNT_PER_UNIT = "5"

_BASE_PRICE = """
  SELECT BPUPRC, BPUOM FROM main.F4106
  WHERE BPITM = :item AND BPMCU = :branch AND BPCRCD = :currency AND BPAN8 IN (:customer, 0)
    AND BPEFTJ <= :day AND BPEXDJ >= :day
  ORDER BY BPAN8 DESC, BPEFTJ DESC LIMIT 1
"""
_ADJUSTMENT_LEVEL = """
  SELECT ADBSCD, ADFVTR FROM main.F4072
  WHERE ADAST = :adjustment AND ADITM = :item AND ADCRCD = :currency AND ADAN8 IN (:customer, 0)
    AND ADEFTJ <= :day AND ADEXDJ >= :day AND ADMNQ <= :quantity
  ORDER BY ADAN8 DESC, ADMNQ DESC, ADEFTJ DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """What is to be priced: `pieces` in primary units select the adjustment level, `day` is a CYYDDD date."""

    item: int
    branch: str
    customer: int
    currency: str
    day: int
    pieces: Fraction
    primary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitPrice:
    """The exact price of one primary unit, before and after the adjustment."""

    base: Fraction
    net: Fraction


def pieces_per(connection: sqlite3.Connection, item: int, unit: str, primary: str) -> Fraction | None:
    """Return how many primary units one `unit` of the item holds, or None when the ERP has no conversion."""
    if unit == primary:
        return Fraction(1)
    if unit in PRICING_UNITS:
        return Fraction(PRICING_UNITS[unit])
    row = connection.execute(
        "SELECT UMCONV FROM main.F41002 WHERE UMITM = ? AND UMUM = ? AND UMRUM = ?", (item, unit, primary)
    ).fetchone()
    return Fraction(row[0], 10**CONVERSION_DECIMALS) if row else None


def unit_price(connection: sqlite3.Connection, what: Priced) -> UnitPrice | None:
    """Return the price before the line's own discount, or None without a base price."""
    bound: dict[str, int | str] = {
        "item": what.item,
        "branch": what.branch,
        "customer": what.customer,
        "currency": what.currency,
        "day": what.day,
        "adjustment": ADJUSTMENT,
        "quantity": implied(what.pieces, QUANTITY_DECIMALS),
    }
    base = connection.execute(_BASE_PRICE, bound).fetchone()
    if base is None:
        return None
    per = pieces_per(connection, what.item, base[1].strip(), what.primary)
    if per is None:
        return None
    price = Fraction(base[0], 10**PRICE_DECIMALS) / per
    level = connection.execute(_ADJUSTMENT_LEVEL, bound).fetchone()
    return UnitPrice(base=price, net=price if level is None else adjusted(price, level[0], level[1]))


def adjusted(price: Fraction, basis: str, value: int) -> Fraction:
    """Apply one adjustment level to a base price."""
    factor = Fraction(value, 10**FACTOR_DECIMALS)
    return price * (1 + factor / 100) if basis == PERCENT_OF_BASE else price + factor


def discounted(price: Fraction, percent: Decimal) -> Fraction:
    """Take the line's agreed discount off."""
    return price * (1 - Fraction(percent) / 100)

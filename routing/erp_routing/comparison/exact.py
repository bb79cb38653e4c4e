"""Exact readings of the values that two ERPs state: integers for money, fractions for prices, null dates as None."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from erp_ports.amounts import minor_digits

NANOS = 1_000_000_000
_CENT = 10_000_000
_NULL_DATES = frozenset({(0, 0, 0), (1900, 1, 1), (9999, 12, 31)})
_POWERS: tuple[int, ...] = tuple(10**exponent for exponent in range(10))
_BLANKS = re.compile(r"\s+")


def nanos(money: Any) -> int:
    """Return an amount in billionths of its currency."""
    units: int = money.units
    below: int = money.nanos
    return units * NANOS + below


def minor_units(amount_nanos: int, currency: str) -> int:
    """Return the amount in the currency's minor units, rounded half-up (away from zero)."""
    step = _POWERS[9 - minor_digits(currency)]
    whole = (abs(amount_nanos) * 2 + step) // (step * 2)
    return -whole if amount_nanos < 0 else whole


def show_money(money: Any) -> str:
    """Return the amount in words: `19.90 EUR`, with more decimals where the ERP stated more."""
    return show_amount(nanos(money), money.currency_code)


def show_amount(amount_nanos: int, currency: str) -> str:
    """Return an amount in billionths in words."""
    digits = minor_digits(currency)
    if digits == 2 and amount_nanos >= 0 and not amount_nanos % _CENT:  # nearly always, and quicker to write
        cents = amount_nanos // _CENT
        return f"{cents // 100}.{cents % 100:02d} {currency}"
    whole, rest = divmod(abs(amount_nanos), NANOS)
    sign = "-" if amount_nanos < 0 else ""
    minor, finer = divmod(rest, _POWERS[9 - digits])
    if finer:
        return f"{sign}{whole}.{f'{rest:09d}'.rstrip('0')} {currency}"
    return f"{sign}{whole}.{minor:0{digits}d} {currency}" if digits else f"{sign}{whole} {currency}"


def number(text: str) -> Decimal | None:
    """Return the number, or None when the text is not one."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def same_number(left: str, right: str) -> bool:
    """Return whether two texts stand for the same number: `1.0` is `1.000`."""
    if left == right:
        return True
    value = number(left)
    return value is not None and value == number(right)


def per_quantity(price: Any) -> Fraction | None:
    """Return how many units the amount buys, 1 when absent, None when that is not a number above 0."""
    if not price.HasField("per_quantity"):
        return Fraction(1)
    value = number(price.per_quantity.value)
    return Fraction(value) if value is not None and value > 0 else None


def rounding_of_price(price: Any, per: Fraction) -> Fraction:
    """Return half of the last decimal that the price is stated with, per unit, in billionths.

    An ERP that rounds its unit prices to that decimal may be off by as much.
    """
    decimals = f"{abs(price.amount.nanos):09d}".rstrip("0")
    digits = max(minor_digits(price.amount.currency_code), len(decimals))
    return Fraction(10 ** (9 - digits), 2) / per


def calendar_date(date: Any) -> tuple[int, int, int] | None:
    """Return year, month and day; the dates that ERPs write for "none" are None."""
    parts = (int(date.year), int(date.month), int(date.day))
    return None if parts in _NULL_DATES else parts


def show_date(parts: tuple[int, int, int] | None) -> str:
    """Return the date in ISO 8601, empty for None."""
    return "" if parts is None else f"{parts[0]:04d}-{parts[1]:02d}-{parts[2]:02d}"


def plain_text(text: str) -> str:
    """Return the text as a reader sees it: NFKC, trimmed, blanks collapsed, case folded."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def stored_length(text: str) -> int:
    """Return how much of an ERP's field the text fills, without the padding behind it."""
    return len(unicodedata.normalize("NFKC", text).rstrip())

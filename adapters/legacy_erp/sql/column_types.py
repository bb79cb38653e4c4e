"""How JD Edwards stores values, as column types: every conversion between its columns and ours stands here.

Nothing is NULL: no value is a blank or 0. Databases and drivers hand the same number over as int, Decimal or (SQL
Server keeps JDE numbers in FLOAT columns) as a whole float; all three are read exactly, a fraction is refused.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from google.type.money_pb2 import Money
from sqlalchemy import BigInteger, Dialect, Unicode
from sqlalchemy.types import TypeDecorator

from erp_ports.amounts import minor_digits, money

_LARGEST_EXACT_FLOAT = 2**53


def whole(value: object) -> int:
    """Return the stored integer, 0 for none; raise ValueError when it is no whole number."""
    if value is None:
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST_EXACT_FLOAT:
        return int(value)
    raise ValueError(f"{value!r} is not the whole number that the column should hold")


def implied_to_jde(value: Decimal, decimals: int) -> int:
    """Return the integer that stands for the number: 100.10 with two decimals is 10010.

    Raises ValueError when the number has more decimals than the column.
    """
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more than {decimals} decimals")
    return int(scaled)


def implied_from_jde(value: object, decimals: int) -> Decimal:
    """Return the number that the stored integer stands for: 10010 with two decimals is 100.10."""
    return Decimal(whole(value)).scaleb(-decimals)


def jde_money(amount: int, currency: str) -> Money:
    """Return a stored currency amount; its decimals are those of the currency."""
    return money(Decimal(amount).scaleb(-minor_digits(currency)), currency)


def date_to_jde(value: dt.date | None) -> int:
    """Return CYYDDD, where C counts centuries from 1900: 2002-01-01 is 102001; no date is 0."""
    return 0 if value is None else (value.year - 1900) * 1000 + value.timetuple().tm_yday


def date_from_jde(value: object) -> dt.date | None:
    """Return the date of CYYDDD, None for 0; raise ValueError for a day that the year does not have."""
    number = whole(value)
    if number == 0:
        return None
    years, day = divmod(number, 1000)
    found = dt.date(1900 + years, 1, 1) + dt.timedelta(days=day - 1)
    if day == 0 or found.year != 1900 + years:
        raise ValueError(f"{number} is not a date in the form CYYDDD")
    return found


class Text(TypeDecorator[str]):
    """CHAR(n): padded with blanks when compared and written, because not every database pads by itself."""

    impl = Unicode
    cache_ok = True

    def __init__(self, length: int) -> None:
        super().__init__(length)
        self.length = length

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str:
        text = value or ""
        if len(text) > self.length:
            raise ValueError(f"{text!r} is longer than the column's {self.length} characters")
        return self._aligned(text)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        return (value or "").strip(" ")

    def _aligned(self, text: str) -> str:
        return text.ljust(self.length)


class BusinessUnitText(Text):
    """MCU: twelve characters, right-aligned; the blank business unit stands for all."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(12)

    def _aligned(self, text: str) -> str:
        return text.rjust(self.length)


class Number(TypeDecorator[int]):
    """An integer: keys, counters, and amounts whose decimals depend on the currency of their row."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int:
        return value or 0

    def process_result_value(self, value: object, dialect: Dialect) -> int:
        return whole(value)


class Implied(TypeDecorator[Decimal]):
    """A number with `decimals` implied places, as the data dictionary of the installation says."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, decimals: int) -> None:
        super().__init__()
        self.decimals = decimals

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int:
        return implied_to_jde(value or Decimal(0), self.decimals)

    def process_result_value(self, value: object, dialect: Dialect) -> Decimal:
        return implied_from_jde(value, self.decimals)


class JulianDate(TypeDecorator[dt.date]):
    """A date in the form CYYDDD."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.date | None, dialect: Dialect) -> int:
        return date_to_jde(value)

    def process_result_value(self, value: object, dialect: Dialect) -> dt.date | None:
        return date_from_jde(value)
